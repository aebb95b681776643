//! Sets of IDLs that rows were decoded with: the table `idl_sets`.

use crate::client::{Client, WarehouseError};
use crate::literal::{bytes, string};

/// Keeps a set, if it is not kept yet. Before any ledger row names it.
///
/// # Errors
/// What ClickHouse said.
pub async fn keep(client: &Client, hash: &[u8; 32], programs: &str) -> Result<(), WarehouseError> {
    if load(client, hash).await?.is_some() {
        return Ok(());
    }
    let (hash, programs) = (bytes(hash), string(programs));
    let sql = format!("INSERT INTO idl_sets (hash, programs) VALUES ({hash}, {programs})");
    client.execute(&sql).await
}

/// A set by its hash; `None` where none is kept.
///
/// # Errors
/// What ClickHouse said.
pub async fn load(client: &Client, hash: &[u8; 32]) -> Result<Option<String>, WarehouseError> {
    let hash = bytes(hash);
    let sql = format!("SELECT programs FROM idl_sets WHERE hash = {hash} LIMIT 1");
    Ok(client.rows::<String>(&sql).await?.pop())
}
