//! A `getBlock` answer with base64 transactions.

use hypernode_decoder::chain::{InnerGroup, Instruction, Transaction};
use serde_json::Value;

use super::{Input, key};

pub fn read(json: &[u8]) -> Vec<Input> {
    let json: Value = serde_json::from_slice(json).expect("JSON");
    let json = json.get("result").unwrap_or(&json);
    let transactions = json["transactions"].as_array().expect("transactions");
    transactions
        .iter()
        .zip(0..)
        .map(|(tx, index)| transaction(tx, index))
        .collect()
}

fn transaction(json: &Value, index: u32) -> Input {
    let text = json["transaction"][0].as_str().expect("base64");
    let wire = base64_simd::STANDARD.decode_to_vec(text).expect("base64");
    let mut tx = message(&wire);
    let static_keys = tx.keys.len();
    let meta = &json["meta"];
    let mut loaded = ["writable", "readonly"].map(|kind| {
        let keys = meta["loadedAddresses"][kind]
            .as_array()
            .into_iter()
            .flatten();
        keys.map(|k| key(k.as_str().expect("key")))
            .collect::<Vec<_>>()
    });
    let loaded_writable = loaded[0].len();
    loaded.iter_mut().for_each(|keys| tx.keys.append(keys));
    tx.index = index;
    tx.err = (!meta["err"].is_null()).then(|| meta["err"].to_string().into_bytes());
    tx.fee = meta["fee"].as_u64().expect("fee");
    tx.compute_units = meta["computeUnitsConsumed"].as_u64();
    let lines = meta["logMessages"].as_array();
    tx.logs = lines.map(|l| l.iter().map(|v| v.as_str().expect("line").into()).collect());
    let groups = meta["innerInstructions"].as_array();
    tx.inner = groups.map(|g| g.iter().map(group).collect());
    Input {
        tx,
        static_keys,
        loaded_writable,
    }
}

fn group(json: &Value) -> InnerGroup {
    let number = |v: &Value| u8::try_from(v.as_u64().expect("number")).expect("byte");
    let instructions = json["instructions"]
        .as_array()
        .expect("instructions")
        .iter();
    InnerGroup {
        outer: number(&json["index"]),
        instructions: instructions
            .map(|ix| Instruction {
                program: number(&ix["programIdIndex"]),
                accounts: ix["accounts"]
                    .as_array()
                    .expect("accounts")
                    .iter()
                    .map(number)
                    .collect(),
                data: bs58::decode(ix["data"].as_str().expect("data"))
                    .into_vec()
                    .expect("base58"),
                stack_height: ix["stackHeight"].as_u64().map(|h| h as u32),
            })
            .collect(),
    }
}

/// The wire format of a transaction, without its lookups (their result is in the meta).
fn message(wire: &[u8]) -> Transaction {
    let mut rest = wire;
    let signatures = length(&mut rest);
    let signature = take(&mut rest, 64 * signatures)[..64]
        .try_into()
        .expect("signature");
    let version = if rest[0] & 0x80 == 0 {
        -1
    } else {
        (take(&mut rest, 1)[0] & 0x7f) as i8
    };
    let signers = take(&mut rest, 3)[0];
    let keys = length(&mut rest);
    let keys = take(&mut rest, 32 * keys)
        .chunks(32)
        .map(|k| k.try_into().expect("key"))
        .collect();
    take(&mut rest, 32);
    let count = length(&mut rest);
    let instructions = (0..count)
        .map(|_| {
            let program = take(&mut rest, 1)[0];
            let accounts = length(&mut rest);
            let accounts = take(&mut rest, accounts).to_vec();
            let data = length(&mut rest);
            Instruction {
                program,
                accounts,
                data: take(&mut rest, data).to_vec(),
                stack_height: None,
            }
        })
        .collect();
    Transaction {
        signature,
        index: 0,
        version,
        err: None,
        fee: 0,
        compute_units: None,
        keys,
        signers,
        instructions,
        inner: None,
        logs: None,
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (head, tail) = rest.split_at(count);
    *rest = tail;
    head
}

/// Solana's compact length: seven bits a byte.
fn length(rest: &mut &[u8]) -> usize {
    let mut value = 0;
    for shift in [0, 7, 14] {
        let byte = take(rest, 1)[0];
        value |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}
