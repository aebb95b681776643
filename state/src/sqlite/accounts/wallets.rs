//! Wallets in SQL.

use rusqlite::{Row, params};

use crate::accounts::{
    AccountRefusal, ListWallets, RequireNoRole, RequireOther, Roles, WalletEnsure, WalletGrant,
    WalletRecord, WalletSignOut, WalletWithdraw,
};
use crate::ids::Address;
use crate::sqlite::db::Db;
use crate::sqlite::exec::{Cx, Stop};
use crate::sqlite::values::{Count, FIRST};

/// Reads `wallet, roles, epoch, created_at`, from column `start` on.
pub(super) fn read(row: &Row<'_>, start: usize) -> rusqlite::Result<WalletRecord> {
    let Count(epoch) = row.get(start + 2)?;
    Ok(WalletRecord {
        wallet: row.get(start)?,
        roles: row.get(start + 1)?,
        epoch,
        created_at: row.get(start + 3)?,
    })
}

pub(super) fn get(db: &Db<'_>, wallet: Address) -> rusqlite::Result<Option<WalletRecord>> {
    let sql = "SELECT wallet, roles, epoch, created_at FROM wallets WHERE wallet = ?1";
    db.first(sql, [wallet], |row| read(row, 0))
}

/// A wallet that must be there.
pub(super) fn known(cx: &Cx<'_, '_>, wallet: Address) -> Result<WalletRecord, Stop> {
    get(cx.db, wallet)?.ok_or_else(|| AccountRefusal::WalletUnknown { wallet }.into())
}

pub(super) fn ensure(cx: &Cx<'_, '_>, op: &WalletEnsure) -> Result<WalletRecord, Stop> {
    let sql = "INSERT INTO wallets (wallet, roles, epoch, created_at) VALUES (?1, 0, 0, ?2)
               ON CONFLICT (wallet) DO NOTHING";
    cx.execute(sql, params![op.wallet, op.at])?;
    known(cx, op.wallet)
}

pub(super) fn grant(cx: &Cx<'_, '_>, op: &WalletGrant) -> Result<WalletRecord, Stop> {
    let wallet = known(cx, op.wallet)?;
    set_roles(cx, wallet, wallet.roles.with(op.roles))
}

pub(super) fn withdraw(cx: &Cx<'_, '_>, op: &WalletWithdraw) -> Result<WalletRecord, Stop> {
    let wallet = known(cx, op.wallet)?;
    set_roles(cx, wallet, wallet.roles.without(op.roles))
}

fn set_roles(cx: &Cx<'_, '_>, wallet: WalletRecord, roles: Roles) -> Result<WalletRecord, Stop> {
    let sql = "UPDATE wallets SET roles = ?2 WHERE wallet = ?1";
    cx.execute(sql, params![wallet.wallet, roles])?;
    cx.accounts_changed()?;
    Ok(WalletRecord { roles, ..wallet })
}

pub(super) fn sign_out(cx: &Cx<'_, '_>, op: &WalletSignOut) -> Result<WalletRecord, Stop> {
    let sql = "UPDATE wallets SET epoch = epoch + 1 WHERE wallet = ?1";
    cx.execute(sql, [op.wallet])?;
    let wallet = known(cx, op.wallet)?;
    cx.accounts_changed()?;
    Ok(wallet)
}

pub(super) fn require_no_role(cx: &Cx<'_, '_>, op: &RequireNoRole) -> Result<(), Stop> {
    let sql =
        "SELECT wallet FROM wallets WHERE roles <> 0 AND roles & ?1 <> 0 ORDER BY wallet LIMIT 1";
    match cx.first(sql, [op.roles], |row| row.get(0))? {
        Some(wallet) => Err(AccountRefusal::RoleTaken { wallet }.into()),
        None => Ok(()),
    }
}

pub(super) fn require_other(cx: &Cx<'_, '_>, op: &RequireOther) -> Result<(), Stop> {
    let sql = "SELECT 1 FROM wallets WHERE roles <> 0 AND roles & ?1 <> 0 AND wallet <> ?2 LIMIT 1";
    match cx.first(sql, params![op.roles, op.besides], |_| Ok(()))? {
        Some(()) => Ok(()),
        None => Err(AccountRefusal::NoOther {
            besides: op.besides,
        }
        .into()),
    }
}

pub(super) fn list(db: &Db<'_>, query: &ListWallets) -> rusqlite::Result<Vec<WalletRecord>> {
    let sql = "SELECT wallet, roles, epoch, created_at FROM wallets
               WHERE roles <> 0 AND roles & ?1 <> 0 AND wallet > ?2
               ORDER BY wallet LIMIT ?3";
    let after = query.after.as_ref().map_or(FIRST, |wallet| &wallet.0[..]);
    let params = params![query.roles, after, query.limit];
    db.all(sql, params, |row| read(row, 0))
}
