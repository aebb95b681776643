//! Match receipts on their way into the warehouse, and the root over those of each day that is over.
//!
//! A receipt's number is its place. Batches are one block each, and a block is written whole or not at all: the greatest
//! number that is there says where to go on.

use clickhouse::Row;
use hypernode_score::tree::{Hash, Tree};
use hypernode_state::receipts::{ListReceipts, ReceiptRecord};
use hypernode_state::{Store, StoreExt, UnixMs, limits};
use hypernode_warehouse::{Client, WarehouseError, fail, settle_tables};
use serde::{Deserialize, Serialize};

use super::ForwardError;
use crate::days::DAY_MS;

/// How long after midnight a day's root is made: what was decided before it is there by then.
const SETTLED_MS: UnixMs = 600_000;
/// First byte of what is hashed for a day's root.
const DAY: u8 = 4;

/// A row of `dispatch_receipts`.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
struct ReceiptRow {
    seq: u64,
    at: i64,
    job: String,
    fence: u32,
    hash: Hash,
    signature: String,
    receipt: String,
}

#[derive(Row, Deserialize)]
struct Hashed {
    hash: Hash,
}

/// The root of a day: a row of `dispatch_roots`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct DayRoot {
    /// Days since 1970-01-01.
    pub day: u32,
    /// The first receipt that it is over; after `last_seq` where there is none.
    pub first_seq: u64,
    /// The last one.
    pub last_seq: u64,
    /// How many.
    pub receipts: u64,
    /// SHA-256 over 4, the day (4 bytes), `first_seq`, `last_seq`, `receipts` (8 bytes each, all little endian) and the root of
    /// the tree over the receipts' hashes: neighbours are hashed together (behind a byte 1), level by level; the last of an
    /// odd number goes up as it is.
    pub root: Hash,
}

/// Roots of days from `from` on, latest first.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn roots(client: &Client, from: u32) -> Result<Vec<DayRoot>, WarehouseError> {
    let sql = format!(
        "SELECT day, first_seq, last_seq, receipts, root FROM dispatch_roots FINAL WHERE day >= {from} ORDER BY day DESC"
    );
    client.rows(&sql).await
}

fn sha256(parts: &[&[u8]]) -> Hash {
    use sha2::Digest;
    let hash = parts.iter().fold(sha2::Sha256::new(), Digest::chain_update);
    hash.finalize().into()
}

/// The root of a day over these hashes, `first_seq` being the number of the first.
fn day_root(day: u32, first_seq: u64, last_seq: u64, hashes: Vec<Hash>) -> DayRoot {
    let receipts = hashes.len() as u64;
    let tree = Tree::new(sha256, hashes).root();
    let root = sha256(&[
        &[DAY],
        &day.to_le_bytes(),
        &first_seq.to_le_bytes(),
        &last_seq.to_le_bytes(),
        &receipts.to_le_bytes(),
        &tree,
    ]);
    DayRoot {
        day,
        first_seq,
        last_seq,
        receipts,
        root,
    }
}

/// What is there of receipts.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    /// The last one; `None`: it is to be looked at.
    last: Option<u64>,
    /// The last day that has its root, where that is known.
    rooted: Option<u32>,
}

impl Receipts {
    /// Carries one batch over; whether more is waiting.
    pub(super) async fn step(
        &mut self,
        store: &dyn Store,
        client: &Client,
    ) -> Result<bool, ForwardError> {
        let last = match self.last.take() {
            Some(last) => last,
            None => {
                settle_tables(client, "dispatch_receipts").await?;
                let found = client.rows::<u64>("SELECT max(seq) FROM dispatch_receipts");
                found.await?.first().copied().unwrap_or(0)
            }
        };
        let limit = limits::PAGE;
        let page = store.ask(ListReceipts { after: last, limit }).await?;
        let rows: Vec<ReceiptRow> = page.iter().map(row).collect();
        let reached = rows.last().map_or(last, |row| row.seq);
        if !rows.is_empty() {
            client.insert_rows("dispatch_receipts", &rows).await?;
            fail::point("facts.receipts");
        }
        self.last = Some(reached);
        Ok(rows.len() == limit as usize)
    }

    /// Makes the roots of days that are over at `now` and have none; only once all receipts are there.
    pub(super) async fn close_days(
        &mut self,
        client: &Client,
        now: UnixMs,
    ) -> Result<(), ForwardError> {
        let over = (now - SETTLED_MS).div_euclid(DAY_MS);
        let Some(yesterday) = u32::try_from(over - 1).ok() else {
            return Ok(());
        };
        if self.rooted.is_some_and(|rooted| rooted >= yesterday) {
            return Ok(());
        }
        let sql = "SELECT max(day), max(last_seq) FROM dispatch_roots FINAL";
        let (rooted, mut covered): (u32, u64) =
            client.rows(sql).await?.first().copied().unwrap_or((0, 0));
        let sql = "SELECT toUInt32(intDiv(toUnixTimestamp64Milli(at), 86400000)) AS day, max(seq) FROM dispatch_receipts GROUP BY day ORDER BY day";
        let days: Vec<(u32, u64)> = client.rows(sql).await?;
        for (day, last_seq) in days {
            if day <= rooted || day > yesterday || last_seq <= covered {
                continue;
            }
            // What came late is of the day that it came on: no receipt is left out, and none counts twice.
            let sql = format!(
                "SELECT hash FROM dispatch_receipts WHERE seq > {covered} AND seq <= {last_seq} ORDER BY seq"
            );
            let hashes: Vec<Hashed> = client.rows(&sql).await?;
            let hashes = hashes.into_iter().map(|one| one.hash).collect();
            let root = day_root(day, covered + 1, last_seq, hashes);
            client.insert_rows("dispatch_roots", &[root]).await?;
            covered = last_seq;
        }
        self.rooted = Some(yesterday);
        Ok(())
    }
}

fn row(kept: &ReceiptRecord) -> ReceiptRow {
    ReceiptRow {
        seq: kept.seq,
        at: kept.at,
        job: kept.job.clone(),
        fence: kept.fence,
        hash: kept.hash.0,
        signature: bs58::encode(kept.signature).into_string(),
        receipt: String::from_utf8_lossy(&kept.receipt).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_of_its_day_its_numbers_and_each_receipt_in_its_place() {
        let hashes = vec![[1; 32], [2; 32], [3; 32]];
        let root = day_root(20_000, 5, 7, hashes.clone());
        let inner = |left: &Hash, right: &Hash| sha256(&[&[1], left, right]);
        let tree = inner(&inner(&[1; 32], &[2; 32]), &[3; 32]);
        let by_hand = sha256(&[
            &[4],
            &20_000_u32.to_le_bytes(),
            &5_u64.to_le_bytes(),
            &7_u64.to_le_bytes(),
            &3_u64.to_le_bytes(),
            &tree,
        ]);
        assert_eq!((root.root, root.receipts), (by_hand, 3));
        let mut swapped = hashes.clone();
        swapped.swap(0, 1);
        for other in [
            day_root(20_001, 5, 7, hashes.clone()),
            day_root(20_000, 4, 7, hashes.clone()),
            day_root(20_000, 5, 7, swapped),
        ] {
            assert_ne!(other.root, root.root);
        }
    }
}
