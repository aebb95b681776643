//! Whether a log belongs to the database that it lies beside, and whether there was a database at all.
//!
//! SQLite replays whatever log lies beside a file, also one of another store: whoever copies a backup over a database
//! whose process was killed would get a mixture of both. So each time the first process opens a store it copies the log into
//! the database and writes a new random number into its header (`user_version`, page 1), into a file beside it, and into each
//! log that is begun ([`stamp`]); a backup gets a number of its own. A log counts only where all agree.
//!
//! The file beside it also says whether the store is open. One that is has a log with something in it: where a killed
//! process's log is gone, what it held is lost, and that is told instead of begun anew without a word.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{connect, fault, log};
use crate::error::{OpenError, StoreError};

/// What is written beside a database: two numbers, both accepted, that differ only while one is being replaced, and whether
/// a log must be there.
const SUFFIX: &str = "-pair";

/// The file beside a database, locked: alone while the database is looked at, shared for as long as it is open.
#[derive(Debug)]
pub(super) struct Pair {
    file: File,
    /// Nobody else has the database open.
    alone: bool,
}

/// What the file beside a database says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    numbers: [i32; 2],
    /// Somebody had it open, and has not closed it in order.
    open: bool,
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
        judge(path, parse(&text))?;
        Ok(Self { file, alone })
    }

    /// Gives the database another number, where nobody else has it open; from then on others may open it too.
    pub(super) fn seal(&self, conn: &Connection, path: &Path) -> Result<(), StoreError> {
        let sealed = if self.alone {
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
        // What a killed process left: with it there the next number would be in the middle of a log.
        if !fold(conn).map_err(sql)? {
            return Ok(());
        }
        let old = number_of(conn).map_err(sql)?;
        let new = random(conn).map_err(sql)?;
        self.write(path, [old, new], false)?;
        conn.pragma_update(None, "user_version", new).map_err(sql)?;
        if !fold(conn).map_err(sql)? {
            // Somebody who asks for no lock reads just now: both numbers stay good.
            return Ok(());
        }
        stamp(conn).map_err(sql)?;
        self.write(path, [new, new], true)
    }

    /// Says that the store is about to be closed in order; whether its log may go then, which is where nobody else has it
    /// open.
    pub(super) fn unseal(&self, path: &Path) -> bool {
        if matches!(self.file.try_lock(), Err(TryLockError::WouldBlock)) {
            return false;
        }
        let Some(Known { numbers, .. }) = known(path) else {
            return true;
        };
        match self.write(path, numbers, false) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "the store closes and cannot say so: its log stays");
                false
            }
        }
    }

    /// In place, for the lock is on this very file; less than a sector, so that it is there whole or not at all.
    fn write(&self, path: &Path, numbers: [i32; 2], open: bool) -> Result<(), StoreError> {
        let text = Known { numbers, open }.text();
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

impl Known {
    /// Always as long, so that it is written over in place.
    fn text(self) -> String {
        let [one, other] = self.numbers;
        let state = if self.open { "open" } else { "done" };
        format!("{one:08x} {other:08x} {state}\n")
    }
}

/// Refuses a log of another database, one that is damaged or gone, and a database that is gone.
pub(super) fn judge(path: &Path, known: Option<Known>) -> Result<(), OpenError> {
    if known.is_some() && length(path) == 0 {
        return Err(OpenError::Lost {
            path: path.to_owned(),
            pair: file_of(path),
        });
    }
    let beside_it = beside(path, "-wal");
    if length(&beside_it) == 0 {
        return match known {
            Some(Known { open: true, .. }) => Err(OpenError::LogGone {
                path: path.to_owned(),
                pair: file_of(path),
            }),
            _ => Ok(()),
        };
    }
    // What is no database is told by whoever opens it.
    let Ok(found) = connect::without_log(path).and_then(|conn| number_of(&conn)) else {
        return Ok(());
    };
    let log = log::read(&beside_it).map_err(|error| connect::not_writable(&beside_it, &error))?;
    let good = match known {
        Some(Known { numbers, .. }) => {
            numbers.contains(&found) && log.numbers.iter().all(|number| numbers.contains(number))
        }
        // Without the file the log itself may say whose it is. A store of before there were numbers has none at all.
        None => match log.numbers.as_slice() {
            [] => found == 0,
            numbers => numbers.iter().all(|number| *number == found),
        },
    };
    if !good {
        return Err(OpenError::StrangeLog {
            path: path.to_owned(),
        });
    }
    if log.has_lost() {
        return Err(OpenError::DamagedLog {
            path: path.to_owned(),
            commits: log.commits,
            lost: log.unread,
        });
    }
    Ok(())
}

/// What is written beside a database.
pub(super) fn known(path: &Path) -> Option<Known> {
    parse(&fs::read_to_string(file_of(path)).ok()?)
}

fn parse(text: &str) -> Option<Known> {
    let mut words = text.split_ascii_whitespace();
    let mut number = || {
        let number = u32::from_str_radix(words.next()?, 16).ok()?;
        Some(number.cast_signed())
    };
    Some(Known {
        numbers: [number()?, number()?],
        open: words.next() == Some("open"),
    })
}

/// Writes the database's number anew, so that the log that has just begun says whose it is.
pub(super) fn stamp(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "user_version", number_of(conn)?)
}

/// Writes what lies beside a copy that is put in a database's place: it is a store, and closed.
pub(super) fn write_for_copy(path: &Path, number: i32) -> std::io::Result<()> {
    let known = Known {
        numbers: [number, number],
        open: false,
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file_of(path))?;
    file.write_all(known.text().as_bytes())?;
    file.sync_all()
}

pub(super) fn number_of(conn: &Connection) -> rusqlite::Result<i32> {
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
