//! Sessions in SQL.

use rusqlite::{Row, params};

use super::wallets;
use crate::accounts::{
    AccountRefusal, GetSession, ListSessions, SessionCreate, SessionPurge, SessionRecord,
    SessionRevoke, SessionState, SessionTouch, WalletRecord,
};
use crate::ids::Digest;
use crate::sqlite::db::Db;
use crate::sqlite::exec::{Cx, Stop};
use crate::sqlite::values::Count;

const ONE: &str = "SELECT s.token, s.wallet, s.epoch, s.created_at, s.seen_at, s.idle_ms, s.expires_at, s.revoked_at, s.label,
                          w.wallet, w.roles, w.epoch, w.created_at
                   FROM sessions AS s JOIN wallets AS w ON w.wallet = s.wallet WHERE s.token = ?1";

fn read(row: &Row<'_>) -> rusqlite::Result<SessionRecord> {
    let Count(epoch) = row.get(2)?;
    Ok(SessionRecord {
        token: row.get(0)?,
        wallet: row.get(1)?,
        epoch,
        created_at: row.get(3)?,
        seen_at: row.get(4)?,
        idle_ms: row.get(5)?,
        expires_at: row.get(6)?,
        revoked_at: row.get(7)?,
        label: row.get(8)?,
    })
}

fn one(db: &Db<'_>, token: Digest) -> rusqlite::Result<Option<(SessionRecord, WalletRecord)>> {
    db.first(ONE, [token], |row| Ok((read(row)?, wallets::read(row, 9)?)))
}

pub(super) fn create(cx: &Cx<'_, '_>, op: &SessionCreate) -> Result<SessionRecord, Stop> {
    let new = &op.session;
    if one(cx.db, new.token)?.is_some() {
        return Err(AccountRefusal::SessionExists.into());
    }
    let wallet = wallets::known(cx, new.wallet)?;
    let sql = "INSERT INTO sessions (token, wallet, epoch, created_at, seen_at, idle_ms, expires_at, label)
               VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)";
    let epoch = Count(wallet.epoch);
    let params = params![
        new.token,
        new.wallet,
        epoch,
        new.at,
        new.idle_ms,
        new.expires_at,
        new.label
    ];
    cx.execute(sql, params)?;
    Ok(SessionRecord {
        token: new.token,
        wallet: new.wallet,
        epoch: wallet.epoch,
        created_at: new.at,
        seen_at: new.at,
        idle_ms: new.idle_ms,
        expires_at: new.expires_at,
        revoked_at: None,
        label: new.label.clone(),
    })
}

pub(super) fn touch(cx: &Cx<'_, '_>, op: &SessionTouch) -> Result<SessionRecord, Stop> {
    let (mut session, wallet) = one(cx.db, op.token)?.ok_or(AccountRefusal::SessionUnknown)?;
    let state = session.state(op.now, wallet.epoch);
    if state != SessionState::Live {
        return Err(AccountRefusal::SessionOver { state }.into());
    }
    if op.now > session.seen_at {
        let sql = "UPDATE sessions SET seen_at = ?2 WHERE token = ?1";
        cx.execute(sql, params![op.token, op.now])?;
        session.seen_at = op.now;
    }
    Ok(session)
}

pub(super) fn revoke(cx: &Cx<'_, '_>, op: &SessionRevoke) -> Result<SessionRecord, Stop> {
    let sql = "UPDATE sessions SET revoked_at = ?2 WHERE token = ?1 AND revoked_at IS NULL";
    cx.execute(sql, params![op.token, op.at])?;
    let (session, _) = one(cx.db, op.token)?.ok_or(AccountRefusal::SessionUnknown)?;
    cx.accounts_changed()?;
    Ok(session)
}

pub(super) fn purge(cx: &Cx<'_, '_>, op: &SessionPurge) -> Result<u64, Stop> {
    let sql = "DELETE FROM sessions WHERE token IN
               (SELECT token FROM sessions WHERE expires_at <= ?1 ORDER BY expires_at, token LIMIT ?2)";
    Ok(cx.execute(sql, params![op.before, op.limit])? as u64)
}

pub(super) fn with_wallet(
    db: &Db<'_>,
    query: &GetSession,
) -> rusqlite::Result<Option<(SessionRecord, WalletRecord)>> {
    one(db, query.token)
}

pub(super) fn list(db: &Db<'_>, query: &ListSessions) -> rusqlite::Result<Vec<SessionRecord>> {
    let sql =
        "SELECT token, wallet, epoch, created_at, seen_at, idle_ms, expires_at, revoked_at, label
               FROM sessions WHERE wallet = ?1 ORDER BY created_at DESC, token LIMIT ?2";
    db.all(sql, params![query.wallet, query.limit], read)
}
