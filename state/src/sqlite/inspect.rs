//! Looks at a database and changes nothing, whether somebody has it open or not.

use std::path::{Path, PathBuf};

use hypernode_schemas::state::sqlite_migrations;

use super::options::Options;
use super::pair::{self, beside, length};
use super::{connect, migrate, modes, soundness};
use crate::error::OpenError;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Bytes of the database.
    pub bytes: u64,
    /// Bytes of its log: what is not copied into it yet.
    pub log_bytes: u64,
    /// The newest migration in it, and the newest that this program knows.
    pub schema: (u32, u32),
    /// What SQLite's own check found, if anything.
    pub damage: Option<String>,
    /// Files that others may read, with their modes.
    pub open_to_others: Vec<(PathBuf, u32)>,
}

/// Looks at every page of the database at `path`. Blocks.
///
/// # Errors
/// [`OpenError`] where it would not open either.
pub fn inspect(path: &Path) -> Result<Inspection, OpenError> {
    pair::judge(path, pair::known(path))?;
    if length(path) == 0 {
        return Err(OpenError::Path {
            path: path.to_owned(),
            why: "there is no database".to_owned(),
        });
    }
    let options = Options::default();
    let failed = |error: rusqlite::Error| connect::open_error(path, &error, &options);
    let conn = connect::for_reading(path, options.lock_wait).map_err(failed)?;
    let files = sqlite_migrations();
    migrate::next(&conn, path, &options, files)?;
    Ok(Inspection {
        bytes: length(path),
        log_bytes: length(&beside(path, "-wal")),
        schema: (
            migrate::newest(&conn).map_err(failed)?.unwrap_or(0),
            files.last().map_or(0, |file| file.id),
        ),
        damage: soundness::fault_of(&conn).map_err(failed)?,
        open_to_others: modes::open_to_others(path),
    })
}
