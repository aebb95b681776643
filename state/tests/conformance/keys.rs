//! API keys, host keys, the trail, and what runs across accounts.

use std::sync::Arc;

use futures::future::join_all;
use hypernode_state::accounts::{
    AccountRefusal, AccountsVersion, ApiKeyCreate, ApiKeyRefund, ApiKeyRevoke, ApiKeyRotate,
    ApiKeySetCap, ApiKeySpend, ApiKeyTouch, AuditAppend, GetApiKey, GetHostKey, HostKeyAdd,
    HostKeyRevoke, ListApiKeys, ListAudit, ListHostKeys, NewApiKey, NewestAudit, SessionRevoke,
    Spent, WalletGrant, WalletSignOut, WalletWithdraw,
};
use hypernode_state::{Refusal, Store, StoreExt, Unit};

use super::accounts::{DATA, account, ensure, nonce, session, take};
use super::{address, digest, refused};

fn key(id: &str) -> NewApiKey {
    NewApiKey {
        id: id.to_owned(),
        secret: digest(7),
        scopes: "jobs:read".to_owned(),
        label: "ci".to_owned(),
        at: 10,
        expires_at: None,
    }
}

async fn create(store: &Arc<dyn Store>, id: &str, cap: Option<u64>) {
    let owner = ensure(store, 1).await;
    store
        .run(ApiKeyCreate {
            key: key(id),
            owner,
            cap,
        })
        .await
        .unwrap();
}

fn spend(id: &str, amount: u64) -> ApiKeySpend {
    ApiKeySpend {
        id: id.to_owned(),
        amount,
        now: 20,
    }
}

fn refund(id: &str, amount: u64) -> ApiKeyRefund {
    ApiKeyRefund {
        id: id.to_owned(),
        amount,
    }
}

fn exceeds(refusal: Refusal) -> bool {
    matches!(account(refusal), AccountRefusal::CapExceeded { .. })
}

pub(crate) async fn spending_stops_at_the_cap(store: Arc<dyn Store>) {
    create(&store, "k", Some(100)).await;
    assert_eq!(
        store.run(spend("k", 60)).await.unwrap(),
        Spent {
            spent: 60,
            cap: Some(100)
        }
    );
    assert!(exceeds(refused(store.run(spend("k", 41)).await)));
    assert_eq!(store.run(spend("k", 40)).await.unwrap().spent, 100);
    assert!(exceeds(refused(store.run(spend("k", 1)).await)));
    assert_eq!(store.run(refund("k", 30)).await.unwrap().spent, 70);
    let why = account(refused(store.run(refund("k", 71)).await));
    assert!(matches!(
        why,
        AccountRefusal::RefundExceeds { spent: 70, .. }
    ));
    let cap = ApiKeySetCap {
        id: "k".to_owned(),
        cap: Some(50),
    };
    assert_eq!(store.run(cap).await.unwrap().cap, Some(50));
    assert!(
        exceeds(refused(store.run(spend("k", 0)).await)),
        "beyond the new cap already"
    );
    store.run(refund("k", 70)).await.unwrap();
    store.run(spend("k", 50)).await.unwrap();
}

pub(crate) async fn spending_at_once_stays_within_the_cap(store: Arc<dyn Store>) {
    create(&store, "k", Some(1_000)).await;
    let spends = join_all((0..200).map(|_| store.run(spend("k", 7)))).await;
    let granted = spends.into_iter().filter(Result::is_ok).count();
    assert_eq!(granted, 142);
    let (record, owner) = store
        .ask(GetApiKey { id: "k".to_owned() })
        .await
        .unwrap()
        .unwrap();
    assert_eq!((record.spent, owner.wallet), (994, address(1)));
}

pub(crate) async fn a_rotation_shares_the_purse(store: Arc<dyn Store>) {
    create(&store, "old", Some(100)).await;
    store.run(spend("old", 60)).await.unwrap();
    let rotate = |new: &str| ApiKeyRotate {
        old: "old".to_owned(),
        old_ends_at: 30,
        key: key(new),
    };
    let new = store.run(rotate("new")).await.unwrap();
    assert_eq!((new.owner, new.spent, new.cap), (address(1), 60, Some(100)));
    assert_eq!(new.rotated_from.as_deref(), Some("old"));
    store.run(spend("old", 20)).await.unwrap();
    store.run(spend("new", 20)).await.unwrap();
    assert!(exceeds(refused(store.run(spend("old", 1)).await)));
    assert!(exceeds(refused(store.run(spend("new", 1)).await)));
    let late = ApiKeySpend {
        now: 30,
        ..spend("old", 0)
    };
    assert!(matches!(
        account(refused(store.run(late).await)),
        AccountRefusal::ApiKeyExpired { at: 30, .. }
    ));
    // Another rotation does not give the old one more time.
    let again = ApiKeyRotate {
        old_ends_at: 500,
        ..rotate("newer")
    };
    store.run(again).await.unwrap();
    let (old, _) = store
        .ask(GetApiKey {
            id: "old".to_owned(),
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(old.expires_at, Some(30));
    let taken = account(refused(store.run(rotate("new")).await));
    assert_eq!(
        taken,
        AccountRefusal::ApiKeyExists {
            id: "new".to_owned()
        }
    );
    let list = ListApiKeys {
        owner: address(1),
        after: None,
        limit: 9,
    };
    let ids: Vec<String> = store
        .ask(list)
        .await
        .unwrap()
        .into_iter()
        .map(|key| key.id)
        .collect();
    assert_eq!(ids, ["new", "newer", "old"]);
}

pub(crate) async fn amounts_use_the_whole_range(store: Arc<dyn Store>) {
    create(&store, "k", None).await;
    store.run(spend("k", u64::MAX - 1)).await.unwrap();
    assert!(exceeds(refused(store.run(spend("k", 2)).await)));
    assert_eq!(
        store.run(spend("k", 1)).await.unwrap(),
        Spent {
            spent: u64::MAX,
            cap: None
        }
    );
    create(&store, "l", Some(u64::MAX)).await;
    store.run(spend("l", 1 << 63)).await.unwrap();
    assert!(exceeds(refused(store.run(spend("l", 1 << 63)).await)));
    assert_eq!(
        store.run(spend("l", (1 << 63) - 1)).await.unwrap().spent,
        u64::MAX
    );
    store.run(refund("l", u64::MAX)).await.unwrap();
    let (record, _) = store
        .ask(GetApiKey { id: "l".to_owned() })
        .await
        .unwrap()
        .unwrap();
    assert_eq!((record.cap, record.spent), (Some(u64::MAX), 0));
}

pub(crate) async fn a_revoked_key_does_nothing(store: Arc<dyn Store>) {
    create(&store, "k", None).await;
    let touch = |at| ApiKeyTouch {
        id: "k".to_owned(),
        at,
    };
    store.run(touch(15)).await.unwrap();
    store.run(touch(12)).await.unwrap();
    let revoke = |at| ApiKeyRevoke {
        id: "k".to_owned(),
        at,
    };
    let key_now = store.run(revoke(16)).await.unwrap();
    assert_eq!((key_now.used_at, key_now.revoked_at), (Some(15), Some(16)));
    assert_eq!(store.run(revoke(17)).await.unwrap().revoked_at, Some(16));
    let revoked = |refusal| {
        matches!(
            account(refusal),
            AccountRefusal::ApiKeyRevoked { at: 16, .. }
        )
    };
    assert!(revoked(refused(store.run(spend("k", 1)).await)));
    let rotate = ApiKeyRotate {
        old: "k".to_owned(),
        old_ends_at: 99,
        key: key("l"),
    };
    assert!(revoked(refused(store.run(rotate).await)));
    let unknown = account(refused(store.run(spend("nobody", 1)).await));
    assert_eq!(
        unknown,
        AccountRefusal::ApiKeyUnknown {
            id: "nobody".to_owned()
        }
    );
}

pub(crate) async fn a_host_key_is_never_added_twice(store: Arc<dyn Store>) {
    let owner = ensure(&store, 1).await;
    let add = |number, owner| HostKeyAdd {
        key: address(number),
        owner,
        node: Some(address(200)),
        label: "rig".to_owned(),
        at: 3,
    };
    store.run(add(50, owner)).await.unwrap();
    let exists = AccountRefusal::HostKeyExists { key: address(50) };
    assert_eq!(account(refused(store.run(add(50, owner)).await)), exists);
    let revoke = |number| HostKeyRevoke {
        key: address(number),
        at: 4,
    };
    assert_eq!(store.run(revoke(50)).await.unwrap().revoked_at, Some(4));
    assert_eq!(account(refused(store.run(add(50, owner)).await)), exists);
    let unknown = AccountRefusal::HostKeyUnknown { key: address(51) };
    assert_eq!(account(refused(store.run(revoke(51)).await)), unknown);
    let stranger = AccountRefusal::WalletUnknown { wallet: address(9) };
    assert_eq!(
        account(refused(store.run(add(52, address(9))).await)),
        stranger
    );
    store
        .run(HostKeyAdd {
            node: None,
            ..add(40, owner)
        })
        .await
        .unwrap();
    let list = |after| ListHostKeys {
        owner,
        after,
        limit: 9,
    };
    let keys: Vec<_> = store
        .ask(list(None))
        .await
        .unwrap()
        .into_iter()
        .map(|key| key.key)
        .collect();
    assert_eq!(keys, [address(40), address(50)]);
    assert_eq!(store.ask(list(Some(address(40)))).await.unwrap().len(), 1);
    let record = store
        .ask(GetHostKey { key: address(40) })
        .await
        .unwrap()
        .unwrap();
    assert_eq!((record.node, record.revoked_at), (None, None));
}

pub(crate) async fn the_trail_is_in_order(store: Arc<dyn Store>) {
    let entry = |subject: &str, at| AuditAppend {
        at,
        actor: "operator".to_owned(),
        action: "api_key.revoke".to_owned(),
        subject: subject.to_owned(),
        detail: "asked for by mail".to_owned(),
    };
    // Times may go back, numbers do not.
    for (number, (subject, at)) in [("a", 9), ("b", 5), ("a", 7)].into_iter().enumerate() {
        assert_eq!(
            store.run(entry(subject, at)).await.unwrap(),
            number as u64 + 1
        );
    }
    let list = |subject: Option<&str>, after| ListAudit {
        subject: subject.map(str::to_owned),
        after,
        limit: 9,
    };
    let numbers = |records: Vec<hypernode_state::accounts::AuditRecord>| {
        records.iter().map(|record| record.seq).collect::<Vec<_>>()
    };
    assert_eq!(numbers(store.ask(list(None, 0)).await.unwrap()), [1, 2, 3]);
    assert_eq!(numbers(store.ask(list(Some("a"), 1)).await.unwrap()), [3]);
    assert_eq!(
        numbers(store.ask(list(None, u64::MAX)).await.unwrap()),
        [0; 0]
    );
    // Newest first: all, those that name somebody, those of a kind, those before one, a few.
    for (who, action, before, limit, found) in [
        (None, None, None, 9, vec![3, 2, 1]),
        (Some("a"), None, None, 9, vec![3, 1]),
        (Some("operator"), None, None, 9, vec![3, 2, 1]),
        (Some("c"), None, None, 9, vec![]),
        (None, Some("api"), None, 9, vec![3, 2, 1]),
        (None, Some("role"), None, 9, vec![]),
        (None, None, Some(3), 9, vec![2, 1]),
        (Some("a"), None, Some(3), 9, vec![1]),
        (None, None, None, 2, vec![3, 2]),
    ] {
        let query = NewestAudit {
            who: who.map(str::to_owned),
            action: action.map(str::to_owned),
            before,
            limit,
        };
        assert_eq!(numbers(store.ask(query).await.unwrap()), found);
    }
}

pub(crate) async fn the_version_moves_with_what_decisions_rest_on(store: Arc<dyn Store>) {
    let mut last = store.ask(AccountsVersion).await.unwrap();
    create(&store, "k", None).await;
    let wallet = address(1);
    let mut unit = Unit::new();
    unit.push(session(1, wallet));
    store.apply(unit).await.unwrap();
    let revoke = |id: &str| ApiKeyRevoke {
        id: id.to_owned(),
        at: 1,
    };
    let rotate = ApiKeyRotate {
        old: "k".to_owned(),
        old_ends_at: 99,
        key: key("l"),
    };
    let add = HostKeyAdd {
        key: address(5),
        owner: wallet,
        node: None,
        label: String::new(),
        at: 1,
    };
    let changes: [Unit; 8] = [
        [rotate.into()].into_iter().collect(),
        [revoke("k").into()].into_iter().collect(),
        [WalletGrant {
            wallet,
            roles: DATA,
        }
        .into()]
        .into_iter()
        .collect(),
        [WalletWithdraw {
            wallet,
            roles: DATA,
        }
        .into()]
        .into_iter()
        .collect(),
        [WalletSignOut { wallet }.into()].into_iter().collect(),
        [SessionRevoke {
            token: digest(1),
            at: 1,
        }
        .into()]
        .into_iter()
        .collect(),
        [add.into()].into_iter().collect(),
        [HostKeyRevoke {
            key: address(5),
            at: 1,
        }
        .into()]
        .into_iter()
        .collect(),
    ];
    for change in changes {
        store.apply(change.clone()).await.unwrap();
        let now = store.ask(AccountsVersion).await.unwrap();
        assert!(now > last, "{change:?}");
        last = now;
    }
    store
        .run(ApiKeyTouch {
            id: "l".to_owned(),
            at: 5,
        })
        .await
        .unwrap();
    store.run(spend("l", 5)).await.unwrap();
    refused(store.run(revoke("nobody")).await);
    assert_eq!(store.ask(AccountsVersion).await.unwrap(), last);
}

pub(crate) async fn secrets_stay_out_of_debug(store: Arc<dyn Store>) {
    let secret = b"0123456789abcdef0123456789abcdef";
    let put = nonce(secret, 100);
    let shown = format!("{put:?} {:?}", take(secret, 0));
    assert!(!shown.contains("48, 49, 50"), "{shown}");
    create(&store, "k", None).await;
    let record = store.ask(GetApiKey { id: "k".to_owned() }).await.unwrap();
    let shown = format!("{record:?}");
    assert!(
        shown.contains("Digest(07070707…)") && !shown.contains("0707070707"),
        "{shown}"
    );
}
