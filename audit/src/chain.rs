//! What the chain is asked: all of it final, and up to one slot.

use std::collections::HashMap;

use hypernode_decoder::convert::{Located, TransactionAnswer};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::error::AuditError;
use crate::keys::{Key, Signature, parse_signature, show_key, show_signature};
use crate::progress::Progress;
use crate::rpc::{Rpc, RpcError};

/// Signatures of one answer; what servers give at most.
const PAGE: usize = 1_000;
/// Slots that one `getBlocks` is asked for, at first and at most: servers take up to half a million.
const FIRST_WINDOW: u64 = 64;
const WIDEST_WINDOW: u64 = 400_000;
/// How far back a block is looked for, in windows.
const WINDOWS: u32 = 10;
/// Blocks without a time that are passed over.
const TIMELESS: u32 = 100;
/// Attempts to get a transaction that is listed: another server behind the same address may answer null for a while.
const ATTEMPTS: u32 = 4;

/// The chain up to a slot.
pub(crate) struct Chain<'a> {
    rpc: Rpc<'a>,
    to: u64,
    /// Signatures that are looked at, at most.
    most: u64,
    progress: &'a Progress,
}

/// A successful transaction, as it is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) signature: Signature,
    pub(crate) slot: u64,
    /// Its place in the block, where the server states it.
    pub(crate) index: Option<u32>,
    /// Its block's time, where the server states it.
    pub(crate) time: Option<i64>,
}

/// A block and its time in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) slot: u64,
    pub(crate) time: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedText {
    signature: String,
    slot: u64,
    err: Option<IgnoredAny>,
    block_time: Option<i64>,
    transaction_index: Option<u32>,
}

#[derive(Deserialize)]
struct Signatures {
    signatures: Vec<String>,
}

impl<'a> Chain<'a> {
    /// The chain up to `to`, if that is final and the chain is the one with this genesis hash.
    pub(crate) async fn open(
        rpc: Rpc<'a>,
        progress: &'a Progress,
        genesis: &str,
        to: u64,
        most: u64,
    ) -> Result<Self, AuditError> {
        let theirs: String = rpc.get("getGenesisHash", &json!([])).await?;
        if theirs != genesis {
            return Err(AuditError::OtherNetwork {
                wanted: genesis.to_owned(),
                theirs,
            });
        }
        let finalized: u64 = rpc
            .get("getSlot", &json!([{"commitment": "finalized"}]))
            .await?;
        if finalized < to {
            return Err(AuditError::NotFinal {
                slot: to,
                finalized,
            });
        }
        Ok(Self {
            rpc,
            to,
            most,
            progress,
        })
    }

    /// The oldest block that the server holds, if it says so.
    pub(crate) async fn first_block(&self) -> Option<u64> {
        let first = self.rpc.get("getFirstAvailableBlock", &json!([])).await;
        first.ok()
    }

    /// The last block with a time.
    pub(crate) async fn last_block(&self) -> Result<Seen, AuditError> {
        let (mut high, mut width, mut timeless) = (self.to, FIRST_WINDOW, 0);
        for _ in 0..WINDOWS {
            let low = high.saturating_sub(width - 1);
            let params = json!([low, high, {"commitment": "finalized"}]);
            let mut slots: Vec<u64> = self.rpc.get("getBlocks", &params).await?;
            slots.retain(|slot| (low..=high).contains(slot));
            slots.sort_unstable();
            for &slot in slots.iter().rev() {
                let time: Option<i64> = self.rpc.ask("getBlockTime", &json!([slot])).await?;
                if let Some(time) = time {
                    return Ok(Seen { slot, time });
                }
                timeless += 1;
                if timeless == TIMELESS {
                    return Err(self.no_block(slot));
                }
            }
            if low == 0 {
                return Err(self.no_block(0));
            }
            high = low - 1;
            width = (width * 8).min(WIDEST_WINDOW);
        }
        Err(self.no_block(high))
    }

    fn no_block(&self, low: u64) -> AuditError {
        AuditError::NoBlock {
            slot: self.to,
            looked: self.to - low,
        }
    }

    /// The successful transactions that name an address, newest first, back to the oldest.
    pub(crate) async fn signatures(&self, address: &Key) -> Result<Vec<Listed>, AuditError> {
        const METHOD: &str = "getSignaturesForAddress";
        let wrong = |what: &str| RpcError::new(METHOD, format!("answers wrongly: {what}"));
        let address = show_key(address);
        let mut found: Vec<Listed> = Vec::new();
        let mut before: Option<String> = None;
        let mut newest = u64::MAX;
        loop {
            let mut config =
                json!({"commitment": "finalized", "limit": PAGE, "minContextSlot": self.to});
            if let Some(before) = &before {
                config["before"] = json!(before);
            }
            let page: Vec<ListedText> = self.rpc.get(METHOD, &json!([address, config])).await?;
            if self.progress.listed(page.len() as u64) > self.most {
                return Err(AuditError::TooMany { most: self.most });
            }
            for entry in &page {
                if entry.slot > newest {
                    return Err(wrong("an older slot stands before a newer one").into());
                }
                newest = entry.slot;
                if entry.err.is_some() || entry.slot > self.to {
                    continue;
                }
                let signature = parse_signature(&entry.signature)
                    .ok_or_else(|| wrong("a signature that is none"))?;
                found.push(Listed {
                    signature,
                    slot: entry.slot,
                    index: entry.transaction_index,
                    time: entry.block_time,
                });
            }
            let last = page.last().map(|entry| entry.signature.clone());
            if page.len() < PAGE || last.is_none() {
                return Ok(found);
            }
            if last == before {
                return Err(wrong("the same page again").into());
            }
            before = last;
        }
    }

    /// A listed transaction, with its content.
    pub(crate) async fn transaction(&self, listed: Listed) -> Result<Located, AuditError> {
        let signature = show_signature(&listed.signature);
        let fail = |what: String| AuditError::Transaction {
            signature: signature.clone(),
            what,
        };
        let config = json!({"commitment": "finalized", "encoding": "json", "maxSupportedTransactionVersion": 1});
        let params = json!([signature, config]);
        let mut answer: Option<TransactionAnswer> = None;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(std::time::Duration::from_secs(1 << attempt)).await;
            }
            answer = self.rpc.ask("getTransaction", &params).await?;
            if answer.is_some() {
                break;
            }
        }
        let answer = answer.ok_or_else(|| fail("does not hold it".to_owned()))?;
        let located = answer.located().map_err(|error| fail(error.to_string()))?;
        if let Some(reason) = located.malformed {
            return Err(fail(format!("its content cannot be read: {reason}")));
        }
        if located.transaction.signature != listed.signature || located.slot != listed.slot {
            return Err(fail("answers with another one".to_owned()));
        }
        Ok(located)
    }

    /// The places of a block's transactions.
    pub(crate) async fn order(&self, slot: u64) -> Result<HashMap<Signature, u32>, AuditError> {
        let config = json!({
            "commitment": "finalized", "transactionDetails": "signatures", "rewards": false,
            "maxSupportedTransactionVersion": 1,
        });
        let block: Signatures = self.rpc.get("getBlock", &json!([slot, config])).await?;
        let places = (0..).zip(&block.signatures);
        places
            .map(|(place, text)| {
                let wrong = || RpcError::new("getBlock", "answers with a signature that is none");
                Ok((parse_signature(text).ok_or_else(wrong)?, place))
            })
            .collect()
    }
}
