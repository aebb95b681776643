//! Puts a copy in the place of a database that nobody has open.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hypernode_schemas::state::sqlite_migrations;
use rusqlite::{Connection, params};

use super::backup::{self, Part};
use super::modes::FILES;
use super::options::Options;
use super::pair::{self, beside, file_of, length};
use super::{connect, fault, migrate};
use crate::error::{BackupError, OpenError, RestoreError};

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Bytes of the database.
    pub bytes: u64,
    /// Its newest migration; later ones are applied when it is next opened.
    pub schema: u32,
    /// Where what was there before is now, if anything was.
    pub aside: Option<PathBuf>,
}

/// Copies the database at `from` to `path`: checked first, given its name last. What is at `path`, with its log, gets the
/// name `path` + `.before-` + `stamp`; nothing is overwritten. Blocks.
///
/// # Errors
/// [`RestoreError`]; the database is then as it was.
pub fn restore(from: &Path, path: &Path, stamp: &str) -> Result<Restored, RestoreError> {
    let source = source(from)?;
    let part = Part::create(path).map_err(RestoreError::Copy)?;
    let copied = backup::copy_from(&source, from, &part.path, Duration::from_secs(5));
    let schema = copied.map_err(|error| match error {
        BackupError::Unsound { detail, .. } => RestoreError::Unsound {
            path: from.to_owned(),
            detail,
        },
        other => other.into(),
    })?;
    let number = begin_anew(&part.path, from)?;
    // Whoever has it open holds the lock for as long; a process that opens it meanwhile finds the name gone.
    let _alone = alone(path)?;
    let aside = set_aside(path, stamp)?;
    match part.publish(path) {
        Ok(bytes) => {
            // From now on a database that is lost is told as lost.
            pair::write_for_copy(path, number).map_err(|error| moving(&file_of(path), &error))?;
            Ok(Restored {
                bytes,
                schema,
                aside,
            })
        }
        Err(error) => {
            if let Some(aside) = &aside {
                put_back(path, aside);
            }
            Err(RestoreError::Copy(error))
        }
    }
}

/// Ends in the copy what must not come to life again, sessions and challenges, and says so in the trail; the copy's number.
fn begin_anew(copy: &Path, from: &Path) -> Result<i32, RestoreError> {
    let ended = || -> rusqlite::Result<i32> {
        let mut conn = Connection::open(copy)?;
        let change = conn.transaction()?;
        change.execute("DELETE FROM sessions", [])?;
        change.execute("DELETE FROM nonces", [])?;
        let sql = "INSERT INTO audit (at, actor, action, subject, detail) VALUES (?1, 'this machine', 'store.restore', 'store', ?2)";
        change.execute(sql, params![now_ms(), format!("from {}", from.display())])?;
        change.commit()?;
        pair::number_of(&conn)
    };
    ended().map_err(|error| {
        let failed = fault::store_error(copy, &error, Duration::ZERO);
        RestoreError::Copy(BackupError::Store(failed))
    })
}

/// Opens what is to be restored, and sees that this program knows it. Of a damaged log it takes what can be read.
fn source(from: &Path) -> Result<Connection, RestoreError> {
    if length(from) == 0 {
        return Err(RestoreError::NoCopy {
            path: from.to_owned(),
        });
    }
    match pair::judge(from, pair::known(from)) {
        Err(strange @ OpenError::StrangeLog { .. }) => return Err(strange.into()),
        Err(other) => tracing::warn!("what can be read of it is restored: {other}"),
        Ok(()) => {}
    }
    let options = Options::default();
    let failed = |error: rusqlite::Error| connect::open_error(from, &error, &options);
    let conn = connect::for_reading(from, options.lock_wait).map_err(failed)?;
    let applied = migrate::newest(&conn).map_err(failed)?;
    // Also says what is no database of ours, and which migration differs.
    migrate::next(&conn, from, &options, sqlite_migrations())?;
    if applied.is_none() {
        return Err(RestoreError::NoCopy {
            path: from.to_owned(),
        });
    }
    Ok(conn)
}

fn alone(path: &Path) -> Result<Option<File>, RestoreError> {
    let own = file_of(path);
    let file = match OpenOptions::new()
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&own)
    {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(moving(&own, &error)),
    };
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => Err(RestoreError::InUse {
            path: path.to_owned(),
        }),
        // Where there are no locks the caller's own has to do.
        _ => Ok(Some(file)),
    }
}

/// Renames the database and what lies beside it; the new name of the database.
fn set_aside(path: &Path, stamp: &str) -> Result<Option<PathBuf>, RestoreError> {
    let aside = beside(path, &format!(".before-{stamp}"));
    let there: Vec<&str> = FILES
        .into_iter()
        .filter(|suffix| fs::symlink_metadata(beside(path, suffix)).is_ok())
        .collect();
    if there.is_empty() {
        return Ok(None);
    }
    for suffix in FILES {
        let taken = beside(&aside, suffix);
        if fs::symlink_metadata(&taken).is_ok() {
            return Err(RestoreError::Copy(BackupError::TargetExists {
                path: taken,
            }));
        }
    }
    for suffix in there {
        let (old, new) = (beside(path, suffix), beside(&aside, suffix));
        if let Err(error) = fs::rename(&old, &new) {
            put_back(path, &aside);
            return Err(moving(&old, &error));
        }
    }
    Ok(Some(aside))
}

fn put_back(path: &Path, aside: &Path) {
    for suffix in FILES {
        let (old, new) = (beside(aside, suffix), beside(path, suffix));
        if fs::symlink_metadata(&old).is_ok()
            && let Err(error) = fs::rename(&old, &new)
        {
            tracing::error!(%error, from = %old.display(), to = %new.display(), "a file of the store could not be put back: rename it by hand");
        }
    }
}

fn moving(path: &Path, error: &std::io::Error) -> RestoreError {
    RestoreError::Aside {
        path: path.to_owned(),
        why: error.to_string(),
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis().try_into().unwrap_or(i64::MAX))
}
