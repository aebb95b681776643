//! Certificates of what is stored, beside the blocks of a clean run.

use anyhow::Result;

use crate::compare::Difference;
use crate::store::{DATABASE, Store, TRUTH};

/// Every slot up to `to` must be vouched for once, by certificates that hang together and name the clean run's blocks;
/// adds those that do not to `difference`.
///
/// # Errors
/// What ClickHouse said.
pub(crate) async fn compare(store: &Store, to: u64, difference: &mut Difference) -> Result<()> {
    let blocks = |database: &str| {
        format!(
            "SELECT slot, blockhash, parent_slot, parent_blockhash, executed_transactions, transactions, \
             failed_transactions FROM {database}.blocks WHERE slot <= {to}"
        )
    };
    // A certificate beside the blocks of the clean run between its slots, and the certificate before it.
    let sql = format!(
        "SELECT countIf(NOT good) + toUInt64(max(slot_hi) != {to}), count() FROM (SELECT c.slot_hi AS slot_hi, \
           c.status = 'proven' AND c.blocks = b.n AND c.transactions_executed = b.executed \
           AND c.transactions_matched = b.matched AND c.transactions_failed = b.failed \
           AND c.skipped = c.slot_hi - c.slot_lo + 1 - b.n \
           AND (b.n = 0 OR (c.last_block_slot = b.last AND c.last_blockhash = b.hash)) \
           AND (c.first OR (c.slot_lo = c.before + 1 AND c.parent_blockhash = c.hash_before)) AS good \
         FROM (SELECT *, row_number() OVER w = 1 AS first, lagInFrame(slot_hi) OVER w AS before, \
                 lagInFrame(last_blockhash) OVER w AS hash_before FROM {DATABASE}.certificates WHERE slot_hi <= {to} \
               WINDOW w AS (ORDER BY slot_lo ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)) AS c \
         LEFT JOIN (SELECT k.slot_lo AS slot_lo, count() AS n, sum(executed_transactions) AS executed, \
                 sum(toUInt64(transactions)) AS matched, sum(toUInt64(failed_transactions)) AS failed, \
                 max(t.slot) AS last, argMax(t.blockhash, t.slot) AS hash FROM ({}) AS t \
               CROSS JOIN (SELECT slot_lo, slot_hi FROM {DATABASE}.certificates WHERE slot_hi <= {to}) AS k \
               WHERE t.slot BETWEEN k.slot_lo AND k.slot_hi GROUP BY k.slot_lo) AS b ON c.slot_lo = b.slot_lo)",
        blocks(TRUTH)
    );
    for (wrong, all) in store.client.rows::<(u64, u64)>(&sql).await? {
        difference.rows += all;
        difference.add_derived("certificates", wrong.max(u64::from(all == 0)), to);
    }
    Ok(())
}
