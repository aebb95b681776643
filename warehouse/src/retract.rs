//! Taking rows back: slots that the chain has left, or that are to be written anew.
//!
//! Five steps, each harmless when repeated: the epoch rises; a row in `retractions` says what goes (the commit: from
//! here on the rest is done, now or by [`crate::recover`]); canonical events are kept in `retracted_events`; the rows go
//! from every table; the ledger rows go, the one that reaches into the range is replaced by what stays of it. While
//! ledger rows of an earlier epoch are left in the range, the retraction is not finished.

use clickhouse::Row;
use serde::Deserialize;

use crate::client::{Client, WarehouseError};
use crate::ledger::{Ledger, LedgerRow, insert_sql, rows_in};
use crate::literal::{bytes, string};
use crate::recover::verify;
use crate::sums::SumCache;
use crate::writer::{delete, settle};
use crate::{chain, fail, meta};

/// Why rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The chain has left the slots.
    Fork,
    /// They are written anew.
    Repair,
}

impl Reason {
    /// Its name in `retractions`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Repair => "repair",
        }
    }
}

/// What is to be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retraction {
    /// First slot that goes: the one after the last block that stays, for slots beyond it are proven by blocks that go.
    pub slot_lo: u64,
    /// Last slot that goes; a ledger row that begins before it and ends after it goes whole.
    pub slot_hi: u64,
    /// The last block that stays.
    pub head_slot: u64,
    /// Its hash.
    pub head_blockhash: [u8; 32],
    /// Why.
    pub reason: Reason,
}

/// A retraction as it stands in `retractions`.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Retracted {
    /// Its place among all changes.
    pub seq: u64,
    /// Epoch that it opened: rows of earlier ones in its slots are not in force.
    pub epoch: u32,
    /// First slot.
    pub slot_lo: u64,
    /// Last slot.
    pub slot_hi: u64,
}

/// The blocks that stay of a ledger row.
#[derive(Row, Deserialize)]
struct Stays {
    blocks: u32,
    last_block_slot: u64,
    last_blockhash: [u8; 32],
}

/// The steps after the commit, in order; crash tests stop between them.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The row in `retractions`.
    Commit,
    /// Copies of canonical events.
    Keep,
    /// Half of the tables are empty.
    Half,
    /// All tables are empty.
    Remove,
    /// What stays of the ledger row that reached into the range stands beside it.
    Replace,
    /// Done.
    Ledger,
}

/// The retraction that a process that died has left unfinished, if any: only the newest one can be.
pub(crate) async fn unfinished(client: &Client) -> Result<Option<Retracted>, WarehouseError> {
    let sql = "SELECT seq, epoch, slot_lo, slot_hi FROM retractions ORDER BY seq DESC LIMIT 1";
    let Some(newest) = client.rows::<Retracted>(sql).await?.into_iter().next() else {
        return Ok(None);
    };
    let left = format!(
        "SELECT count() FROM ingest_ledger WHERE {}",
        newest.condition()
    );
    let left = client.rows::<u64>(&left).await?.into_iter().next();
    Ok((left.unwrap_or(0) > 0).then_some(newest))
}

/// Commits the retraction; `None` where the ledger holds nothing of its slots.
pub(crate) async fn begin(
    client: &Client,
    ledger: &Ledger,
    wanted: &Retraction,
) -> Result<Option<Retracted>, WarehouseError> {
    let rows = rows_in(client, wanted.slot_lo, wanted.slot_hi).await?;
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Ok(None);
    };
    if first.slot_lo < wanted.slot_lo {
        // What stays of it is summed anew: before that it must be what the ledger says.
        verify(client, std::slice::from_ref(first)).await?;
    }
    let retracted = Retracted {
        seq: ledger.seq() + 1,
        epoch: ledger.epoch().saturating_add(1),
        slot_lo: wanted.slot_lo,
        slot_hi: wanted.slot_hi.max(last.slot_hi),
    };
    meta::record_epoch(client, retracted.epoch).await?;
    let sql = format!(
        "INSERT INTO retractions (seq, epoch, slot_lo, slot_hi, head_slot, head_blockhash, reason, at) \
         SELECT {}, {}, {}, {}, {}, {}, {}, now64(3) \
         WHERE (SELECT max(toUInt32OrZero(value)) FROM hypernode_meta WHERE key = 'epoch') <= {}",
        retracted.seq,
        retracted.epoch,
        retracted.slot_lo,
        retracted.slot_hi,
        wanted.head_slot,
        bytes(&wanted.head_blockhash),
        string(wanted.reason.name()),
        retracted.epoch
    );
    client.execute(&sql).await?;
    let sql = format!(
        "SELECT seq, epoch, slot_lo, slot_hi FROM retractions WHERE seq = {}",
        retracted.seq
    );
    let written: Vec<Retracted> = client.rows(&sql).await?;
    if written.as_slice() == std::slice::from_ref(&retracted) {
        return Ok(Some(retracted));
    }
    Err(WarehouseError::Conflict(format!(
        "slots {} to {} were to be taken back, but another writer has taken this database over; only one may write \
         to it",
        retracted.slot_lo, retracted.slot_hi
    )))
}

impl Retracted {
    /// Ledger rows that are not in force because of it.
    fn condition(&self) -> String {
        format!(
            "slot_lo <= {} AND slot_hi >= {} AND epoch < {}",
            self.slot_hi, self.slot_lo, self.epoch
        )
    }

    /// Does what is left to do, up to a step.
    pub(crate) async fn finish(&self, client: &Client, until: Step) -> Result<(), WarehouseError> {
        fail::point("retract.commit");
        // A process that died may have inserts under way.
        settle(client).await?;
        if until >= Step::Keep {
            self.keep(client).await?;
            fail::point("retract.keep");
        }
        if until >= Step::Half {
            self.remove(client, until == Step::Half).await?;
        }
        if until >= Step::Replace {
            self.replace(client).await?;
            fail::point("retract.replace");
        }
        if until >= Step::Ledger {
            delete(client, "ingest_ledger", &self.condition()).await?;
            fail::point("retract.ledger");
        }
        Ok(())
    }

    /// Copies the canonical events of the range that were not copied yet: some may be deleted already.
    async fn keep(&self, client: &Client) -> Result<(), WarehouseError> {
        let identity = "slot, tx_index, outer_ix, inner_ix, ordinal, kind";
        let sql = format!(
            "INSERT INTO retracted_events SELECT toUInt32({epoch}) AS epoch, * FROM canonical_events \
             WHERE slot BETWEEN {} AND {} AND ({identity}) NOT IN \
             (SELECT {identity} FROM retracted_events WHERE epoch = {epoch}) SETTINGS insert_deduplicate = 0",
            self.slot_lo,
            self.slot_hi,
            epoch = self.epoch
        );
        client.execute(&sql).await
    }

    async fn remove(&self, client: &Client, half: bool) -> Result<(), WarehouseError> {
        let range = format!("slot BETWEEN {} AND {}", self.slot_lo, self.slot_hi);
        let mut full = chain::rows_where(client, &[], &range).await?;
        if half {
            full.truncate(full.len().div_ceil(2));
        }
        chain::remove_where(client, &full, &range, "retract.remove").await
    }

    /// Puts what stays of the row that reaches into the range beside it. It keeps its place among the changes: who
    /// follows them has seen it, and is told of what went by the retraction.
    async fn replace(&self, client: &Client) -> Result<(), WarehouseError> {
        let Some(end) = self.slot_lo.checked_sub(1) else {
            return Ok(());
        };
        let rows = rows_in(client, end, self.slot_lo).await?;
        let straddles = |row: &&LedgerRow| row.slot_lo <= end && row.slot_hi > end;
        let Some(row) = rows.iter().find(straddles) else {
            return Ok(());
        };
        if rows
            .iter()
            .any(|other| other.slot_lo == row.slot_lo && other.slot_hi == end)
        {
            return Ok(());
        }
        let (from, to) = (row.slot_lo, end);
        let sql = format!(
            "SELECT toUInt32(count()) AS blocks, max(b.slot) AS last_block_slot, argMax(b.blockhash, b.slot) AS \
             last_blockhash FROM blocks AS b WHERE b.slot BETWEEN {from} AND {to}"
        );
        let stays = client.rows::<Stays>(&sql).await?;
        let Some(end) = stays.into_iter().find(|stays| stays.blocks > 0) else {
            return Ok(());
        };
        let tables: Vec<&str> = row.tables.keys().map(String::as_str).collect();
        let sums = SumCache::default().read(client, &tables, from, to).await?;
        let mut content = blake3::Hasher::new();
        content.update(&row.content).update(&to.to_le_bytes());
        let stays = LedgerRow {
            slot_hi: to,
            epoch: self.epoch,
            partial: true,
            last_block_slot: end.last_block_slot,
            last_blockhash: end.last_blockhash,
            blocks: end.blocks,
            tables: sums,
            content: *content.finalize().as_bytes(),
            ..row.clone()
        };
        client.execute(&insert_sql(&stays)).await
    }
}
