//! The tables that hold rows by slot under the ledger, as one: which of them hold rows of some slots, and their removal.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use hypernode_schemas::clickhouse::LEDGER_TABLES;
use hypernode_schemas::table::quote;

use crate::client::{Client, WarehouseError};
use crate::fail;
use crate::literal::string;
use crate::sums::unions;
use crate::writer::delete;

/// Tables whose rows are deleted at once: the engine takes its time to begin one, not to do it.
const PARALLEL: usize = 8;

/// Rows for which `condition` holds, by table; only tables that have some. `names` are tables to look at beside the core
/// ones and every `ev_` and `ix_` table of the database.
///
/// # Errors
/// What ClickHouse said.
pub(crate) async fn rows_where(
    client: &Client,
    names: &[String],
    condition: &str,
) -> Result<Vec<(String, u64)>, WarehouseError> {
    let counts: Vec<String> = filled(client, names)
        .await?
        .iter()
        .map(|table| {
            let (name, table) = (string(table), quote(table));
            format!("SELECT {name} AS t, count() AS n FROM {table} WHERE {condition}")
        })
        .collect();
    let mut found = Vec::new();
    for sql in unions(&counts) {
        let rows = client.rows::<(String, u64)>(&sql).await?;
        found.extend(rows.into_iter().filter(|(_, rows)| *rows > 0));
    }
    Ok(found)
}

/// Removes rows for which `condition` holds from these tables; dies at the fail point `point` after one of them, if told to.
///
/// # Errors
/// What ClickHouse said; then some are removed.
pub(crate) async fn remove_where(
    client: &Client,
    tables: &[(String, u64)],
    condition: &str,
    point: &'static str,
) -> Result<(), WarehouseError> {
    stream::iter(tables.to_vec())
        .map(|(table, _)| async move {
            delete(client, &table, condition).await?;
            fail::point(point);
            Ok(())
        })
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await
}

/// Most tables of many IDLs are empty: the engine knows that without a look.
async fn filled(client: &Client, names: &[String]) -> Result<Vec<String>, WarehouseError> {
    let sql = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' \
               AND ifNull(total_rows, 1) > 0 ORDER BY name";
    let wanted = |name: &String| {
        LEDGER_TABLES.contains(&name.as_str())
            || name.starts_with("ev_")
            || name.starts_with("ix_")
            || names.contains(name)
    };
    let tables = client.rows::<String>(sql).await?;
    Ok(tables.into_iter().filter(wanted).collect())
}
