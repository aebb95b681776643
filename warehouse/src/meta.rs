//! What the whole database is bound to: `hypernode_meta`.

use crate::client::{Client, WarehouseError};
use crate::literal::string;

/// The value under `key`, if any.
///
/// # Errors
/// What ClickHouse said.
pub async fn get(client: &Client, key: &str) -> Result<Option<String>, WarehouseError> {
    let sql = format!(
        "SELECT value FROM hypernode_meta WHERE key = {} LIMIT 1",
        string(key)
    );
    Ok(client.rows::<String>(&sql).await?.into_iter().next())
}

/// Binds `key` to `value` for good: stores it if the key is new, and compares it otherwise.
///
/// # Errors
/// [`WarehouseError::Conflict`] naming key and both values if the key is bound to another value.
pub async fn bind(client: &Client, key: &str, value: &str) -> Result<(), WarehouseError> {
    match get(client, key).await? {
        Some(bound) if bound == value => Ok(()),
        Some(bound) => Err(WarehouseError::Conflict(format!(
            "this database is bound to {key} {bound}, not {value}: use another data directory or database"
        ))),
        None => {
            let sql = format!(
                "INSERT INTO hypernode_meta (key, value) SELECT {}, {}",
                string(key),
                string(value)
            );
            client.execute(&sql).await
        }
    }
}

/// Remembers that tokens of earlier epochs are spent.
pub(crate) async fn record_epoch(client: &Client, epoch: u32) -> Result<(), WarehouseError> {
    let sql = format!("INSERT INTO hypernode_meta (key, value) SELECT 'epoch', '{epoch}'");
    client.execute(&sql).await
}
