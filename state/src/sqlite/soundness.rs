//! SQLite's own look at every page and every reference of a database.

use rusqlite::Connection;

/// What is wrong with it; nothing if it is sound.
pub(super) fn fault_of(conn: &Connection) -> rusqlite::Result<Option<String>> {
    let verdict: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Ok(Some(verdict));
    }
    let dangling = conn.prepare("PRAGMA foreign_key_check")?.exists([])?;
    Ok(dangling.then(|| "a row refers to one that is missing".to_owned()))
}
