//! Rows of accounts into the warehouse.

use hypernode_schemas::table::TableRows;
use hypernode_warehouse::{Client, WarehouseError, fail};

/// Inserts rows, `account_versions` last: an account whose version is there has its other rows too. Doing it again
/// changes nothing, since rows of one key count once.
///
/// # Errors
/// What ClickHouse said; after a retryable error call again with the same rows.
pub(crate) async fn insert(client: &Client, tables: &[TableRows]) -> Result<(), WarehouseError> {
    for rows in tables.iter().rev() {
        let token = blake3::hash(&rows.native).to_hex();
        client
            .insert_native(&rows.table, rows.native.clone(), &token)
            .await?;
        fail::point("account.table");
    }
    Ok(())
}
