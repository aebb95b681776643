//! Brings a database to this program's schema: numbered files in order, then tables derived from IDLs.

mod layout;
mod place;
mod tables;

use std::collections::BTreeMap;

use hypernode_schemas::clickhouse::{Migration, migrations};

use crate::client::{Client, WarehouseError};
use crate::fail;
use crate::literal::string;

pub(crate) use self::layout::ADDED;
pub use self::tables::{Placement, evolve_tables};

/// What [`migrate`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationReport {
    /// Names of the files applied now, in order.
    pub applied: Vec<String>,
    /// Files that had been applied before.
    pub present: usize,
}

/// Applies what is missing. Safe to run at every start and after an interrupted run.
///
/// # Errors
/// [`WarehouseError::Conflict`] if an applied file's text differs from this program's, or the database holds
/// files that this program does not know; else what ClickHouse said.
pub async fn migrate(client: &Client) -> Result<MigrationReport, WarehouseError> {
    apply(client, migrations()).await
}

async fn apply(client: &Client, files: &[Migration]) -> Result<MigrationReport, WarehouseError> {
    // The first file makes the table that remembers the others; it runs always and changes nothing twice.
    if let Some(first) = files.first() {
        client.execute(first.sql).await?;
    }
    let done = applied(client).await?;
    judge(files, &done)?;
    let mut report = MigrationReport {
        applied: Vec::new(),
        present: 0,
    };
    for file in files {
        if done.contains_key(&file.id) {
            report.present += 1;
            continue;
        }
        // Statements say IF NOT EXISTS: a crash between a file and its record repeats the file harmlessly.
        client.execute(file.sql).await?;
        fail::point("migrate.step");
        let record = format!(
            "INSERT INTO schema_migrations (id, name, checksum, applied_at) SELECT {}, {}, {}, now64(3)",
            file.id,
            string(file.name),
            string(&file.checksum())
        );
        client.execute(&record).await?;
        fail::point("migrate.recorded");
        report.applied.push(file.name.to_owned());
    }
    Ok(report)
}

/// Name and checksum by id, as recorded.
async fn applied(client: &Client) -> Result<BTreeMap<u32, (String, String)>, WarehouseError> {
    let sql = "SELECT id, name, toString(checksum) FROM schema_migrations ORDER BY id";
    let rows = client.rows::<(u32, String, String)>(sql).await?;
    Ok(rows
        .into_iter()
        .map(|(id, name, checksum)| (id, (name, checksum)))
        .collect())
}

/// Compares the past with this program's files.
fn judge(
    files: &[Migration],
    done: &BTreeMap<u32, (String, String)>,
) -> Result<(), WarehouseError> {
    for (id, (name, checksum)) in done {
        let Some(file) = files.iter().find(|file| file.id == *id) else {
            return Err(WarehouseError::Conflict(format!(
                "the database holds schema file {id:04}_{name}, which this version does not know: it was written by \
                 a newer hypernode; update, or choose another database"
            )));
        };
        if file.checksum() != *checksum {
            return Err(WarehouseError::Conflict(format!(
                "schema file {id:04}_{name} was applied with checksum {checksum}, this version has {}: applied files \
                 must not change; use the version that wrote this database, or another database",
                file.checksum()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [Migration; 2] = [
        Migration {
            id: 1,
            name: "a",
            sql: "CREATE TABLE a",
        },
        Migration {
            id: 2,
            name: "b",
            sql: "CREATE TABLE b",
        },
    ];

    fn done(entries: &[(u32, &str, &str)]) -> BTreeMap<u32, (String, String)> {
        let checksum = |sql: &str| blake3::hash(sql.as_bytes()).to_hex().to_string();
        entries
            .iter()
            .map(|(id, name, sql)| (*id, ((*name).to_owned(), checksum(sql))))
            .collect()
    }

    #[test]
    fn a_changed_past_and_a_newer_database_are_refused_in_one_line() {
        assert!(judge(&FILES, &done(&[(1, "a", "CREATE TABLE a")])).is_ok());
        let changed = judge(&FILES, &done(&[(1, "a", "CREATE TABLE other")]))
            .unwrap_err()
            .to_string();
        assert!(
            changed.contains("0001_a") && !changed.contains('\n'),
            "{changed}"
        );
        let newer = judge(&FILES, &done(&[(9, "z", "")]))
            .unwrap_err()
            .to_string();
        assert!(
            newer.contains("0009_z") && newer.contains("newer"),
            "{newer}"
        );
    }
}
