//! What is stored, by the only table that is believed: `ingest_ledger`.

mod intervals;
mod row;

pub use self::intervals::Intervals;
pub use self::row::{LedgerRow, Sums, rows_in};
pub(crate) use self::row::{insert_sql, last_rows, rows_at};

use crate::client::{Client, WarehouseError};

/// Newest row's place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// Last slot of the row.
    pub slot_hi: u64,
    /// Slot of the last block in it.
    pub last_block_slot: u64,
    /// Hash of that block: the parent link of what follows.
    pub last_blockhash: [u8; 32],
    /// Slots per window that the row was written with.
    pub window: u32,
    /// Part of its window, from 0.
    pub part: u32,
    /// The window goes on.
    pub partial: bool,
}

/// The ledger as intervals of covered slots, with its newest row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    intervals: Intervals,
    tip: Option<Tip>,
    finalized: u64,
    epoch: u32,
    seq: u64,
}

/// Merges rows into intervals on the server: a ledger of years is still a few intervals.
const INTERVALS: &str = "SELECT min(slot_lo), max(slot_hi) FROM (\
    SELECT slot_lo, slot_hi, sum(starts) OVER (ORDER BY slot_lo, slot_hi) AS number FROM (\
    SELECT slot_lo, slot_hi, slot_lo > 1 + max(slot_hi) OVER \
    (ORDER BY slot_lo, slot_hi ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS starts FROM ingest_ledger)) \
    GROUP BY number ORDER BY 1";

impl Ledger {
    /// Reads the ledger.
    ///
    /// # Errors
    /// What ClickHouse said.
    pub async fn load(client: &Client) -> Result<Self, WarehouseError> {
        let mut intervals = Intervals::default();
        for (lo, hi) in client.rows::<(u64, u64)>(INTERVALS).await? {
            intervals.insert(lo, hi);
        }
        let tip = last_rows(client, 1)
            .await?
            .into_iter()
            .next()
            .map(|row| row.tip());
        let sql = "SELECT max(finalized_slot), greatest(max(epoch), \
            ifNull((SELECT max(toUInt32OrZero(value)) FROM hypernode_meta WHERE key = 'epoch'), 0)), \
            greatest(max(seq), ifNull((SELECT max(seq) FROM retractions), 0)) FROM ingest_ledger";
        let (finalized, epoch, seq) = client
            .rows::<(u64, u32, u64)>(sql)
            .await?
            .into_iter()
            .next()
            .unwrap_or_default();
        Ok(Self {
            intervals,
            tip,
            finalized,
            epoch,
            seq,
        })
    }

    /// The last slot that is served: the end of the newest interval. `None` for an empty ledger.
    #[must_use]
    pub fn served(&self) -> Option<u64> {
        self.intervals.last().map(|(_, hi)| hi)
    }

    /// The slot that the next batch starts with; `None` where the caller chooses the start.
    #[must_use]
    pub fn next_slot(&self) -> Option<u64> {
        self.served().map(|slot| slot.saturating_add(1))
    }

    /// Whether `slot` is stored.
    #[must_use]
    pub fn covers(&self, slot: u64) -> bool {
        self.intervals.covers(slot, slot)
    }

    /// The highest slot that is both served and known to be finalized; `None` if there is none.
    #[must_use]
    pub fn finalized(&self) -> Option<u64> {
        self.served()
            .map(|served| served.min(self.finalized))
            .filter(|slot| *slot > 0)
    }

    /// All covered slots.
    #[must_use]
    pub fn intervals(&self) -> &Intervals {
        &self.intervals
    }

    /// The newest row's place in the chain.
    #[must_use]
    pub fn tip(&self) -> Option<&Tip> {
        self.tip.as_ref()
    }

    /// Rises whenever rows are deleted.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The newest change's place among all changes: ledger rows and retractions.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    pub(crate) fn set_epoch(&mut self, epoch: u32) {
        self.epoch = epoch;
    }

    /// Takes a row that was just written.
    pub(crate) fn add(&mut self, row: &LedgerRow) {
        self.intervals.insert(row.slot_lo, row.slot_hi);
        self.seq = self.seq.max(row.seq);
        self.finalized = self.finalized.max(row.finalized_slot);
        if self
            .tip
            .as_ref()
            .is_none_or(|tip| tip.slot_hi < row.slot_hi)
        {
            self.tip = Some(row.tip());
        }
    }
}
