//! A copy of one moment, while the store goes on working.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::connect::{folder_of, reader};
use super::{fault, pair, soundness};
use crate::error::{BackupError, StoreError};
use crate::store::BackupReport;

/// How many pages are copied between two looks; all in one read transaction, so that the copy is of one moment.
const ALL_PAGES: i32 = -1;

/// Copies the database at `from` to `to`: made beside it, checked, then given its name.
pub(super) fn backup(
    from: &Path,
    to: &Path,
    lock_wait: Duration,
) -> Result<BackupReport, BackupError> {
    let begun = Instant::now();
    match fs::symlink_metadata(to) {
        Ok(_) => return Err(exists(to)),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(target(to, &error)),
    }
    let part = Part::create(to)?;
    let source = reader(from, lock_wait).map_err(|error| store(from, &error, lock_wait))?;
    let schema = copy_from(&source, from, &part.path, lock_wait)?;
    let bytes = part.publish(to)?;
    Ok(BackupReport {
        bytes,
        schema,
        took: begun.elapsed(),
    })
}

fn exists(path: &Path) -> BackupError {
    BackupError::TargetExists {
        path: path.to_owned(),
    }
}

fn target(path: &Path, error: &std::io::Error) -> BackupError {
    let path = path.to_owned();
    match error.kind() {
        ErrorKind::StorageFull => BackupError::NoRoom { path },
        _ => BackupError::Target {
            path,
            why: error.to_string(),
        },
    }
}

/// The unfinished copy; removed unless it was published.
pub(super) struct Part {
    pub(super) path: PathBuf,
}

impl Part {
    pub(super) fn create(to: &Path) -> Result<Self, BackupError> {
        let mut name = to.as_os_str().to_owned();
        name.push(format!(".part-{}", std::process::id()));
        let path = PathBuf::from(name);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| target(&path, &error))?;
        Ok(Self { path })
    }

    /// Makes the copy durable and gives it its name, unless somebody else has taken it.
    pub(super) fn publish(self, to: &Path) -> Result<u64, BackupError> {
        let failed = |error: std::io::Error| target(to, &error);
        let file = File::open(&self.path).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        // A link, unlike a renaming, never replaces what is there.
        fs::hard_link(&self.path, to).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => exists(to),
            _ => target(to, &error),
        })?;
        let folder = File::open(folder_of(to)).map_err(failed)?;
        folder.sync_all().map_err(failed)?;
        Ok(bytes)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // SQLite's own, where it found no room to take it away.
        let _ = fs::remove_file(pair::beside(&self.path, "-journal"));
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "the unfinished backup stays");
        }
    }
}

/// Copies and checks; the newest migration in the copy.
pub(super) fn copy_from(
    source: &Connection,
    from: &Path,
    part: &Path,
    lock_wait: Duration,
) -> Result<u32, BackupError> {
    let writing = |error: rusqlite::Error| match store(part, &error, lock_wait) {
        // Reading takes no room.
        BackupError::Store(StoreError::DiskFull { path }) => BackupError::NoRoom { path },
        other => other,
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(part, flags).map_err(writing)?;
    let step = {
        let backup = Backup::new(source, &mut copy).map_err(writing)?;
        backup.step(ALL_PAGES).map_err(writing)?
    };
    if step != StepResult::Done {
        return Err(StoreError::Locked {
            path: from.to_owned(),
            waited: lock_wait,
        }
        .into());
    }
    // One file, without a log beside it, is what people copy.
    let sql = "PRAGMA journal_mode = DELETE";
    copy.query_row(sql, [], |_| Ok(())).map_err(writing)?;
    pair::mark(&copy).map_err(writing)?;
    drop(copy);
    check(part, lock_wait)
}

/// Opens the copy anew and has SQLite look at every page and every reference.
fn check(part: &Path, lock_wait: Duration) -> Result<u32, BackupError> {
    let failed = |error: rusqlite::Error| store(part, &error, lock_wait);
    let unsound = |detail: String| BackupError::Unsound {
        path: part.to_owned(),
        detail,
    };
    let conn = reader(part, lock_wait).map_err(failed)?;
    if let Some(detail) = soundness::fault_of(&conn).map_err(failed)? {
        return Err(unsound(detail));
    }
    let sql = "SELECT max(id) FROM schema_migrations";
    conn.query_row(sql, [], |row| row.get(0)).map_err(failed)
}

fn store(path: &Path, error: &rusqlite::Error, lock_wait: Duration) -> BackupError {
    fault::store_error(path, error, lock_wait).into()
}
