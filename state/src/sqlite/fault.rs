//! What SQLite's errors mean to a caller.

use std::path::Path;
use std::time::Duration;

use rusqlite::ErrorCode;

use crate::error::StoreError;

/// The error's kind, and what was said about it.
pub(super) fn code(error: &rusqlite::Error) -> Option<ErrorCode> {
    error.sqlite_error_code()
}

/// Whether another connection is in the way.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        code(error),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// The typed error of a failed statement; `waited` is how long a busy one was waited for.
pub(super) fn store_error(path: &Path, error: &rusqlite::Error, waited: Duration) -> StoreError {
    let path = path.to_owned();
    let detail = error.to_string();
    match code(error) {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Locked { path, waited }
        }
        Some(ErrorCode::DiskFull) => StoreError::DiskFull { path },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt { path, detail }
        }
        // A filesystem that is short of room for SQLite's shared memory says so as an input or output error.
        Some(ErrorCode::SystemIoFailure) if is_no_room(error) => StoreError::DiskFull { path },
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed,
        ) => StoreError::Io { path, detail },
        _ => StoreError::Defect { path, detail },
    }
}

/// `SQLITE_IOERR_SHMSIZE`: the shared memory of the write-ahead log could not grow.
fn is_no_room(error: &rusqlite::Error) -> bool {
    error
        .sqlite_error()
        .is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
}
