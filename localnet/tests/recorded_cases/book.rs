//! A case: an input, and its right answer.

use hypernode_decoder::chain;
use serde_json::{Value, json};

/// One input and its right answer.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// What happens, in a few words.
    pub(crate) what: &'static str,
    /// Whether a runtime executed exactly this.
    pub(crate) executed: bool,
    pub(crate) right: Right,
    pub(crate) tx: chain::Transaction,
}

/// What there is to say about a transaction.
#[derive(Default)]
pub(crate) struct Right {
    /// Our events: number, outer instruction, inner instruction (-1 = the outer one itself).
    pub(crate) events: Vec<(u64, u16, i32)>,
    /// The transaction failed: its events happened and were undone.
    pub(crate) failed: bool,
    /// The log was cut.
    pub(crate) cut: bool,
    /// There is no log to read: not the same as an empty one.
    pub(crate) unknown: bool,
}

impl Case {
    pub(crate) fn to_json(&self) -> Value {
        let ix = |ix: &chain::Instruction| json!({"program": ix.program, "accounts": ix.accounts, "data": base58(&ix.data), "height": ix.stack_height});
        let inner = self.tx.inner.iter().flatten().map(|group| {
            let instructions: Vec<Value> = group.instructions.iter().map(ix).collect();
            json!({"outer": group.outer, "instructions": instructions})
        });
        json!({
            "name": self.name,
            "what": self.what,
            "executed": self.executed,
            "right": {
                "events": self.right.events,
                "failed": self.right.failed,
                "cut": self.right.cut,
                "unknown": self.right.unknown,
            },
            "keys": self.tx.keys.iter().map(|k| base58(k)).collect::<Vec<_>>(),
            "instructions": self.tx.instructions.iter().map(ix).collect::<Vec<_>>(),
            "inner": inner.collect::<Vec<_>>(),
            "logs": self.tx.logs,
        })
    }
}

fn base58(bytes: &[u8]) -> String {
    bs58::encode(bytes).into_string()
}
