//! Following the finalized chain as it stands in the warehouse: how far it is covered, and what of it comes again.

use hypernode_warehouse::Client;

use crate::query::{self, Error};

/// What happened to the ledger since a follower looked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Changes {
    /// The newest change (ledger row or retraction).
    seq: u64,
    /// Slots from this one on were taken back, or stored late: what follows from them is to be made anew.
    pub(crate) again_from: Option<u64>,
}

/// What changed after `seq`, for a follower whose last slot is `last`; `None`: nothing.
pub(crate) async fn changes(
    client: &Client,
    seq: u64,
    last: u64,
) -> Result<Option<Changes>, Error> {
    let sql = format!(
        "SELECT max(seq), minIf(lo, again) FROM (\
            SELECT seq, slot_lo AS lo, true AS again FROM retractions WHERE seq > {seq} UNION ALL \
            SELECT seq, slot_lo AS lo, slot_lo <= {last} AS again FROM ingest_ledger WHERE seq > {seq})"
    );
    let (newest, from): (u64, u64) = query::row(client, "changes", &sql).await?;
    // 0: nothing comes again.
    let again_from = (from > 0 && from <= last).then_some(from);
    Ok((newest > 0).then_some(Changes {
        seq: newest,
        again_from,
    }))
}

/// Heeds what changed after `seq`: slots that come again take with them what followed from them, by `forget`, which gives
/// what is left. Gives that, if anything came again, and the newest change; `None`: nothing changed.
pub(crate) async fn heed<S>(
    client: &Client,
    seq: u64,
    last: u64,
    forget: impl AsyncFnOnce(u64) -> Result<S, Error>,
) -> Result<Option<(Option<S>, u64)>, Error> {
    let Some(changes) = changes(client, seq, last).await? else {
        return Ok(None);
    };
    let left = match changes.again_from {
        Some(from) => Some(forget(from).await?),
        None => None,
    };
    Ok(Some((left, changes.seq)))
}

/// Slot of the first stored block.
pub(crate) async fn start(client: &Client) -> Result<Option<u64>, Error> {
    let sql = "SELECT count(), min(slot) FROM blocks";
    let (blocks, start): (u64, u64) = query::row(client, "the first block", sql).await?;
    Ok((blocks > 0).then_some(start))
}

/// The last final slot up to which every slot from `after` on is in the ledger (as of change `seq`) or was given up, over
/// `most` ledger rows; `None`: not even that one.
pub(crate) async fn covered(
    client: &Client,
    after: u64,
    seq: u64,
    most: u64,
) -> Result<Option<u64>, Error> {
    let sql = "SELECT max(finalized_slot) FROM ingest_ledger";
    let finalized: u64 = query::row(client, "the newest final slot", sql).await?;
    // Rows that a retraction is still removing are not in force: only the newest one can be under way.
    let sql = format!(
        "WITH (SELECT argMax((slot_lo, slot_hi, epoch), seq) FROM retractions) AS r \
         SELECT slot_lo, slot_hi FROM ingest_ledger WHERE slot_hi >= {after} AND slot_lo <= {finalized} \
         AND seq <= {seq} AND NOT (slot_lo <= r.2 AND slot_hi >= r.1 AND epoch < r.3) ORDER BY slot_lo LIMIT {most}"
    );
    let mut rows: Vec<(u64, u64)> = query::rows(client, "the ledger", &sql).await?;
    let read_to = rows.last().map_or(0, |(_, hi)| *hi);
    let sql = "SELECT DISTINCT slot_lo, slot_hi FROM gaps WHERE state = 'accepted'";
    let given_up: Vec<(u64, u64)> = query::rows(client, "accepted gaps", sql).await?;
    rows.extend(given_up.into_iter().filter(|(_, hi)| *hi < read_to));
    rows.sort_unstable();
    let mut next = after;
    for (lo, hi) in rows {
        if lo > next {
            break;
        }
        next = next.max(hi.saturating_add(1));
    }
    let end = next.saturating_sub(1).min(finalized);
    Ok((end >= after).then_some(end))
}
