//! API keys and the purses that they spend from, in SQL.

use rusqlite::{Row, params};

use super::wallets;
use crate::accounts::{
    AccountRefusal, ApiKeyCreate, ApiKeyRecord, ApiKeyRefund, ApiKeyRevoke, ApiKeyRotate,
    ApiKeySetCap, ApiKeySpend, ApiKeyTouch, GetApiKey, ListApiKeys, NewApiKey, Spent, WalletRecord,
};
use crate::ids::{Address, UnixMs};
use crate::sqlite::db::Db;
use crate::sqlite::exec::{Cx, Stop};
use crate::sqlite::values::Amount;

/// A key's columns; `k` is the key, `p` its purse.
macro_rules! select {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT k.id, k.secret, k.owner, k.scopes, k.label, k.created_at, k.expires_at, k.used_at, k.revoked_at, ",
            "k.rotated_from, p.cap, p.spent, k.purse",
            $more,
            " FROM api_keys AS k JOIN purses AS p ON p.id = k.purse ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> rusqlite::Result<ApiKeyRecord> {
    let cap: Option<Amount> = row.get(10)?;
    let Amount(spent) = row.get(11)?;
    Ok(ApiKeyRecord {
        id: row.get(0)?,
        secret: row.get(1)?,
        owner: row.get(2)?,
        scopes: row.get(3)?,
        label: row.get(4)?,
        created_at: row.get(5)?,
        expires_at: row.get(6)?,
        used_at: row.get(7)?,
        revoked_at: row.get(8)?,
        rotated_from: row.get(9)?,
        cap: cap.map(|Amount(cap)| cap),
        spent,
    })
}

/// A key and its purse's number.
fn known(cx: &Cx<'_, '_>, id: &str) -> Result<(ApiKeyRecord, i64), Stop> {
    let sql = select!("", "WHERE k.id = ?1");
    let found = cx.first(sql, [id], |row| Ok((read(row)?, row.get(12)?)))?;
    found.ok_or_else(|| AccountRefusal::ApiKeyUnknown { id: id.to_owned() }.into())
}

/// A key that is neither revoked nor expired at `now`.
fn valid(cx: &Cx<'_, '_>, id: &str, now: UnixMs) -> Result<(ApiKeyRecord, i64), Stop> {
    let (key, purse) = known(cx, id)?;
    if let Some(at) = key.revoked_at {
        return Err(AccountRefusal::ApiKeyRevoked { id: key.id, at }.into());
    }
    if let Some(at) = key.expires_at.filter(|at| now >= *at) {
        return Err(AccountRefusal::ApiKeyExpired { id: key.id, at }.into());
    }
    Ok((key, purse))
}

fn unused(cx: &Cx<'_, '_>, id: &str) -> Result<(), Stop> {
    match cx.first("SELECT 1 FROM api_keys WHERE id = ?1", [id], |_| Ok(()))? {
        Some(()) => Err(AccountRefusal::ApiKeyExists { id: id.to_owned() }.into()),
        None => Ok(()),
    }
}

fn insert(
    cx: &Cx<'_, '_>,
    new: &NewApiKey,
    owner: Address,
    purse: i64,
    rotated_from: Option<&str>,
) -> Result<ApiKeyRecord, Stop> {
    let sql = "INSERT INTO api_keys (id, secret, owner, purse, scopes, label, created_at, expires_at, rotated_from)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let NewApiKey {
        id,
        secret,
        scopes,
        label,
        at,
        expires_at,
    } = new;
    let params = params![
        id,
        secret,
        owner,
        purse,
        scopes,
        label,
        at,
        expires_at,
        rotated_from
    ];
    cx.execute(sql, params)?;
    cx.accounts_changed()?;
    Ok(known(cx, id)?.0)
}

pub(super) fn create(cx: &Cx<'_, '_>, op: &ApiKeyCreate) -> Result<ApiKeyRecord, Stop> {
    unused(cx, &op.key.id)?;
    wallets::known(cx, op.owner)?;
    let sql = "INSERT INTO purses (cap, spent) VALUES (?1, ?2)";
    cx.execute(sql, params![op.cap.map(Amount), Amount(0)])?;
    let purse = cx.db.last_row();
    insert(cx, &op.key, op.owner, purse, None)
}

pub(super) fn rotate(cx: &Cx<'_, '_>, op: &ApiKeyRotate) -> Result<ApiKeyRecord, Stop> {
    unused(cx, &op.key.id)?;
    let (old, purse) = valid(cx, &op.old, op.key.at)?;
    let ends_at = old
        .expires_at
        .map_or(op.old_ends_at, |at| at.min(op.old_ends_at));
    let sql = "UPDATE api_keys SET expires_at = ?2 WHERE id = ?1";
    cx.execute(sql, params![op.old, ends_at])?;
    insert(cx, &op.key, old.owner, purse, Some(&op.old))
}

pub(super) fn revoke(cx: &Cx<'_, '_>, op: &ApiKeyRevoke) -> Result<ApiKeyRecord, Stop> {
    let sql = "UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    cx.execute(sql, params![op.id, op.at])?;
    let (key, _) = known(cx, &op.id)?;
    cx.accounts_changed()?;
    Ok(key)
}

pub(super) fn touch(cx: &Cx<'_, '_>, op: &ApiKeyTouch) -> Result<(), Stop> {
    let (key, _) = known(cx, &op.id)?;
    if key.used_at.is_none_or(|used_at| op.at > used_at) {
        let sql = "UPDATE api_keys SET used_at = ?2 WHERE id = ?1";
        cx.execute(sql, params![op.id, op.at])?;
    }
    Ok(())
}

pub(super) fn set_cap(cx: &Cx<'_, '_>, op: &ApiKeySetCap) -> Result<ApiKeyRecord, Stop> {
    let (key, purse) = known(cx, &op.id)?;
    let sql = "UPDATE purses SET cap = ?2 WHERE id = ?1";
    cx.execute(sql, params![purse, op.cap.map(Amount)])?;
    cx.accounts_changed()?;
    Ok(ApiKeyRecord { cap: op.cap, ..key })
}

pub(super) fn spend(cx: &Cx<'_, '_>, op: &ApiKeySpend) -> Result<Spent, Stop> {
    let (key, purse) = valid(cx, &op.id, op.now)?;
    let cap = key.cap.unwrap_or(u64::MAX);
    let sum = key.spent.checked_add(op.amount).filter(|sum| *sum <= cap);
    let Some(spent) = sum else {
        return Err(AccountRefusal::CapExceeded {
            id: key.id,
            spent: key.spent,
            cap,
            amount: op.amount,
        }
        .into());
    };
    set_spent(cx, purse, spent)?;
    Ok(Spent {
        spent,
        cap: key.cap,
    })
}

pub(super) fn refund(cx: &Cx<'_, '_>, op: &ApiKeyRefund) -> Result<Spent, Stop> {
    let (key, purse) = known(cx, &op.id)?;
    let Some(spent) = key.spent.checked_sub(op.amount) else {
        return Err(AccountRefusal::RefundExceeds {
            id: key.id,
            spent: key.spent,
            amount: op.amount,
        }
        .into());
    };
    set_spent(cx, purse, spent)?;
    Ok(Spent {
        spent,
        cap: key.cap,
    })
}

fn set_spent(cx: &Cx<'_, '_>, purse: i64, spent: u64) -> rusqlite::Result<()> {
    let sql = "UPDATE purses SET spent = ?2 WHERE id = ?1";
    cx.execute(sql, params![purse, Amount(spent)]).map(drop)
}

pub(super) fn with_wallet(
    db: &Db<'_>,
    query: &GetApiKey,
) -> rusqlite::Result<Option<(ApiKeyRecord, WalletRecord)>> {
    let sql = select!(
        ", w.wallet, w.roles, w.epoch, w.created_at",
        "JOIN wallets AS w ON w.wallet = k.owner WHERE k.id = ?1"
    );
    db.first(sql, [&query.id], |row| {
        Ok((read(row)?, wallets::read(row, 13)?))
    })
}

pub(super) fn list(db: &Db<'_>, query: &ListApiKeys) -> rusqlite::Result<Vec<ApiKeyRecord>> {
    let sql = select!(
        "",
        "WHERE k.owner = ?1 AND k.id > ?2 ORDER BY k.id LIMIT ?3"
    );
    // No id is empty.
    let after = query.after.as_deref().unwrap_or("");
    db.all(sql, params![query.owner, after, query.limit], read)
}
