//! A database beside the real one, for rows that are compared and forgotten.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hypernode_schemas::table::{TableRows, quote};
use hypernode_warehouse::{Client, WarehouseError};

/// Names of scratch databases begin so; then the second in which they were made.
const PREFIX: &str = "hypernode_verify_";
/// One that is older was left by a process that died.
const OLD: Duration = Duration::from_secs(24 * 3600);

/// See the module. Tables are in memory, made when first needed as the real ones are.
#[derive(Debug)]
pub(super) struct Scratch {
    client: Client,
    name: String,
    tables: BTreeSet<String>,
}

impl Scratch {
    pub(super) async fn create(client: Client) -> Result<Self, WarehouseError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_secs());
        let sql = format!(
            "SELECT name FROM system.databases WHERE startsWith(name, '{PREFIX}') AND \
             toUInt64OrZero(splitByChar('_', name)[3]) < {}",
            now.saturating_sub(OLD.as_secs())
        );
        for old in client.rows::<String>(&sql).await? {
            client
                .execute(&format!("DROP DATABASE IF EXISTS {}", quote(&old)))
                .await?;
        }
        let name = format!("{PREFIX}{now}_{:08x}", rand::random::<u32>());
        client.execute(&format!("CREATE DATABASE {name}")).await?;
        Ok(Self {
            client,
            name,
            tables: BTreeSet::new(),
        })
    }

    /// The table's name, to be written into SQL; made if it is not there.
    pub(super) async fn table(&mut self, table: &str) -> Result<String, WarehouseError> {
        let name = format!("{}.{}", self.name, quote(table));
        if !self.tables.contains(table) {
            let sql = format!("CREATE TABLE {name} AS {} ENGINE = Memory", quote(table));
            self.client.execute(&sql).await?;
            self.tables.insert(table.to_owned());
        }
        Ok(name)
    }

    pub(super) async fn insert(&mut self, rows: TableRows) -> Result<(), WarehouseError> {
        let table = self.table(&rows.table).await?;
        let client = self.client.raw();
        let mut insert = client.insert_formatted_with(format!("INSERT INTO {table} FORMAT Native"));
        insert.send(rows.native).await?;
        Ok(insert.end().await?)
    }

    /// Forgets all rows.
    pub(super) async fn clear(&self) -> Result<(), WarehouseError> {
        for table in &self.tables {
            let sql = format!("TRUNCATE TABLE {}.{}", self.name, quote(table));
            self.client.execute(&sql).await?;
        }
        Ok(())
    }

    pub(super) async fn drop(self) -> Result<(), WarehouseError> {
        let sql = format!("DROP DATABASE IF EXISTS {}", self.name);
        self.client.execute(&sql).await
    }
}
