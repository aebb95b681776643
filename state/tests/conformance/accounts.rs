//! Wallets, nonces and sessions.

use std::sync::Arc;

use futures::future::join_all;
use hypernode_state::accounts::{
    AccountRefusal, GetNonce, GetSession, GetWallet, ListSessions, ListWallets, NewSession,
    NoncePurge, NoncePut, NonceRecord, NonceTake, RequireNoRole, RequireOther, Roles,
    SessionCreate, SessionPurge, SessionRevoke, SessionState, SessionTouch, WalletEnsure,
    WalletGrant, WalletSignOut, WalletWithdraw,
};
use hypernode_state::{Address, Refusal, Store, StoreExt, Unit, UnixMs};

use super::{address, digest, refused};

const OPERATOR: Roles = Roles(1);
pub(crate) const DATA: Roles = Roles(1 << 31);

pub(crate) fn account(refusal: Refusal) -> AccountRefusal {
    match refusal {
        Refusal::Account(refusal) => refusal,
        other => panic!("not of an account: {other:?}"),
    }
}

pub(crate) async fn ensure(store: &Arc<dyn Store>, number: u8) -> Address {
    let wallet = address(number);
    store.run(WalletEnsure { wallet, at: 1 }).await.unwrap();
    wallet
}

pub(crate) fn nonce(bytes: &[u8], expires_at: UnixMs) -> NoncePut {
    let nonce = NonceRecord {
        nonce: bytes.to_vec(),
        issued: b"domain, chain".to_vec(),
        expires_at,
    };
    NoncePut { nonce }
}

pub(crate) fn take(bytes: &[u8], now: UnixMs) -> NonceTake {
    NonceTake {
        nonce: bytes.to_vec(),
        now,
    }
}

pub(crate) async fn a_nonce_is_taken_once(store: Arc<dyn Store>) {
    store.run(nonce(b"n", 100)).await.unwrap();
    assert_eq!(
        account(refused(store.run(nonce(b"n", 200)).await)),
        AccountRefusal::NonceExists
    );
    let takes = join_all((0..50).map(|_| store.run(take(b"n", 50)))).await;
    let taken: Vec<_> = takes.into_iter().filter_map(Result::ok).collect();
    assert_eq!(taken, [nonce(b"n", 100).nonce]);
    assert_eq!(
        account(refused(store.run(take(b"n", 50)).await)),
        AccountRefusal::NonceUnknown
    );
    // A refused unit takes nothing.
    store.run(nonce(b"m", 100)).await.unwrap();
    let mut unit = Unit::new();
    unit.push(take(b"m", 1));
    unit.push(take(b"m", 1));
    refused(store.apply(unit).await);
    store.run(take(b"m", 1)).await.unwrap();
}

pub(crate) async fn a_nonce_is_read_until_it_is_taken(store: Arc<dyn Store>) {
    let get = async || {
        store
            .ask(GetNonce {
                nonce: b"n".to_vec(),
            })
            .await
            .unwrap()
    };
    assert_eq!(get().await, None);
    store.run(nonce(b"n", 100)).await.unwrap();
    // Reading takes nothing.
    for _ in 0..2 {
        assert_eq!(get().await, Some(nonce(b"n", 100).nonce));
    }
    store.run(take(b"n", 50)).await.unwrap();
    assert_eq!(get().await, None);
}

pub(crate) async fn an_expired_nonce_is_not_taken(store: Arc<dyn Store>) {
    store.run(nonce(b"n", 100)).await.unwrap();
    let expired = AccountRefusal::NonceExpired { at: 100 };
    assert_eq!(account(refused(store.run(take(b"n", 100)).await)), expired);
    assert_eq!(
        store.run(NoncePurge { now: 99, limit: 9 }).await.unwrap(),
        0
    );
    assert_eq!(
        store.run(NoncePurge { now: 100, limit: 9 }).await.unwrap(),
        1
    );
    assert_eq!(
        account(refused(store.run(take(b"n", 50)).await)),
        AccountRefusal::NonceUnknown
    );
}

pub(crate) fn session(token: u8, wallet: Address) -> SessionCreate {
    let session = NewSession {
        token: digest(token),
        wallet,
        at: 0,
        idle_ms: 100,
        expires_at: 1_000,
        label: "browser".to_owned(),
    };
    SessionCreate { session }
}

fn touch(token: u8, now: UnixMs) -> SessionTouch {
    SessionTouch {
        token: digest(token),
        now,
    }
}

fn over(state: SessionState) -> AccountRefusal {
    AccountRefusal::SessionOver { state }
}

pub(crate) async fn a_session_ends_in_each_of_its_ways(store: Arc<dyn Store>) {
    let unknown = account(refused(store.run(session(1, address(9))).await));
    assert_eq!(
        unknown,
        AccountRefusal::WalletUnknown { wallet: address(9) }
    );
    let wallet = ensure(&store, 1).await;
    for token in 1..=4 {
        store.run(session(token, wallet)).await.unwrap();
    }
    assert_eq!(
        account(refused(store.run(session(1, wallet)).await)),
        AccountRefusal::SessionExists
    );
    assert_eq!(store.run(touch(1, 99)).await.unwrap().seen_at, 99);
    assert_eq!(
        account(refused(store.run(touch(2, 100)).await)),
        over(SessionState::Idle)
    );
    for now in (100..1_000).step_by(90) {
        store.run(touch(1, now)).await.unwrap();
    }
    assert_eq!(
        account(refused(store.run(touch(1, 1_000)).await)),
        over(SessionState::Expired)
    );
    let revoke = |at| SessionRevoke {
        token: digest(3),
        at,
    };
    assert_eq!(store.run(revoke(7)).await.unwrap().revoked_at, Some(7));
    assert_eq!(store.run(revoke(8)).await.unwrap().revoked_at, Some(7));
    assert_eq!(
        account(refused(store.run(touch(3, 9)).await)),
        over(SessionState::Revoked)
    );
    assert_eq!(store.run(WalletSignOut { wallet }).await.unwrap().epoch, 1);
    assert_eq!(
        account(refused(store.run(touch(4, 9)).await)),
        over(SessionState::SignedOut)
    );
    let (record, owner) = store
        .ask(GetSession { token: digest(4) })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (record.epoch, owner.epoch, record.state(9, owner.epoch)),
        (0, 1, SessionState::SignedOut)
    );
    // Made after the sign-out, it counts.
    store.run(session(5, wallet)).await.unwrap();
    store.run(touch(5, 9)).await.unwrap();
    let list = ListSessions { wallet, limit: 9 };
    let tokens: Vec<_> = store
        .ask(list)
        .await
        .unwrap()
        .into_iter()
        .map(|s| s.token)
        .collect();
    assert_eq!(tokens, [1, 2, 3, 4, 5].map(digest));
    assert_eq!(
        store
            .run(SessionPurge {
                before: 1_000,
                limit: 4
            })
            .await
            .unwrap(),
        4
    );
    assert_eq!(
        account(refused(store.run(touch(1, 9)).await)),
        AccountRefusal::SessionUnknown
    );
}

pub(crate) async fn a_clock_that_goes_back_revives_no_session(store: Arc<dyn Store>) {
    let wallet = ensure(&store, 1).await;
    store.run(session(1, wallet)).await.unwrap();
    store.run(touch(1, 90)).await.unwrap();
    assert_eq!(store.run(touch(1, 10)).await.unwrap().seen_at, 90);
    store
        .run(SessionRevoke {
            token: digest(1),
            at: 80,
        })
        .await
        .unwrap();
    assert_eq!(
        account(refused(store.run(touch(1, 0)).await)),
        over(SessionState::Revoked)
    );
}

pub(crate) async fn roles_are_granted_and_withdrawn(store: Arc<dyn Store>) {
    let wallet = ensure(&store, 1).await;
    assert_eq!(
        store
            .run(WalletEnsure { wallet, at: 99 })
            .await
            .unwrap()
            .created_at,
        1
    );
    store
        .run(WalletGrant {
            wallet,
            roles: OPERATOR,
        })
        .await
        .unwrap();
    let both = store
        .run(WalletGrant {
            wallet,
            roles: DATA,
        })
        .await
        .unwrap()
        .roles;
    assert!(both.contains(OPERATOR) && both.contains(DATA));
    let other = ensure(&store, 2).await;
    store
        .run(WalletGrant {
            wallet: other,
            roles: DATA,
        })
        .await
        .unwrap();
    let list = |roles, after| ListWallets {
        roles,
        after,
        limit: 9,
    };
    let all = store.ask(list(DATA, None)).await.unwrap();
    assert_eq!(
        all.iter().map(|w| w.wallet).collect::<Vec<_>>(),
        [wallet, other]
    );
    assert_eq!(store.ask(list(DATA, Some(wallet))).await.unwrap().len(), 1);
    store
        .run(WalletWithdraw {
            wallet,
            roles: DATA,
        })
        .await
        .unwrap();
    assert_eq!(store.ask(list(DATA, None)).await.unwrap().len(), 1);
    assert_eq!(
        store
            .ask(GetWallet { wallet })
            .await
            .unwrap()
            .unwrap()
            .roles,
        OPERATOR
    );
    let why = account(refused(
        store
            .run(WalletGrant {
                wallet: address(9),
                roles: DATA,
            })
            .await,
    ));
    assert_eq!(why, AccountRefusal::WalletUnknown { wallet: address(9) });
}

pub(crate) async fn the_first_operator_is_the_only_one(store: Arc<dyn Store>) {
    let bootstrap = |number| {
        let wallet = address(number);
        let mut unit = Unit::new();
        unit.push(RequireNoRole { roles: OPERATOR });
        unit.push(WalletEnsure { wallet, at: 1 });
        unit.push(WalletGrant {
            wallet,
            roles: OPERATOR,
        });
        store.apply(unit)
    };
    let attempts = join_all((1..=20).map(bootstrap)).await;
    assert_eq!(attempts.iter().filter(|attempt| attempt.is_ok()).count(), 1);
    let roles = OPERATOR;
    let operators = store
        .ask(ListWallets {
            roles,
            after: None,
            limit: 9,
        })
        .await
        .unwrap();
    assert_eq!(operators.len(), 1);
    // Another role is not in the way.
    store.run(RequireNoRole { roles: DATA }).await.unwrap();
}

pub(crate) async fn of_two_operators_one_stays(store: Arc<dyn Store>) {
    for number in [1, 2] {
        let wallet = address(number);
        store.run(WalletEnsure { wallet, at: 1 }).await.unwrap();
        let roles = OPERATOR;
        store.run(WalletGrant { wallet, roles }).await.unwrap();
    }
    let withdraw = |number| {
        let mut unit = Unit::new();
        unit.push(RequireOther {
            roles: OPERATOR,
            besides: address(number),
        });
        unit.push(WalletWithdraw {
            wallet: address(number),
            roles: OPERATOR,
        });
        store.apply(unit)
    };
    let attempts = join_all([withdraw(1), withdraw(2)]).await;
    assert_eq!(attempts.iter().filter(|attempt| attempt.is_ok()).count(), 1);
    let besides = address(if attempts[0].is_ok() { 2 } else { 1 });
    let refused = attempts.into_iter().find_map(Result::err).unwrap();
    let no_other = AccountRefusal::NoOther { besides };
    assert_eq!(refused.refusal(), Some(&no_other.into()));
}
