//! Nonces in SQL.

use rusqlite::params;

use crate::accounts::{AccountRefusal, GetNonce, NoncePurge, NoncePut, NonceRecord, NonceTake};
use crate::sqlite::db::Db;
use crate::sqlite::exec::{Cx, Stop};

pub(super) fn put(cx: &Cx<'_, '_>, op: &NoncePut) -> Result<(), Stop> {
    let sql = "INSERT INTO nonces (nonce, issued, expires_at) VALUES (?1, ?2, ?3)
               ON CONFLICT (nonce) DO NOTHING";
    let nonce = &op.nonce;
    match cx.execute(sql, params![nonce.nonce, nonce.issued, nonce.expires_at])? {
        0 => Err(AccountRefusal::NonceExists.into()),
        _ => Ok(()),
    }
}

pub(super) fn take(cx: &Cx<'_, '_>, op: &NonceTake) -> Result<NonceRecord, Stop> {
    let sql = "SELECT issued, expires_at FROM nonces WHERE nonce = ?1";
    let found = cx.first(sql, [&op.nonce], |row| {
        Ok(NonceRecord {
            nonce: op.nonce.clone(),
            issued: row.get(0)?,
            expires_at: row.get(1)?,
        })
    })?;
    let nonce = found.ok_or(AccountRefusal::NonceUnknown)?;
    if op.now >= nonce.expires_at {
        return Err(AccountRefusal::NonceExpired {
            at: nonce.expires_at,
        }
        .into());
    }
    cx.execute("DELETE FROM nonces WHERE nonce = ?1", [&op.nonce])?;
    Ok(nonce)
}

pub(super) fn get(db: &Db<'_>, query: &GetNonce) -> rusqlite::Result<Option<NonceRecord>> {
    let sql = "SELECT issued, expires_at FROM nonces WHERE nonce = ?1";
    db.first(sql, [&query.nonce], |row| {
        Ok(NonceRecord {
            nonce: query.nonce.clone(),
            issued: row.get(0)?,
            expires_at: row.get(1)?,
        })
    })
}

pub(super) fn purge(cx: &Cx<'_, '_>, op: &NoncePurge) -> Result<u64, Stop> {
    let sql = "DELETE FROM nonces WHERE nonce IN
               (SELECT nonce FROM nonces WHERE expires_at <= ?1 ORDER BY expires_at, nonce LIMIT ?2)";
    Ok(cx.execute(sql, params![op.now, op.limit])? as u64)
}
