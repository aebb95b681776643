//! Files and connections.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::fault;
use super::options::Options;
use super::pair::beside;
use super::values::Count;
use crate::error::{OpenError, StoreError};

/// Says that a database is ours: "HNST".
pub(super) const APPLICATION: i32 = 0x484e_5354;
/// Bytes of a page: SQLite's default, stated because sizes are computed with it.
pub(super) const PAGE: u64 = 4096;
/// A log that grew larger than this while somebody read for long is cut when it starts anew.
const LOG_KEPT: u64 = 128 << 20;

/// Closing any handle of a file releases the process's locks on it, so that no database of ours may be opened in the
/// moment between making its file and closing the handle.
static CREATING: Mutex<()> = Mutex::new(());

/// Makes the folder (0700) where it is missing.
pub(super) fn folder(path: &Path) -> Result<(), OpenError> {
    let folder = folder_of(path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| not_writable(folder, &error))
}

/// Makes the file (0600) where it is missing.
pub(super) fn create(path: &Path) -> Result<(), OpenError> {
    let _guard = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        // The name must outlive a power cut as surely as what is acknowledged under it.
        Ok(file) => file
            .sync_all()
            .and_then(|()| File::open(folder_of(path))?.sync_all())
            .map_err(|error| not_writable(path, &error)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(not_writable(path, &error)),
    }
}

/// Why a file beside or of a database cannot be made.
pub(super) fn not_writable(path: &Path, error: &std::io::Error) -> OpenError {
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenError::ReadOnly {
            path: path.to_owned(),
            folder: folder_of(path).to_owned(),
            why: error.to_string(),
        },
        ErrorKind::StorageFull => StoreError::DiskFull {
            path: path.to_owned(),
        }
        .into(),
        _ => OpenError::Path {
            path: path.to_owned(),
            why: error.to_string(),
        },
    }
}

pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A connection that writes. Nothing is changed in the file yet, not even its journal mode.
pub(super) fn writer(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let conn = {
        let _guard = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(path, flags)
            .map_err(|error| open_error(path, &error, options))?
    };
    common(&conn, options.lock_wait)
        .and_then(|()| {
            conn.pragma_update(None, "cache_size", -kibibytes(options.cache_bytes))?;
            conn.pragma_update(None, "synchronous", "FULL")?;
            conn.pragma_update(None, "foreign_keys", true)?;
            conn.pragma_update(None, "temp_store", "MEMORY")
        })
        .map_err(|error| open_error(path, &error, options))?;
    Ok(conn)
}

/// Turns the write-ahead log on, once it is certain that the database is ours.
pub(super) fn write_ahead(
    conn: &Connection,
    path: &Path,
    options: &Options,
) -> Result<(), OpenError> {
    let set = || -> rusqlite::Result<String> {
        let mode = conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        conn.pragma_update(None, "journal_size_limit", Count(LOG_KEPT))?;
        if let Some(most) = options.max_bytes {
            conn.pragma_update(None, "max_page_count", Count((most / PAGE).max(1)))?;
        }
        Ok(mode)
    };
    let mode = set().map_err(|error| open_error(path, &error, options))?;
    if mode.eq_ignore_ascii_case("wal") {
        return Ok(());
    }
    Err(OpenError::Path {
        path: path.to_owned(),
        why: format!("this filesystem has no write-ahead log, journal mode stays {mode}"),
    })
}

/// A connection that reads only.
pub(super) fn reader(path: &Path, lock_wait: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = {
        let _guard = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
        Connection::open_with_flags(path, flags)?
    };
    common(&conn, lock_wait)?;
    Ok(conn)
}

/// A connection that reads a database of which only the file counts, whatever log lies beside it. It makes no file.
pub(super) fn without_log(path: &Path) -> rusqlite::Result<Connection> {
    let escaped = path
        .as_os_str()
        .as_bytes()
        .iter()
        .fold(String::new(), |mut text, byte| {
            if byte.is_ascii_alphanumeric() || b"/-_.".contains(byte) {
                text.push(char::from(*byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
            text
        });
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let conn = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?;
    common(&conn, Duration::ZERO)?;
    Ok(conn)
}

/// A connection that only looks, at a database that somebody may have open. Where no log says so nobody has.
pub(super) fn for_reading(path: &Path, lock_wait: Duration) -> rusqlite::Result<Connection> {
    if beside(path, "-wal").exists() {
        reader(path, lock_wait)
    } else {
        without_log(path)
    }
}

fn common(conn: &Connection, lock_wait: Duration) -> rusqlite::Result<()> {
    conn.busy_timeout(lock_wait)?;
    // Else a statement is planned anew whenever another limit is bound: it was a seventh of the writer's time.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Nothing in a file that somebody else wrote gets to run functions.
    conn.pragma_update(None, "trusted_schema", false)
}

fn kibibytes(bytes: usize) -> i64 {
    i64::try_from(bytes >> 10).unwrap_or(i64::MAX)
}

/// Why a store does not open, from what SQLite said.
pub(super) fn open_error(path: &Path, error: &rusqlite::Error, options: &Options) -> OpenError {
    let path_error = |why: String| OpenError::Path {
        path: path.to_owned(),
        why,
    };
    match fault::code(error) {
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase {
            path: path.to_owned(),
        },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => OpenError::ReadOnly {
            path: path.to_owned(),
            folder: folder_of(path).to_owned(),
            why: error.to_string(),
        },
        Some(ErrorCode::CannotOpen) => path_error(error.to_string()),
        _ => match fault::store_error(path, error, options.lock_wait) {
            StoreError::Defect { detail, .. } => path_error(detail),
            other => OpenError::Store(other),
        },
    }
}
