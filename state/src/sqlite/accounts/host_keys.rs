//! Host keys in SQL.

use rusqlite::{Row, params};

use super::wallets;
use crate::accounts::{AccountRefusal, HostKeyAdd, HostKeyRecord, HostKeyRevoke, ListHostKeys};
use crate::ids::Address;
use crate::sqlite::db::Db;
use crate::sqlite::exec::{Cx, Stop};
use crate::sqlite::values::FIRST;

fn read(row: &Row<'_>) -> rusqlite::Result<HostKeyRecord> {
    Ok(HostKeyRecord {
        key: row.get(0)?,
        owner: row.get(1)?,
        node: row.get(2)?,
        label: row.get(3)?,
        added_at: row.get(4)?,
        revoked_at: row.get(5)?,
    })
}

pub(super) fn get(db: &Db<'_>, key: Address) -> rusqlite::Result<Option<HostKeyRecord>> {
    let sql = "SELECT key, owner, node, label, added_at, revoked_at FROM host_keys WHERE key = ?1";
    db.first(sql, [key], read)
}

pub(super) fn add(cx: &Cx<'_, '_>, op: &HostKeyAdd) -> Result<HostKeyRecord, Stop> {
    if get(cx.db, op.key)?.is_some() {
        return Err(AccountRefusal::HostKeyExists { key: op.key }.into());
    }
    wallets::known(cx, op.owner)?;
    let sql =
        "INSERT INTO host_keys (key, owner, node, label, added_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    cx.execute(sql, params![op.key, op.owner, op.node, op.label, op.at])?;
    cx.accounts_changed()?;
    Ok(HostKeyRecord {
        key: op.key,
        owner: op.owner,
        node: op.node,
        label: op.label.clone(),
        added_at: op.at,
        revoked_at: None,
    })
}

pub(super) fn revoke(cx: &Cx<'_, '_>, op: &HostKeyRevoke) -> Result<HostKeyRecord, Stop> {
    let sql = "UPDATE host_keys SET revoked_at = ?2 WHERE key = ?1 AND revoked_at IS NULL";
    cx.execute(sql, params![op.key, op.at])?;
    let key = get(cx.db, op.key)?.ok_or(AccountRefusal::HostKeyUnknown { key: op.key })?;
    cx.accounts_changed()?;
    Ok(key)
}

pub(super) fn list(db: &Db<'_>, query: &ListHostKeys) -> rusqlite::Result<Vec<HostKeyRecord>> {
    let sql = "SELECT key, owner, node, label, added_at, revoked_at FROM host_keys
               WHERE owner = ?1 AND key > ?2 ORDER BY key LIMIT ?3";
    let after = query.after.as_ref().map_or(FIRST, |key| &key.0[..]);
    db.all(sql, params![query.owner, after, query.limit], read)
}
