//! The `result` of the JSON-RPC method `getTransaction`, in json, base64 or base58 encoding.

use serde::Deserialize;

use super::ConvertError;
use super::getblock::{Encoded, JsonEntry, JsonMeta, JsonVersion, entry_to_chain};
use crate::chain::Transaction;

/// The `result` of a `getTransaction` answer, to be deserialised.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransactionAnswer {
    slot: u64,
    block_time: Option<i64>,
    /// Newer servers say where in the block it stands.
    transaction_index: Option<u32>,
    transaction: Encoded,
    meta: Option<JsonMeta>,
    version: Option<JsonVersion>,
}

/// A transaction and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Slot of its block.
    pub slot: u64,
    /// Time of its block, if the server knows it.
    pub block_time: Option<i64>,
    /// Its position in the block, if the server says so; [`Transaction::index`] is 0 otherwise.
    pub index: Option<u32>,
    /// The transaction, or its shell.
    pub transaction: Transaction,
    /// Why its content could not be read, if it could not.
    pub malformed: Option<String>,
}

impl std::fmt::Debug for TransactionAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TransactionAnswer")
            .field("slot", &self.slot)
            .finish_non_exhaustive()
    }
}

impl TransactionAnswer {
    /// The transaction as the decoder reads it.
    ///
    /// # Errors
    /// When its outcome is missing, or its signature cannot be read.
    pub fn located(self) -> Result<Located, ConvertError> {
        let entry = JsonEntry {
            transaction: self.transaction,
            meta: self.meta,
            version: self.version,
        };
        let index = self.transaction_index;
        let (transaction, malformed) = entry_to_chain(self.slot, index.unwrap_or_default(), entry)?;
        Ok(Located {
            slot: self.slot,
            block_time: self.block_time,
            index,
            transaction,
            malformed,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn key(byte: u8) -> String {
        bs58::encode([byte; 32]).into_string()
    }

    fn answer() -> Value {
        json!({
            "slot": 42, "blockTime": 5, "version": "legacy",
            "transaction": {
                "signatures": [bs58::encode([7; 64]).into_string()],
                "message": {
                    "header": {"numRequiredSignatures": 1},
                    "accountKeys": [key(1), key(2)],
                    "instructions": [{"programIdIndex": 1, "accounts": [0], "data": bs58::encode([9]).into_string()}],
                },
            },
            "meta": {"err": null, "fee": 5000, "innerInstructions": [], "logMessages": ["x"]},
        })
    }

    fn located(value: Value) -> Result<Located, String> {
        let answer: TransactionAnswer =
            serde_json::from_value(value).map_err(|error| error.to_string())?;
        answer.located().map_err(|error| error.to_string())
    }

    #[test]
    fn a_transaction_says_where_it_stands_if_its_server_does() {
        let old = located(answer()).unwrap();
        assert_eq!((old.slot, old.block_time, old.index), (42, Some(5), None));
        assert_eq!(old.transaction.signature, [7; 64]);
        assert_eq!(old.transaction.keys, [[1; 32], [2; 32]]);
        assert_eq!(old.transaction.logs, Some(vec!["x".to_owned()]));
        assert_eq!(old.malformed, None);
        let mut new = answer();
        new["transactionIndex"] = json!(3);
        let new = located(new).unwrap();
        assert_eq!((new.index, new.transaction.index), (Some(3), 3));
    }

    #[test]
    fn without_its_outcome_it_is_an_error_and_unreadable_content_is_told() {
        let mut bare = answer();
        bare["meta"] = Value::Null;
        assert!(located(bare).unwrap_err().contains("meta is missing"));
        let mut odd = answer();
        odd["transaction"]["message"]["instructions"][0]["data"] = json!("0");
        assert!(located(odd).unwrap().malformed.is_some());
        assert!(located(json!({"slot": 1})).is_err());
    }
}
