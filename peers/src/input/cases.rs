//! The recorded cases of the robustness table (`cases.jsonl`, which a test of the product keeps true).

use hypernode_decoder::chain::{InnerGroup, Instruction, Transaction};
use serde_json::Value;

use super::{Input, key};

/// The program whose events are wanted.
pub const OURS: &str = "VictimVictimVictimVictimVictimVictimVictimV";
/// Its IDL.
pub const IDL: &str = include_str!("../../victim.idl.json");
/// Events numbered from here on are forgeries.
pub const FORGED: u64 = 600;

#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub what: String,
    /// A runtime executed exactly this; otherwise its outcome was written by hand.
    pub executed: bool,
    /// Number of each event of ours and its outer instruction.
    pub events: Vec<(u64, u16)>,
    pub failed: bool,
    pub cut: bool,
    pub unknown: bool,
    pub input: Input,
}

pub fn all() -> Vec<Case> {
    let lines = include_str!("../../cases.jsonl").lines();
    lines
        .map(|line| case(&serde_json::from_str(line).expect("JSON")))
        .collect()
}

fn case(json: &Value) -> Case {
    let text = |v: &Value| v.as_str().expect("text").to_owned();
    let list = |v: &Value| v.as_array().expect("list").clone();
    let right = &json["right"];
    let keys: Vec<[u8; 32]> = list(&json["keys"]).iter().map(|k| key(&text(k))).collect();
    let failed = right["failed"].as_bool().expect("bool");
    let tx = Transaction {
        signature: [7; 64],
        index: 0,
        version: -1,
        err: failed.then(|| b"failed".to_vec()),
        fee: 5000,
        compute_units: Some(1),
        signers: 1,
        instructions: list(&json["instructions"])
            .iter()
            .map(instruction)
            .collect(),
        inner: Some(
            list(&json["inner"])
                .iter()
                .map(|group| InnerGroup {
                    outer: byte(&group["outer"]),
                    instructions: list(&group["instructions"])
                        .iter()
                        .map(instruction)
                        .collect(),
                })
                .collect(),
        ),
        logs: json["logs"]
            .as_array()
            .map(|lines| lines.iter().map(text).collect()),
        keys,
    };
    Case {
        name: text(&json["name"]),
        what: text(&json["what"]),
        executed: json["executed"].as_bool().expect("bool"),
        events: list(&right["events"])
            .iter()
            .map(|e| {
                (
                    e[0].as_u64().expect("number"),
                    e[1].as_u64().expect("place") as u16,
                )
            })
            .collect(),
        failed,
        cut: right["cut"].as_bool().expect("bool"),
        unknown: right["unknown"].as_bool().expect("bool"),
        input: Input {
            static_keys: tx.keys.len(),
            loaded_writable: 0,
            tx,
        },
    }
}

fn byte(value: &Value) -> u8 {
    u8::try_from(value.as_u64().expect("number")).expect("byte")
}

fn instruction(json: &Value) -> Instruction {
    Instruction {
        program: byte(&json["program"]),
        accounts: json["accounts"]
            .as_array()
            .expect("accounts")
            .iter()
            .map(byte)
            .collect(),
        data: bs58::decode(json["data"].as_str().expect("data"))
            .into_vec()
            .expect("base58"),
        stack_height: json["height"].as_u64().map(|h| h as u32),
    }
}
