//! Nodes in SQL.

use rusqlite::{Row, params};

use crate::nodes::{ListNodes, NodeDrop, NodePut, NodeRecord, NodeRefusal};
use crate::sqlite::db::Db;
use crate::sqlite::exec::{Cx, Stop};
use crate::sqlite::values::Count;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, wallet, chain, version, created_at, changed_at, record FROM nodes ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> rusqlite::Result<NodeRecord> {
    let Count(version) = row.get(3)?;
    Ok(NodeRecord {
        id: row.get(0)?,
        wallet: row.get(1)?,
        chain: row.get(2)?,
        version,
        created_at: row.get(4)?,
        changed_at: row.get(5)?,
        record: row.get(6)?,
    })
}

pub(super) fn get(db: &Db<'_>, id: &str) -> rusqlite::Result<Option<NodeRecord>> {
    db.first(select!("WHERE id = ?1"), [id], read)
}

pub(super) fn list(db: &Db<'_>, query: &ListNodes) -> rusqlite::Result<Vec<NodeRecord>> {
    // No id is empty.
    let after = query.after.as_deref().unwrap_or("");
    match query.wallet {
        Some(wallet) => {
            let sql = select!("WHERE wallet = ?3 AND id > ?1 ORDER BY id LIMIT ?2");
            db.all(sql, params![after, query.limit, wallet], read)
        }
        None => {
            let sql = select!("WHERE id > ?1 ORDER BY id LIMIT ?2");
            db.all(sql, params![after, query.limit], read)
        }
    }
}

fn version(cx: &Cx<'_, '_>, id: &str) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT version FROM nodes WHERE id = ?1";
    let version = cx.first(sql, [id], |row| row.get(0))?;
    Ok(version.map(|Count(version)| version))
}

fn stale(id: &str, given: u64, current: u64) -> Stop {
    let id = id.to_owned();
    NodeRefusal::Stale { id, given, current }.into()
}

fn unknown(id: &str) -> Stop {
    NodeRefusal::Unknown { id: id.to_owned() }.into()
}

pub(super) fn put(cx: &Cx<'_, '_>, op: &NodePut) -> Result<u64, Stop> {
    let sql = match version(cx, &op.id)? {
        Some(current) if current != op.version => return Err(stale(&op.id, op.version, current)),
        Some(_) => {
            "UPDATE nodes SET version = version + 1, wallet = ?2, chain = ?3, changed_at = ?4, record = ?5 WHERE id = ?1"
        }
        None if op.version != 0 => return Err(unknown(&op.id)),
        None => {
            "INSERT INTO nodes (id, wallet, chain, version, created_at, changed_at, record) VALUES (?1, ?2, ?3, 1, ?4, ?4, ?5)"
        }
    };
    cx.execute(sql, params![op.id, op.wallet, op.chain, op.at, op.record])?;
    Ok(op.version + 1)
}

pub(super) fn forget(cx: &Cx<'_, '_>, op: &NodeDrop) -> Result<NodeRecord, Stop> {
    let node = get(cx.db, &op.id)?.ok_or_else(|| unknown(&op.id))?;
    if node.version != op.version {
        return Err(stale(&op.id, op.version, node.version));
    }
    cx.execute("DELETE FROM nodes WHERE id = ?1", [&op.id])?;
    Ok(node)
}
