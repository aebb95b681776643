//! What may stand where a database is expected, and migrations that are not this program's.

use std::path::{Path, PathBuf};

use futures::executor::block_on;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::accounts::WalletEnsure;
use crate::ids::Address;
use crate::store::StoreExt;

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    (folder, path)
}

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, Options::default())
}

fn files() -> Vec<Migration> {
    sqlite_migrations().to_vec()
}

#[test]
fn migrations_are_applied_once_and_recorded() {
    let (_folder, path) = place();
    let half = &files()[..6];
    drop(SqliteStore::open_with(&path, Options::default(), half).unwrap());
    for _ in 0..2 {
        let store = open(&path).unwrap();
        block_on(store.run(WalletEnsure {
            wallet: Address([1; 32]),
            at: 0,
        }))
        .unwrap();
    }
    let conn = Connection::open(&path).unwrap();
    let mut statement = conn
        .prepare("SELECT id, name, checksum FROM schema_migrations ORDER BY id")
        .unwrap();
    let rows: Vec<(u32, String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let expected: Vec<_> = files()
        .iter()
        .map(|file| (file.id, file.name.to_owned(), file.checksum()))
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn a_changed_past_is_refused() {
    let (_folder, path) = place();
    drop(open(&path).unwrap());
    let mut changed = files();
    changed[3].sql = "CREATE TABLE nonces (x)";
    let error = SqliteStore::open_with(&path, Options::default(), &changed).unwrap_err();
    let name = "nonces".to_owned();
    assert_eq!(error, OpenError::Changed { path, id: 4, name });
    assert!(error.to_string().contains("restore a backup"), "{error}");
}

#[test]
fn a_gap_is_refused() {
    let (_folder, path) = place();
    let without: Vec<Migration> = files().into_iter().filter(|file| file.id != 9).collect();
    drop(SqliteStore::open_with(&path, Options::default(), &without).unwrap());
    let error = open(&path).unwrap_err();
    let name = "leases".to_owned();
    assert_eq!(error, OpenError::Gap { path, id: 9, name });
}

#[test]
fn a_newer_database_is_refused_and_not_touched() {
    let (_folder, path) = place();
    let mut newer = files();
    let known = newer.last().unwrap().id;
    let next = Migration {
        id: known + 1,
        name: "future",
        sql: "CREATE TABLE future (x INTEGER) STRICT",
    };
    newer.push(next);
    drop(SqliteStore::open_with(&path, Options::default(), &newer).unwrap());
    let before = std::fs::read(&path).unwrap();
    let error = open(&path).unwrap_err();
    let found = known + 1;
    assert_eq!(
        error,
        OpenError::Newer {
            path: path.clone(),
            found,
            known
        }
    );
    assert!(error.to_string().contains("newer program"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    // The program that made it goes on.
    drop(SqliteStore::open_with(&path, Options::default(), &newer).unwrap());
}

#[test]
fn a_migration_that_fails_leaves_no_trace() {
    let (_folder, path) = place();
    drop(open(&path).unwrap());
    let mut broken = files();
    broken.push(Migration {
        id: broken.last().unwrap().id + 1,
        name: "broken",
        sql: "CREATE TABLE half (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);",
    });
    let error = SqliteStore::open_with(&path, Options::default(), &broken).unwrap_err();
    assert!(
        matches!(&error, OpenError::Migration { name, .. } if name == "broken"),
        "{error}"
    );
    let conn = Connection::open(&path).unwrap();
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'half'";
    assert_eq!(
        conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(),
        0
    );
    drop(conn);
    drop(open(&path).unwrap());
}

#[test]
fn a_file_that_is_no_database_is_refused_and_not_touched() {
    let (_folder, path) = place();
    let text = "a letter to somebody\n".repeat(500);
    std::fs::write(&path, &text).unwrap();
    let error = open(&path).unwrap_err();
    assert_eq!(error, OpenError::NotADatabase { path: path.clone() });
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn another_programs_database_is_refused_and_not_touched() {
    for application in [0, 77] {
        let (_folder, path) = place();
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("CREATE TABLE theirs (x)").unwrap();
        conn.pragma_update(None, "application_id", application)
            .unwrap();
        drop(conn);
        let before = std::fs::read(&path).unwrap();
        let error = open(&path).unwrap_err();
        let found = application;
        assert_eq!(
            error,
            OpenError::Foreign {
                path: path.clone(),
                found
            }
        );
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[test]
fn a_folder_or_a_file_in_the_way_is_named() {
    let (folder, path) = place();
    std::fs::create_dir(&path).unwrap();
    let error = open(&path).unwrap_err();
    assert!(
        matches!(&error, OpenError::Path { path: named, .. } if *named == path),
        "{error}"
    );
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = open(&file.join("state.db")).unwrap_err();
    assert!(matches!(error, OpenError::Path { .. }), "{error}");
}

#[test]
fn an_empty_file_becomes_a_database() {
    let (_folder, path) = place();
    std::fs::write(&path, "").unwrap();
    drop(open(&path).unwrap());
}

#[test]
fn a_commit_is_synced_and_references_are_kept() {
    let (_folder, path) = place();
    connect::create(&path).unwrap();
    let options = Options::default();
    let conn = connect::writer(&path, &options).unwrap();
    connect::write_ahead(&conn, &path, &options).unwrap();
    let value = |pragma: &str| {
        conn.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0))
            .unwrap()
    };
    assert_eq!((value("synchronous"), value("foreign_keys")), (2, 1));
    let mode: String = conn
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    let reader = connect::reader(&path, options.lock_wait).unwrap();
    assert!(reader.execute_batch("CREATE TABLE x (y)").is_err());
}

#[test]
fn a_closed_store_has_finished_what_it_was_given() {
    let (_folder, path) = place();
    let store = open(&path).unwrap();
    let sent: Vec<_> = (0..200)
        .map(|number| {
            let op = WalletEnsure {
                wallet: Address([number; 32]),
                at: 0,
            };
            store.send([op.into()].into_iter().collect()).unwrap()
        })
        .collect();
    drop(store);
    for answer in sent {
        block_on(answer).unwrap().unwrap();
    }
    let mut log = path.into_os_string();
    log.push("-wal");
    assert!(
        !Path::new(&log).exists(),
        "the last one to close leaves no log"
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_told_as_such() {
    use std::io::ErrorKind;
    let path = Path::new("/data/state.db");
    for kind in [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem] {
        let error = connect::not_writable(path, &kind.into());
        let says = error.to_string();
        assert!(
            says.contains("the store writes in /data") && says.contains("give this user"),
            "{says}"
        );
    }
    let error = connect::not_writable(path, &ErrorKind::StorageFull.into());
    assert!(error.to_string().contains("the disk is full"), "{error}");
}
