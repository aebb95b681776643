//! Whether a log belongs to the database that it lies beside, and whether there was a database at all.
//!
//! SQLite replays whatever log lies beside a file, also one of another store: whoever copies a backup over a database
//! whose process was killed would get a mixture of both. So each time the first process opens a store that was closed in
//! order, it writes a new random number into the database's header (`user_version`, page 1, copied out of the log before
//! anything else happens) and into a file beside it; a backup gets a number of its own. A log counts only where both agree.
//! That is enough without looking at every page: the header of every state that a log may follow holds its number.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{connect, fault};
use crate::error::{OpenError, StoreError};

/// What is written beside a database: two numbers, both accepted, that differ only while one is being replaced.
const SUFFIX: &str = "-pair";

/// The file beside a database, locked: alone while the database is looked at, shared for as long as it is open.
#[derive(Debug)]
pub(super) struct Pair {
    file: File,
    /// Nobody else has the database open, and no log is left of before.
    fresh: bool,
}

/// A file beside a database.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The file of the numbers.
pub(super) fn file_of(path: &Path) -> PathBuf {
    beside(path, SUFFIX)
}

impl Pair {
    /// Looks before SQLite does. Nothing is changed but that the file is made where it is missing.
    pub(super) fn look(path: &Path) -> Result<Self, OpenError> {
        let own = file_of(path);
        let failed = |error: std::io::Error| connect::not_writable(&own, &error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&own)
            .map_err(failed)?;
        let alone = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => {
                file.lock_shared().map_err(failed)?;
                false
            }
            // A filesystem without locks: numbers are compared, and never replaced.
            Err(TryLockError::Error(_)) => false,
        };
        let mut text = String::new();
        // What is no text states no number.
        let _ = (&mut file).take(64).read_to_string(&mut text);
        judge(path, numbers(&text))?;
        Ok(Self {
            file,
            fresh: alone && length(&beside(path, "-wal")) == 0,
        })
    }

    /// Gives the database another number, where nobody else has it open; from then on others may open it too.
    pub(super) fn seal(&self, conn: &Connection, path: &Path) -> Result<(), StoreError> {
        let sealed = if self.fresh {
            self.renew(conn, path)
        } else {
            Ok(())
        };
        // Where locks are not to be had there is none to share.
        let _ = self.file.unlock();
        let _ = self.file.lock_shared();
        sealed
    }

    fn renew(&self, conn: &Connection, path: &Path) -> Result<(), StoreError> {
        let sql =
            |error: rusqlite::Error| fault::store_error(path, &error, std::time::Duration::ZERO);
        let old = number_of(conn).map_err(sql)?;
        let new = random(conn).map_err(sql)?;
        self.write(path, old, new)?;
        conn.pragma_update(None, "user_version", new).map_err(sql)?;
        if !fold(conn).map_err(sql)? {
            // Somebody who asks for no lock reads just now: both numbers stay good.
            return Ok(());
        }
        self.write(path, new, new)
    }

    /// In place, for the lock is on this very file; less than a sector, so that it is there whole or not at all.
    fn write(&self, path: &Path, one: i32, other: i32) -> Result<(), StoreError> {
        let text = format!("{one:08x} {other:08x}\n");
        let written = self.file.write_all_at(text.as_bytes(), 0);
        written
            .and_then(|()| self.file.sync_all())
            .map_err(|error| match error.kind() {
                ErrorKind::StorageFull => StoreError::DiskFull {
                    path: path.to_owned(),
                },
                _ => StoreError::Io {
                    path: file_of(path),
                    detail: error.to_string(),
                },
            })
    }
}

/// Refuses a log of another database, and a database that is gone.
pub(super) fn judge(path: &Path, known: Option<[i32; 2]>) -> Result<(), OpenError> {
    if known.is_some() && length(path) == 0 {
        return Err(OpenError::Lost {
            path: path.to_owned(),
            pair: file_of(path),
        });
    }
    if length(&beside(path, "-wal")) == 0 {
        return Ok(());
    }
    // What is no database is told by whoever opens it.
    let Ok(found) = connect::without_log(path).and_then(|conn| number_of(&conn)) else {
        return Ok(());
    };
    // A store that was made before there were numbers has none, and no file.
    let good = known.map_or(found == 0, |known| known.contains(&found));
    good.then_some(()).ok_or_else(|| OpenError::StrangeLog {
        path: path.to_owned(),
    })
}

/// The numbers that are written beside a database.
pub(super) fn known(path: &Path) -> Option<[i32; 2]> {
    numbers(&fs::read_to_string(file_of(path)).ok()?)
}

fn numbers(text: &str) -> Option<[i32; 2]> {
    let (one, other) = text.trim_end().split_once(' ')?;
    let number = |text| u32::from_str_radix(text, 16).ok().map(u32::cast_signed);
    Some([number(one)?, number(other)?])
}

fn number_of(conn: &Connection) -> rusqlite::Result<i32> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Never 0, which is what a database without a number has.
fn random(conn: &Connection) -> rusqlite::Result<i32> {
    conn.query_row("SELECT 1 + abs(random() % 2147483647)", [], |row| {
        row.get(0)
    })
}

/// Gives a copy a number of its own: no log that lies about is its.
pub(super) fn mark(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "user_version", random(conn)?)
}

/// Copies the log into the database and empties it; whether nobody stood in the way.
pub(super) fn fold(conn: &Connection) -> rusqlite::Result<bool> {
    let busy: i64 = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}

/// Bytes of a file; 0 if it is not there.
pub(super) fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |of| of.len())
}
