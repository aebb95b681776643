//! Accounts as maps.

use std::collections::BTreeMap;

use hypernode_state::accounts::{
    AccountAnswer, AccountOp, AccountQuery, AccountRefusal, AccountReply, ApiKeyRecord,
    AuditRecord, HostKeyRecord, NewApiKey, NonceRecord, Roles, SessionRecord, SessionState, Spent,
    WalletRecord,
};
use hypernode_state::{Address, Digest, UnixMs};

use super::{Stop, few};

#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts {
    version: u64,
    wallets: BTreeMap<Address, WalletRecord>,
    nonces: BTreeMap<Vec<u8>, NonceRecord>,
    sessions: BTreeMap<Digest, SessionRecord>,
    /// With the number of the purse, in which cap and spent are kept.
    keys: BTreeMap<String, (ApiKeyRecord, usize)>,
    purses: Vec<Spent>,
    hosts: BTreeMap<Address, HostKeyRecord>,
    audit: Vec<AuditRecord>,
}

/// The same as a map's `get_mut`, but a refusal where it has nothing.
fn found<T>(entry: Option<T>, why: AccountRefusal) -> Result<T, Stop> {
    entry.ok_or_else(|| why.into())
}

impl Accounts {
    fn wallet(&mut self, wallet: Address) -> Result<&mut WalletRecord, Stop> {
        found(
            self.wallets.get_mut(&wallet),
            AccountRefusal::WalletUnknown { wallet },
        )
    }

    fn session(&mut self, token: Digest) -> Result<&mut SessionRecord, Stop> {
        found(
            self.sessions.get_mut(&token),
            AccountRefusal::SessionUnknown,
        )
    }

    fn key(&mut self, id: &str) -> Result<&mut (ApiKeyRecord, usize), Stop> {
        found(
            self.keys.get_mut(id),
            AccountRefusal::ApiKeyUnknown { id: id.to_owned() },
        )
    }

    fn valid(&mut self, id: &str, now: UnixMs) -> Result<&mut (ApiKeyRecord, usize), Stop> {
        let entry = self.key(id)?;
        let id = id.to_owned();
        if let Some(at) = entry.0.revoked_at {
            return Err(AccountRefusal::ApiKeyRevoked { id, at }.into());
        }
        if let Some(at) = entry.0.expires_at.filter(|at| now >= *at) {
            return Err(AccountRefusal::ApiKeyExpired { id, at }.into());
        }
        Ok(entry)
    }

    fn shown(&self, id: &str) -> Option<ApiKeyRecord> {
        let (key, purse) = self.keys.get(id)?;
        let Spent { spent, cap } = self.purses[*purse];
        Some(ApiKeyRecord {
            spent,
            cap,
            ..key.clone()
        })
    }

    fn new_key(
        &mut self,
        new: &NewApiKey,
        owner: Address,
        purse: usize,
        from: Option<&str>,
    ) -> ApiKeyRecord {
        let key = ApiKeyRecord {
            id: new.id.clone(),
            secret: new.secret,
            owner,
            scopes: new.scopes.clone(),
            label: new.label.clone(),
            created_at: new.at,
            expires_at: new.expires_at,
            used_at: None,
            revoked_at: None,
            rotated_from: from.map(str::to_owned),
            cap: None,
            spent: 0,
        };
        self.keys.insert(new.id.clone(), (key, purse));
        self.version += 1;
        self.shown(&new.id).unwrap()
    }

    fn unused(&self, id: &str) -> Result<(), Stop> {
        if self.keys.contains_key(id) {
            return Err(AccountRefusal::ApiKeyExists { id: id.to_owned() }.into());
        }
        Ok(())
    }

    fn set_roles(
        &mut self,
        wallet: Address,
        change: impl Fn(Roles) -> Roles,
    ) -> Result<WalletRecord, Stop> {
        let record = self.wallet(wallet)?;
        record.roles = change(record.roles);
        let record = *record;
        self.version += 1;
        Ok(record)
    }

    pub(crate) fn run(&mut self, op: &AccountOp) -> Result<AccountReply, Stop> {
        use AccountOp as Op;
        use AccountReply as Reply;
        Ok(match op {
            Op::WalletEnsure(op) => {
                let new = WalletRecord {
                    wallet: op.wallet,
                    roles: Roles(0),
                    epoch: 0,
                    created_at: op.at,
                };
                Reply::WalletEnsure(*self.wallets.entry(op.wallet).or_insert(new))
            }
            Op::WalletGrant(op) => {
                Reply::WalletGrant(self.set_roles(op.wallet, |roles| roles.with(op.roles))?)
            }
            Op::WalletWithdraw(op) => {
                Reply::WalletWithdraw(self.set_roles(op.wallet, |roles| roles.without(op.roles))?)
            }
            Op::WalletSignOut(op) => {
                self.wallet(op.wallet)?.epoch += 1;
                Reply::WalletSignOut(self.set_roles(op.wallet, |roles| roles)?)
            }
            Op::RequireNoRole(op) => {
                let has = |record: &&WalletRecord| record.roles.0 & op.roles.0 != 0;
                if let Some(WalletRecord { wallet, .. }) = self.wallets.values().find(has).copied()
                {
                    return Err(AccountRefusal::RoleTaken { wallet }.into());
                }
                Reply::RequireNoRole(())
            }
            Op::RequireOther(op) => {
                let other = |record: &WalletRecord| {
                    record.roles.0 & op.roles.0 != 0 && record.wallet != op.besides
                };
                if !self.wallets.values().any(other) {
                    let besides = op.besides;
                    return Err(AccountRefusal::NoOther { besides }.into());
                }
                Reply::RequireOther(())
            }
            Op::NoncePut(op) => {
                if self.nonces.contains_key(&op.nonce.nonce) {
                    return Err(AccountRefusal::NonceExists.into());
                }
                self.nonces.insert(op.nonce.nonce.clone(), op.nonce.clone());
                Reply::NoncePut(())
            }
            Op::NonceTake(op) => {
                let nonce =
                    found(self.nonces.get(&op.nonce), AccountRefusal::NonceUnknown)?.clone();
                if op.now >= nonce.expires_at {
                    let at = nonce.expires_at;
                    return Err(AccountRefusal::NonceExpired { at }.into());
                }
                self.nonces.remove(&op.nonce);
                Reply::NonceTake(nonce)
            }
            Op::NoncePurge(op) => {
                let by_expiry = self
                    .nonces
                    .values()
                    .map(|nonce| (nonce.expires_at, nonce.nonce.clone()));
                let gone = expired(by_expiry, op.now, op.limit);
                self.nonces.retain(|nonce, _| !gone.contains(nonce));
                Reply::NoncePurge(gone.len() as u64)
            }
            Op::SessionCreate(op) => {
                let new = &op.session;
                if self.sessions.contains_key(&new.token) {
                    return Err(AccountRefusal::SessionExists.into());
                }
                let session = SessionRecord {
                    token: new.token,
                    wallet: new.wallet,
                    epoch: self.wallet(new.wallet)?.epoch,
                    created_at: new.at,
                    seen_at: new.at,
                    idle_ms: new.idle_ms,
                    expires_at: new.expires_at,
                    revoked_at: None,
                    label: new.label.clone(),
                };
                self.sessions.insert(new.token, session.clone());
                Reply::SessionCreate(session)
            }
            Op::SessionTouch(op) => {
                let wallet = self.session(op.token)?.wallet;
                let epoch = self.wallet(wallet)?.epoch;
                let session = self.session(op.token)?;
                let state = session.state(op.now, epoch);
                if state != SessionState::Live {
                    return Err(AccountRefusal::SessionOver { state }.into());
                }
                session.seen_at = session.seen_at.max(op.now);
                Reply::SessionTouch(session.clone())
            }
            Op::SessionRevoke(op) => {
                let session = self.session(op.token)?;
                session.revoked_at = session.revoked_at.or(Some(op.at));
                let session = session.clone();
                self.version += 1;
                Reply::SessionRevoke(session)
            }
            Op::SessionPurge(op) => {
                let by_expiry = self
                    .sessions
                    .values()
                    .map(|session| (session.expires_at, session.token));
                let gone = expired(by_expiry, op.before, op.limit);
                self.sessions.retain(|token, _| !gone.contains(token));
                Reply::SessionPurge(gone.len() as u64)
            }
            Op::ApiKeyCreate(op) => {
                self.unused(&op.key.id)?;
                self.wallet(op.owner)?;
                self.purses.push(Spent {
                    spent: 0,
                    cap: op.cap,
                });
                let purse = self.purses.len() - 1;
                Reply::ApiKeyCreate(self.new_key(&op.key, op.owner, purse, None))
            }
            Op::ApiKeyRotate(op) => {
                self.unused(&op.key.id)?;
                let (old, purse) = self.valid(&op.old, op.key.at)?;
                let ends_at = old
                    .expires_at
                    .map_or(op.old_ends_at, |at| at.min(op.old_ends_at));
                old.expires_at = Some(ends_at);
                let (owner, purse) = (old.owner, *purse);
                Reply::ApiKeyRotate(self.new_key(&op.key, owner, purse, Some(&op.old)))
            }
            Op::ApiKeyRevoke(op) => {
                let (key, _) = self.key(&op.id)?;
                key.revoked_at = key.revoked_at.or(Some(op.at));
                self.version += 1;
                Reply::ApiKeyRevoke(self.shown(&op.id).unwrap())
            }
            Op::ApiKeyTouch(op) => {
                let (key, _) = self.key(&op.id)?;
                key.used_at = key.used_at.max(Some(op.at));
                Reply::ApiKeyTouch(())
            }
            Op::ApiKeySetCap(op) => {
                let purse = self.key(&op.id)?.1;
                self.purses[purse].cap = op.cap;
                self.version += 1;
                Reply::ApiKeySetCap(self.shown(&op.id).unwrap())
            }
            Op::ApiKeySpend(op) => {
                let purse = self.valid(&op.id, op.now)?.1;
                let Spent { spent, cap } = self.purses[purse];
                let sum = u128::from(spent) + u128::from(op.amount);
                if sum > u128::from(cap.unwrap_or(u64::MAX)) {
                    let (id, cap, amount) = (op.id.clone(), cap.unwrap_or(u64::MAX), op.amount);
                    return Err(AccountRefusal::CapExceeded {
                        id,
                        spent,
                        cap,
                        amount,
                    }
                    .into());
                }
                self.purses[purse].spent = u64::try_from(sum).unwrap();
                Reply::ApiKeySpend(self.purses[purse])
            }
            Op::ApiKeyRefund(op) => {
                let purse = self.key(&op.id)?.1;
                let spent = self.purses[purse].spent;
                if op.amount > spent {
                    let (id, amount) = (op.id.clone(), op.amount);
                    return Err(AccountRefusal::RefundExceeds { id, spent, amount }.into());
                }
                self.purses[purse].spent -= op.amount;
                Reply::ApiKeyRefund(self.purses[purse])
            }
            Op::HostKeyAdd(op) => {
                if self.hosts.contains_key(&op.key) {
                    return Err(AccountRefusal::HostKeyExists { key: op.key }.into());
                }
                self.wallet(op.owner)?;
                let record = HostKeyRecord {
                    key: op.key,
                    owner: op.owner,
                    node: op.node,
                    label: op.label.clone(),
                    added_at: op.at,
                    revoked_at: None,
                };
                self.hosts.insert(op.key, record.clone());
                self.version += 1;
                Reply::HostKeyAdd(record)
            }
            Op::HostKeyRevoke(op) => {
                let unknown = AccountRefusal::HostKeyUnknown { key: op.key };
                let record = found(self.hosts.get_mut(&op.key), unknown)?;
                record.revoked_at = record.revoked_at.or(Some(op.at));
                self.version += 1;
                Reply::HostKeyRevoke(record.clone())
            }
            Op::AuditAppend(op) => {
                let seq = self.audit.len() as u64 + 1;
                self.audit.push(AuditRecord {
                    seq,
                    at: op.at,
                    actor: op.actor.clone(),
                    action: op.action.clone(),
                    subject: op.subject.clone(),
                    detail: op.detail.clone(),
                });
                Reply::AuditAppend(seq)
            }
        })
    }

    pub(crate) fn ask(&self, query: &AccountQuery) -> AccountAnswer {
        use AccountAnswer as Answer;
        use AccountQuery as Query;
        match query {
            Query::GetWallet(query) => Answer::GetWallet(self.wallets.get(&query.wallet).copied()),
            Query::ListWallets(query) => {
                let has = |record: &&WalletRecord| record.roles.0 & query.roles.0 != 0;
                let after =
                    |record: &&WalletRecord| query.after.is_none_or(|after| record.wallet > after);
                let records = self.wallets.values().filter(has).filter(after);
                Answer::ListWallets(few(records.copied(), query.limit))
            }
            Query::GetNonce(query) => Answer::GetNonce(self.nonces.get(&query.nonce).cloned()),
            Query::GetSession(query) => Answer::GetSession(
                self.sessions
                    .get(&query.token)
                    .map(|session| (session.clone(), self.wallets[&session.wallet])),
            ),
            Query::ListSessions(query) => {
                let mut of: Vec<_> = self
                    .sessions
                    .values()
                    .filter(|session| session.wallet == query.wallet)
                    .collect();
                of.sort_by_key(|session| (-session.created_at, session.token));
                Answer::ListSessions(few(of.into_iter().cloned(), query.limit))
            }
            Query::GetApiKey(query) => Answer::GetApiKey(
                self.shown(&query.id)
                    .map(|key| (key.clone(), self.wallets[&key.owner])),
            ),
            Query::ListApiKeys(query) => {
                let fits = self.keys.iter().filter(|(id, (key, _))| {
                    key.owner == query.owner && query.after.as_ref().is_none_or(|after| *id > after)
                });
                let keys = fits.filter_map(|(id, _)| self.shown(id));
                Answer::ListApiKeys(few(keys, query.limit))
            }
            Query::GetHostKey(query) => Answer::GetHostKey(self.hosts.get(&query.key).cloned()),
            Query::ListHostKeys(query) => {
                let fits = self.hosts.values().filter(|host| {
                    host.owner == query.owner && query.after.is_none_or(|after| host.key > after)
                });
                Answer::ListHostKeys(few(fits.cloned(), query.limit))
            }
            Query::ListAudit(query) => {
                let fits = self.audit.iter().filter(|record| {
                    record.seq > query.after
                        && query
                            .subject
                            .as_ref()
                            .is_none_or(|subject| *subject == record.subject)
                });
                Answer::ListAudit(few(fits.cloned(), query.limit))
            }
            Query::NewestAudit(query) => {
                let fits = self.audit.iter().rev().filter(|record| {
                    query.before.is_none_or(|before| record.seq < before)
                        && query
                            .who
                            .as_ref()
                            .is_none_or(|who| [&record.actor, &record.subject].contains(&who))
                        && query
                            .action
                            .as_ref()
                            .is_none_or(|start| record.action.starts_with(start))
                });
                Answer::NewestAudit(few(fits.cloned(), query.limit))
            }
            Query::AccountsVersion(_) => Answer::AccountsVersion(self.version),
        }
    }
}

/// The names of what expired at `now` or before, earliest first.
fn expired<T: Ord>(
    by_expiry: impl Iterator<Item = (UnixMs, T)>,
    now: UnixMs,
    limit: u32,
) -> Vec<T> {
    let mut all: Vec<(UnixMs, T)> = by_expiry
        .filter(|(expires_at, _)| *expires_at <= now)
        .collect();
    all.sort();
    few(all.into_iter().map(|(_, name)| name), limit)
}
