//! Evidence and scores of what is stored, beside those of a clean run.

use anyhow::{Result, bail};
use hypernode_analytics::reputation::{FeeAccounts, Keeper, fee_accounts, scores_sql};
use hypernode_schemas::localnet;
use hypernode_warehouse::Client;

use crate::compare::Difference;
use crate::store::{DATABASE, Store, TRUTH};

/// Localnet's fee accounts as a setting.
#[must_use]
pub fn setting() -> String {
    let base58 = |key| bs58::encode(key).into_string();
    format!(
        "{}/{}",
        base58(localnet::treasury()),
        base58(localnet::incentive_pool())
    )
}

/// Brings evidence and scores of both up to what is stored, and adds to `difference` where the evidence up to the last slot
/// that both know is another, and where scores are not those of their own evidence.
///
/// # Errors
/// What ClickHouse said; a side that has no scores at all.
pub async fn compare(store: &Store, difference: &mut Difference) -> Result<()> {
    let accounts = fee_accounts(&setting())?;
    let stored = newest(&store.client, &accounts).await?;
    let clean = newest(&store.truth, &accounts).await?;
    let (Some(stored), Some(clean)) = (stored, clean) else {
        bail!("no scores: stored are those of {stored:?}, of the clean run {clean:?}");
    };
    let slot = stored.0.min(clean.0);
    let side = |database: &str| {
        format!("SELECT DISTINCT * FROM {database}.reputation_evidence WHERE slot <= {slot}")
    };
    let sql = format!(
        "SELECT countIf(n != 2), count() FROM (SELECT count() AS n FROM ({} UNION ALL {}) \
         GROUP BY node, requester, day, kind, program, job, units, slot, signature)",
        side(DATABASE),
        side(TRUTH)
    );
    let rows: Vec<(u64, u64)> = store.client.rows(&sql).await?;
    for (wrong, rows) in rows {
        difference.rows += rows;
        difference.add_derived("reputation_evidence", wrong, slot);
    }
    let (slot, time) = stored;
    let columns =
        "node, day, score, good, bad, requesters, jobs_good, jobs_failed, jobs_expired, since_day";
    let sql = format!(
        "SELECT countIf(n != 2) FROM (SELECT count() AS n FROM \
         (SELECT {columns} FROM (SELECT * FROM reputation_scores FINAL ORDER BY day DESC LIMIT 1 BY node) \
         UNION ALL SELECT {columns} FROM ({})) GROUP BY {columns})",
        scores_sql(slot, time.div_euclid(86_400), "true")
    );
    for wrong in store.client.rows::<u64>(&sql).await? {
        difference.add_derived("reputation_scores", wrong, slot);
    }
    Ok(())
}

/// Slot and block time that scores are of.
async fn newest(client: &Client, accounts: &[FeeAccounts]) -> Result<Option<(u64, i64)>> {
    let mut keeper = Keeper::new(client.clone(), accounts.to_vec());
    while keeper.step().await?.slot.is_some() {}
    let sql = "SELECT slot, block_time FROM reputation_checkpoints ORDER BY slot DESC LIMIT 1";
    Ok(client.rows::<(u64, i64)>(sql).await?.pop())
}
