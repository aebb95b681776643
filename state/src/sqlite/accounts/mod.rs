//! Accounts in SQL.

mod api_keys;
mod audit;
mod host_keys;
mod nonces;
mod sessions;
mod wallets;

use super::db::Db;
use super::exec::{Cx, Stop};
use super::values::Count;
use crate::accounts::{AccountAnswer, AccountOp, AccountQuery, AccountReply};

pub(super) fn run(cx: &Cx<'_, '_>, op: &AccountOp) -> Result<AccountReply, Stop> {
    use AccountOp as Op;
    use AccountReply as Reply;
    Ok(match op {
        Op::WalletEnsure(op) => Reply::WalletEnsure(wallets::ensure(cx, op)?),
        Op::WalletGrant(op) => Reply::WalletGrant(wallets::grant(cx, op)?),
        Op::WalletWithdraw(op) => Reply::WalletWithdraw(wallets::withdraw(cx, op)?),
        Op::WalletSignOut(op) => Reply::WalletSignOut(wallets::sign_out(cx, op)?),
        Op::RequireNoRole(op) => Reply::RequireNoRole(wallets::require_no_role(cx, op)?),
        Op::RequireOther(op) => Reply::RequireOther(wallets::require_other(cx, op)?),
        Op::NoncePut(op) => Reply::NoncePut(nonces::put(cx, op)?),
        Op::NonceTake(op) => Reply::NonceTake(nonces::take(cx, op)?),
        Op::NoncePurge(op) => Reply::NoncePurge(nonces::purge(cx, op)?),
        Op::SessionCreate(op) => Reply::SessionCreate(sessions::create(cx, op)?),
        Op::SessionTouch(op) => Reply::SessionTouch(sessions::touch(cx, op)?),
        Op::SessionRevoke(op) => Reply::SessionRevoke(sessions::revoke(cx, op)?),
        Op::SessionPurge(op) => Reply::SessionPurge(sessions::purge(cx, op)?),
        Op::ApiKeyCreate(op) => Reply::ApiKeyCreate(api_keys::create(cx, op)?),
        Op::ApiKeyRotate(op) => Reply::ApiKeyRotate(api_keys::rotate(cx, op)?),
        Op::ApiKeyRevoke(op) => Reply::ApiKeyRevoke(api_keys::revoke(cx, op)?),
        Op::ApiKeyTouch(op) => Reply::ApiKeyTouch(api_keys::touch(cx, op)?),
        Op::ApiKeySetCap(op) => Reply::ApiKeySetCap(api_keys::set_cap(cx, op)?),
        Op::ApiKeySpend(op) => Reply::ApiKeySpend(api_keys::spend(cx, op)?),
        Op::ApiKeyRefund(op) => Reply::ApiKeyRefund(api_keys::refund(cx, op)?),
        Op::HostKeyAdd(op) => Reply::HostKeyAdd(host_keys::add(cx, op)?),
        Op::HostKeyRevoke(op) => Reply::HostKeyRevoke(host_keys::revoke(cx, op)?),
        Op::AuditAppend(op) => Reply::AuditAppend(audit::append(cx, op)?),
    })
}

pub(super) fn ask(db: &Db<'_>, query: &AccountQuery) -> rusqlite::Result<AccountAnswer> {
    use AccountAnswer as Answer;
    use AccountQuery as Query;
    Ok(match query {
        Query::GetWallet(query) => Answer::GetWallet(wallets::get(db, query.wallet)?),
        Query::ListWallets(query) => Answer::ListWallets(wallets::list(db, query)?),
        Query::GetNonce(query) => Answer::GetNonce(nonces::get(db, query)?),
        Query::GetSession(query) => Answer::GetSession(sessions::with_wallet(db, query)?),
        Query::ListSessions(query) => Answer::ListSessions(sessions::list(db, query)?),
        Query::GetApiKey(query) => Answer::GetApiKey(api_keys::with_wallet(db, query)?),
        Query::ListApiKeys(query) => Answer::ListApiKeys(api_keys::list(db, query)?),
        Query::GetHostKey(query) => Answer::GetHostKey(host_keys::get(db, query.key)?),
        Query::ListHostKeys(query) => Answer::ListHostKeys(host_keys::list(db, query)?),
        Query::ListAudit(query) => Answer::ListAudit(audit::list(db, query)?),
        Query::NewestAudit(query) => Answer::NewestAudit(audit::newest(db, query)?),
        Query::AccountsVersion(_) => {
            let sql = "SELECT value FROM counters WHERE name = 'accounts_version'";
            let version = db.first(sql, [], |row| row.get(0))?;
            Answer::AccountsVersion(version.map_or(0, |Count(version)| version))
        }
    })
}
