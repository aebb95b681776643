//! How far the warehouse may be believed: only the ledger says so, never the rows.

use std::fmt;
use std::str::FromStr;

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::Deserialize;

use crate::query::{self, Error};

/// Which facts an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Finality {
    /// Confirmed by the cluster and proven complete by us: the default.
    #[default]
    Confirmed,
    /// Rooted: no fork can take it back.
    Finalized,
}

impl Finality {
    /// The word in answers, headers and queries.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Finalized => "finalized",
        }
    }
}

impl fmt::Display for Finality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no [`Finality`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("finality must be \"confirmed\" or \"finalized\"")]
pub struct UnknownFinality;

impl FromStr for Finality {
    type Err = UnknownFinality;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "confirmed" => Ok(Self::Confirmed),
            "finalized" => Ok(Self::Finalized),
            _ => Err(UnknownFinality),
        }
    }
}

/// What the ledger vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Watermark {
    /// Last slot of the unbroken range that is served; `None` before the first batch.
    pub served: Option<u64>,
    /// Last slot of it that is known to be finalized; `None` before any is.
    pub finalized: Option<u64>,
    /// When the last ledger row was written, Unix milliseconds; 0 before the first.
    pub verified_at: i64,
    /// The newest retraction's place among all changes, 0 before the first: slots may be the same and their rows others.
    pub retracted: u64,
}

#[derive(Row, Deserialize)]
struct LedgerHead {
    batches: u64,
    served: u64,
    finalized: u64,
    verified_at: i64,
    retracted: u64,
}

impl Watermark {
    /// Reads the ledger's head.
    ///
    /// # Errors
    /// When the warehouse does not answer.
    pub async fn load(client: &Client) -> Result<Self, Error> {
        // The writer appends only what follows the last row, so the highest end is the end of an unbroken range. Rows that
        // the newest retraction takes back may still be there while it is at work: they are not in force. Slots that are
        // being written again are a hole: what lies beyond it is not served until it is closed.
        let head: LedgerHead = query::row(
            client,
            "the ledger's head",
            "WITH (SELECT [argMax(toUInt64(epoch), seq), argMax(slot_lo, seq), argMax(slot_hi, seq), max(seq), \
             argMax(toUInt64(reason = 'repair'), seq)] \
             FROM retractions) AS gone, \
             epoch < gone[1] AND slot_lo <= gone[3] AND slot_hi >= gone[2] AS is_gone, \
             max(multiIf(NOT is_gone, slot_hi, slot_lo < gone[2], toUInt64(gone[2] - 1), 0)) AS stored, \
             sumIf(slot_hi - slot_lo + 1, NOT is_gone AND slot_lo >= gone[2] AND slot_hi <= gone[3]) AS anew \
             SELECT count() AS batches, \
             if(gone[5] = 1 AND anew < gone[3] - gone[2] + 1, toUInt64(gone[2] - 1), stored) AS served, \
             max(finalized_slot) AS finalized, \
             max(toUnixTimestamp64Milli(written_at)) AS verified_at, gone[4] AS retracted FROM ingest_ledger",
        )
        .await?;
        if head.batches == 0 {
            return Ok(Self::default());
        }
        let finalized = head.finalized.min(head.served);
        Ok(Self {
            served: Some(head.served),
            finalized: (finalized > 0).then_some(finalized),
            verified_at: head.verified_at,
            retracted: head.retracted,
        })
    }

    /// The slot that an answer of this finality speaks of; 0 (an empty chain) before there is one.
    #[must_use]
    pub fn as_of(&self, finality: Finality) -> u64 {
        match finality {
            Finality::Confirmed => self.served,
            Finality::Finalized => self.finalized,
        }
        .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_warehouse_speaks_of_slot_zero() {
        let watermark = Watermark::default();
        assert_eq!(watermark.as_of(Finality::Confirmed), 0);
        assert_eq!(watermark.as_of(Finality::Finalized), 0);
    }

    #[test]
    fn words_and_finality_agree() {
        for finality in [Finality::Confirmed, Finality::Finalized] {
            assert_eq!(finality.as_str().parse(), Ok(finality));
        }
        assert_eq!("FINALIZED".parse::<Finality>(), Err(UnknownFinality));
    }
}
