//! Brings a database to this program's schema, or says why it cannot.

use std::collections::BTreeMap;
use std::path::Path;

use hypernode_schemas::state::Migration;
use rusqlite::{Connection, TransactionBehavior, params};

use super::connect::{APPLICATION, open_error};
use super::options::Options;
use crate::error::OpenError;

/// Applies what is missing, each file in a transaction of its own. Nothing is changed where anything is refused.
pub(super) fn migrate(
    conn: &mut Connection,
    path: &Path,
    options: &Options,
    files: &[Migration],
) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| open_error(path, &error, options);
    loop {
        let transaction = conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        // Looked at anew each time: another process may be doing the same.
        let Some(file) = next(&transaction, path, options, files)? else {
            return transaction.rollback().map_err(failed);
        };
        let apply = || -> rusqlite::Result<()> {
            transaction.execute_batch(file.sql)?;
            let sql = "INSERT INTO schema_migrations (id, name, checksum) VALUES (?1, ?2, ?3)";
            transaction.execute(sql, params![file.id, file.name, file.checksum()])?;
            transaction.pragma_update(None, "application_id", APPLICATION)
        };
        let broken = |error: rusqlite::Error| OpenError::Migration {
            path: path.to_owned(),
            id: file.id,
            name: file.name.to_owned(),
            detail: error.to_string(),
        };
        apply().map_err(broken)?;
        transaction.commit().map_err(broken)?;
    }
}

/// The first file that was not applied; an error where the past is not this program's.
pub(super) fn next<'f>(
    conn: &Connection,
    path: &Path,
    options: &Options,
    files: &'f [Migration],
) -> Result<Option<&'f Migration>, OpenError> {
    let failed = |error: rusqlite::Error| open_error(path, &error, options);
    let found: i32 = conn
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(failed)?;
    if found != APPLICATION {
        let sql = "SELECT count(*) FROM sqlite_schema";
        let tables: i64 = conn.query_row(sql, [], |row| row.get(0)).map_err(failed)?;
        if found != 0 || tables != 0 {
            let path = path.to_owned();
            return Err(OpenError::Foreign { path, found });
        }
        return Ok(files.first());
    }
    judge(path, files, &applied(conn).map_err(failed)?)
}

/// The newest migration of a database of ours; none in an empty one, and in another program's.
pub(super) fn newest(conn: &Connection) -> rusqlite::Result<Option<u32>> {
    let found: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if found != APPLICATION {
        return Ok(None);
    }
    Ok(applied(conn)?.keys().next_back().copied())
}

/// Checksum by id, as recorded.
fn applied(conn: &Connection) -> rusqlite::Result<BTreeMap<u32, String>> {
    let sql = "SELECT id, checksum FROM schema_migrations ORDER BY id";
    conn.prepare(sql)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Compares the past with this program's files.
fn judge<'f>(
    path: &Path,
    files: &'f [Migration],
    applied: &BTreeMap<u32, String>,
) -> Result<Option<&'f Migration>, OpenError> {
    let newest = applied.keys().next_back().copied().unwrap_or(0);
    let known = files.last().map_or(0, |file| file.id);
    if newest > known {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found: newest,
            known,
        });
    }
    for file in files.iter().filter(|file| file.id <= newest) {
        let (path, id, name) = (path.to_owned(), file.id, file.name.to_owned());
        match applied.get(&file.id) {
            None => return Err(OpenError::Gap { path, id, name }),
            Some(checksum) if *checksum != file.checksum() => {
                return Err(OpenError::Changed { path, id, name });
            }
            Some(_) => {}
        }
    }
    Ok(files.iter().find(|file| file.id > newest))
}
