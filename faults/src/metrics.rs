//! Changes and sums of what is stored, beside those of a clean run, and figures beside their definitions.

use anyhow::{Result, bail};
use hypernode_analytics::metrics::Figures;
use hypernode_analytics::rollup::Keeper;
use hypernode_warehouse::Client;

use crate::compare::Difference;
use crate::store::{DATABASE, Store, TRUTH};

/// Brings the sums of both up to what is stored; adds to `difference` where changes up to the last slot that both know are
/// others, and where a figure is not what its definition over all facts says at slot `to`.
///
/// # Errors
/// What ClickHouse said; a side that has no sums at all.
pub(crate) async fn compare(store: &Store, to: u64, difference: &mut Difference) -> Result<()> {
    let (stored, clean) = (newest(&store.client).await?, newest(&store.truth).await?);
    let (Some(stored), Some(clean)) = (stored, clean) else {
        bail!("no sums: stored are those up to {stored:?}, of the clean run {clean:?}");
    };
    let slot = stored.min(clean);
    for table in ["job_changes", "node_changes"] {
        // Every column but the sign makes a row what it is.
        let columns: Vec<String> = store
            .client
            .rows(&format!(
                "SELECT name FROM system.columns WHERE database = '{DATABASE}' AND table = '{table}'"
            ))
            .await?;
        let side = |database: &str, sign: i8| {
            format!("SELECT *, {sign} AS s FROM {database}.{table} WHERE slot <= {slot}")
        };
        let sql = format!(
            "SELECT countIf(n != 0), count() FROM (SELECT sum(s) AS n FROM ({} UNION ALL {}) GROUP BY {})",
            side(DATABASE, 1),
            side(TRUTH, -1),
            columns.join(", ")
        );
        for (wrong, rows) in store.client.rows::<(u64, u64)>(&sql).await? {
            difference.rows += rows;
            difference.add_derived(table, wrong, slot);
        }
    }
    let kept = Figures::load(&store.client, to).await?;
    let facts = Figures::of_all_facts(&store.client, to).await?;
    if kept != facts {
        difference.add_derived("metrics_hours", 1, to);
        difference.lines.push(format!("{kept:?}, not {facts:?}"));
    }
    Ok(())
}

/// Slot that the sums have reached.
async fn newest(client: &Client) -> Result<Option<u64>> {
    let mut keeper = Keeper::new(client.clone());
    while keeper.step().await?.slot.is_some() {}
    let sql = "SELECT slot FROM metrics_hours FINAL WHERE what = 'checkpoint'";
    Ok(client.rows::<u64>(sql).await?.pop())
}
