//! Equal blocks from every encoding; hostile values that cost a transaction or an error, never a panic.

use proptest::prelude::*;
use serde_json::{Value, json};
use yellowstone_grpc_proto::geyser::{SubscribeUpdateBlock, SubscribeUpdateTransactionInfo};
use yellowstone_grpc_proto::solana::storage::confirmed_block as wire;

use super::*;

const HASH: &str = "4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi";
const KEYS: [u8; 3] = [1, 2, 3];

fn key(byte: u8) -> String {
    bs58::encode([byte; 32]).into_string()
}

fn encoded_transaction() -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend([7; 64]);
    bytes.extend([0x80, 1, 0, 0, 2]);
    bytes.extend([1; 32]);
    bytes.extend([2; 32]);
    bytes.extend([9; 32]);
    bytes.extend([1, 1, 2, 0, 2, 3, 0xaa, 0xbb, 0xcc]);
    // One lookup: table, one writable index, none read-only.
    bytes.push(1);
    bytes.extend([8; 32]);
    bytes.extend([1, 5, 0]);
    bytes
}

fn json_block(transaction: &Value, meta: &Value) -> Value {
    json!({
        "blockhash": HASH, "previousBlockhash": HASH, "parentSlot": 41, "blockTime": 5, "blockHeight": 6, "rewards": [],
        "transactions": [{ "transaction": transaction, "meta": meta, "version": 0 }],
    })
}

fn json_meta() -> Value {
    json!({
        "err": { "InstructionError": [0, { "Custom": 6000 }] }, "fee": 5000, "computeUnitsConsumed": 12,
        "innerInstructions": [{ "index": 0, "instructions": [
            { "programIdIndex": 2, "accounts": [0], "data": bs58::encode([4, 5]).into_string(), "stackHeight": 2 }
        ]}],
        "logMessages": ["a\nb"], "loadedAddresses": { "writable": [key(3)], "readonly": [] },
    })
}

fn json_transaction() -> Value {
    json!({
        "signatures": [bs58::encode([7; 64]).into_string()],
        "message": {
            "header": { "numRequiredSignatures": 1, "numReadonlySignedAccounts": 0, "numReadonlyUnsignedAccounts": 0 },
            "accountKeys": [key(1), key(2)], "recentBlockhash": HASH,
            "instructions": [{ "programIdIndex": 1, "accounts": [0, 2], "data": bs58::encode([0xaa, 0xbb, 0xcc]).into_string() }],
        },
    })
}

fn proto_transaction() -> SubscribeUpdateTransactionInfo {
    SubscribeUpdateTransactionInfo {
        signature: vec![7; 64],
        transaction: Some(wire::Transaction {
            signatures: vec![vec![7; 64]],
            message: Some(wire::Message {
                header: Some(wire::MessageHeader {
                    num_required_signatures: 1,
                    ..Default::default()
                }),
                account_keys: vec![vec![1; 32], vec![2; 32]],
                instructions: vec![wire::CompiledInstruction {
                    program_id_index: 1,
                    accounts: vec![0, 2],
                    data: vec![0xaa, 0xbb, 0xcc],
                }],
                versioned: true,
                ..Default::default()
            }),
        }),
        meta: Some(wire::TransactionStatusMeta {
            err: Some(wire::TransactionError { err: vec![8, 0] }),
            fee: 5000,
            compute_units_consumed: Some(12),
            inner_instructions: vec![wire::InnerInstructions {
                index: 0,
                instructions: vec![wire::InnerInstruction {
                    program_id_index: 2,
                    accounts: vec![0],
                    data: vec![4, 5],
                    stack_height: Some(2),
                }],
            }],
            log_messages: vec!["a\nb".into()],
            loaded_writable_addresses: vec![vec![3; 32]],
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn read(value: &Value) -> Result<(hypernode_decoder::chain::Block, u64), ConvertError> {
    block_from_json(value.to_string().as_bytes(), Some(42))
}

#[test]
fn every_encoding_gives_the_same_block() {
    let text = base64_simd::STANDARD.encode_to_string(encoded_transaction());
    let base64 = json_block(&json!([text, "base64"]), &json_meta());
    let (expected, malformed) = read(&base64).expect("base64");
    assert_eq!(malformed, 0);
    let transaction = &expected.transactions[0];
    assert_eq!(transaction.keys, KEYS.map(|byte| [byte; 32]));
    assert_eq!(transaction.instructions[0].accounts, [0, 2]);
    assert_eq!(
        transaction.err.as_deref(),
        Some(br#"{"InstructionError":[0,{"Custom":6000}]}"#.as_slice())
    );
    assert_eq!((expected.slot, expected.parent_slot), (42, 41));

    let base58 = bs58::encode(encoded_transaction()).into_string();
    for other in [json!([base58, "base58"]), json!(base58), json_transaction()] {
        assert_eq!(
            read(&json_block(&other, &json_meta())).expect("read").0,
            expected
        );
    }
    let envelope = json!({ "jsonrpc": "2.0", "id": 1, "result": base64 });
    assert_eq!(read(&envelope).expect("envelope").0, expected);

    let (mut proto, _) = block(SubscribeUpdateBlock {
        slot: 42,
        blockhash: HASH.into(),
        parent_blockhash: HASH.into(),
        parent_slot: 41,
        block_time: Some(wire::UnixTimestamp { timestamp: 5 }),
        block_height: Some(wire::BlockHeight { block_height: 6 }),
        executed_transaction_count: 3,
        transactions: vec![proto_transaction()],
        ..Default::default()
    })
    .expect("proto");
    assert_eq!(
        proto.transactions[0].err.as_deref(),
        Some([8, 0].as_slice())
    );
    proto.transactions[0].err.clone_from(&transaction.err);
    proto.executed_transaction_count = 1;
    assert_eq!(proto, expected);
}

#[test]
fn not_recorded_is_not_empty() {
    let mut info = proto_transaction();
    let meta = info.meta.as_mut().expect("meta");
    (meta.log_messages_none, meta.inner_instructions_none) = (true, true);
    let transaction = transaction(1, info).expect("converted").transaction;
    assert_eq!((transaction.logs, transaction.inner), (None, None));

    let mut meta = json_meta();
    (meta["logMessages"], meta["innerInstructions"]) = (Value::Null, Value::Null);
    let block = read(&json_block(&json_transaction(), &meta))
        .expect("read")
        .0;
    assert_eq!(
        (&block.transactions[0].logs, &block.transactions[0].inner),
        (&None, &None)
    );
}

#[test]
fn a_missing_outcome_is_an_error_and_never_an_empty_slot() {
    let error = read(&json_block(&json_transaction(), &Value::Null)).expect_err("no meta");
    assert_eq!(error, ConvertError::MetaMissing { slot: 42, index: 0 });
    let mut info = proto_transaction();
    info.meta = None;
    assert!(matches!(
        transaction(1, info),
        Err(ConvertError::MetaMissing { .. })
    ));
}

#[test]
fn answers_that_hold_no_block_say_why() {
    let skipped = json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": -32007, "message": "Slot 42 was skipped" } });
    assert!(matches!(read(&skipped), Err(ConvertError::Rpc(text)) if text.contains("-32007")));
    assert!(matches!(
        read(&json!({ "jsonrpc": "2.0", "result": null })),
        Err(ConvertError::Json(_))
    ));
    let mut signatures_only = json_block(&Value::Null, &Value::Null);
    signatures_only
        .as_object_mut()
        .expect("object")
        .remove("transactions");
    assert!(matches!(
        read(&signatures_only),
        Err(ConvertError::Missing { .. })
    ));
    let parsed = json_block(
        &json!({ "signatures": [], "message": { "accountKeys": [{ "pubkey": "x" }] } }),
        &json_meta(),
    );
    assert!(matches!(read(&parsed), Err(ConvertError::Json(_))));
}

#[test]
fn a_malformed_transaction_keeps_its_row_and_outcome() {
    let mut info = proto_transaction();
    info.transaction
        .as_mut()
        .and_then(|t| t.message.as_mut())
        .expect("message")
        .instructions[0]
        .program_id_index = 300;
    let converted = transaction(1, info).expect("shell");
    assert!(
        converted
            .malformed
            .is_some_and(|reason| reason.contains("300"))
    );
    assert_eq!(converted.transaction.err, Some(vec![8, 0]));
    assert!(converted.transaction.keys.is_empty() && converted.transaction.logs.is_none());

    let mut hostile = json_transaction();
    hostile["message"]["instructions"][0]["data"] = json!("1".repeat(MAX_BASE58_CHARS + 1));
    let (block, malformed) = read(&json_block(&hostile, &json_meta())).expect("shell");
    assert_eq!((malformed, block.transactions.len()), (1, 1));
}

#[test]
fn unknown_statuses_are_no_facts() {
    use yellowstone_grpc_proto::geyser::{
        SubscribeUpdate, SubscribeUpdateSlot, subscribe_update::UpdateOneof,
    };
    for (status, known) in [(0, true), (6, true), (4, false), (77, false)] {
        let message = SubscribeUpdate {
            update_oneof: Some(UpdateOneof::Slot(SubscribeUpdateSlot {
                slot: 1,
                status,
                ..Default::default()
            })),
            ..Default::default()
        };
        assert_eq!(update(message).expect("read").0.is_some(), known);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_wire_parser_fail_otherwise_than_by_error(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let text = base64_simd::STANDARD.encode_to_string(&bytes);
        let _ = read(&json_block(&json!([text, "base64"]), &json_meta()));
        let mut near = encoded_transaction();
        for (at, value) in flips {
            let at = at.index(near.len());
            near[at] = value;
        }
        let text = base64_simd::STANDARD.encode_to_string(near);
        let _ = read(&json_block(&json!([text, "base64"]), &json_meta()));
    }
}

#[test]
fn what_names_no_wanted_program_is_left_out_and_still_counted() {
    let text = base64_simd::STANDARD.encode_to_string(encoded_transaction());
    for encoded in [json!([text, "base64"]), json_transaction()] {
        let envelope =
            json!({ "jsonrpc": "2.0", "id": 1, "result": json_block(&encoded, &json_meta()) });
        let envelope = envelope.to_string();
        let kept = |programs: &[u8]| {
            let wanted = Wanted::new(programs.iter().map(|byte| [*byte; 32]));
            match answered_block(envelope.as_bytes(), 42, Some(&wanted)) {
                Ok(Answered::Block(block)) => {
                    (block.transactions.len(), block.executed_transaction_count)
                }
                other => panic!("{other:?}"),
            }
        };
        // The last key comes from a lookup table.
        for key in KEYS {
            assert_eq!(kept(&[200, key]), (1, 1), "{key}");
        }
        assert_eq!(kept(&[200]), (0, 1));
    }
}
