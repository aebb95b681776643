//! API keys: whose, for what, until when, how much.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hypernode_accounts::rights::{Denied, Owner, Right, Role, Scope, Scopes};
use hypernode_accounts::{
    AccountError, CreatedKey, KEYS, KeyId, KeyRequest, LONGEST_GRACE, Unauthenticated, operators,
};

use crate::{Hub, NOW, Signer};

fn request(scopes: &[Scope]) -> KeyRequest {
    KeyRequest {
        scopes: Scopes::of(scopes),
        label: "a\nlabel".into(),
        expires_at: None,
        cap: None,
    }
}

fn id(key: &CreatedKey) -> KeyId {
    KeyId::parse(&key.record.id).unwrap()
}

async fn key(hub: &Hub, signer: &Signer, request: KeyRequest) -> CreatedKey {
    hub.sign_in(signer, NOW).await;
    hub.accounts
        .create_key(signer.key(), request, NOW)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_key_may_what_it_was_made_for() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let made = key(&hub, &signer, request(&[Scope::JobsWrite])).await;
    assert_eq!(made.record.label, "alabel");
    let who = hub.who(made.key.expose(), NOW).await.unwrap();
    let mine = Owner::from(signer.key());
    assert_eq!(who.may(Right::SubmitJob, Some(&mine)), Ok(()));
    assert_eq!(
        who.may(Right::ManageWebhooks, Some(&mine)),
        Err(Denied::Scope(Scope::Webhooks))
    );
    assert_eq!(
        who.may(Right::ManageKeys, Some(&mine)),
        Err(Denied::InPerson)
    );
    // The id is public; another secret with it is nobody's.
    let other = key(&hub, &signer, request(&[Scope::Read])).await;
    let secret = other.key.expose().rsplit('_').next().unwrap();
    let mixed = format!("hn_live_{}_{secret}", made.record.id);
    assert_eq!(hub.who(&mixed, NOW).await, Err(Unauthenticated::Unknown));
}

#[tokio::test]
async fn keys_never_exceed_their_owner() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    hub.sign_in(&signer, NOW).await;
    let refused = hub
        .accounts
        .create_key(signer.key(), request(&[Scope::Operator]), NOW)
        .await
        .unwrap_err();
    let says = refused.to_string();
    assert!(
        says.contains("`operator`") && says.contains("role operator"),
        "{says}"
    );
    assert!(
        hub.accounts
            .create_key(signer.key(), request(&[]), NOW)
            .await
            .is_err()
    );
    assert!(
        hub.accounts
            .create_key(Signer::new(7).key(), request(&[Scope::Read]), NOW)
            .await
            .is_err()
    );

    operators::grant(&*hub.store, signer.key(), Role::Operator, "cli", NOW)
        .await
        .unwrap();
    let made = key(&hub, &signer, request(&[Scope::Operator])).await;
    assert!(
        hub.who(made.key.expose(), NOW)
            .await
            .unwrap()
            .roles()
            .has(Role::Operator)
    );
    operators::withdraw(&*hub.store, signer.key(), Role::Operator, true, "cli", NOW)
        .await
        .unwrap();
    hub.accounts.auth().refresh().await.unwrap();
    assert!(
        !hub.who(made.key.expose(), NOW)
            .await
            .unwrap()
            .roles()
            .has(Role::Operator)
    );
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once_here_and_within_a_second_elsewhere() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let twin = hub.another();
    let made = key(&hub, &signer, request(&[Scope::Read])).await;
    for process in [&hub, &twin] {
        assert!(process.who(made.key.expose(), NOW).await.is_ok());
    }
    let stranger = hub
        .accounts
        .revoke_key(Signer::new(2).key(), id(&made), NOW)
        .await
        .unwrap_err();
    assert_eq!(stranger, AccountError::NotFound { what: "API key" });
    assert!(hub.who(made.key.expose(), NOW).await.is_ok());

    hub.accounts
        .revoke_key(signer.key(), id(&made), NOW)
        .await
        .unwrap();
    let revoked = Instant::now();
    assert_eq!(
        hub.who(made.key.expose(), NOW).await,
        Err(Unauthenticated::Revoked)
    );
    // Asked without a pause, the other process never waits for a quiet moment to look.
    while twin.who(made.key.expose(), NOW).await.is_ok() {
        assert!(revoked.elapsed() < Duration::from_millis(1_500));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(
        twin.who(made.key.expose(), NOW).await,
        Err(Unauthenticated::Revoked)
    );
}

#[tokio::test]
async fn a_rotated_key_goes_on_for_its_grace() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let old = key(
        &hub,
        &signer,
        KeyRequest {
            cap: Some(100),
            ..request(&[Scope::JobsWrite])
        },
    )
    .await;
    hub.accounts.reserve(id(&old), 60, NOW).await.unwrap();
    let new = hub
        .accounts
        .rotate_key(signer.key(), id(&old), 1_000, NOW)
        .await
        .unwrap();
    assert_ne!(old.record.id, new.record.id);
    assert_eq!(
        (new.record.scopes.as_str(), new.record.cap, new.record.spent),
        ("jobs:write", Some(100), 60)
    );
    for made in [&old, &new] {
        assert!(hub.who(made.key.expose(), NOW + 999).await.is_ok());
    }
    assert_eq!(
        hub.who(old.key.expose(), NOW + 1_000).await,
        Err(Unauthenticated::Expired)
    );
    assert!(hub.who(new.key.expose(), NOW + 1_000).await.is_ok());
    // One purse for both: a rotation buys nothing.
    assert_eq!(
        hub.accounts.reserve(id(&new), 41, NOW).await,
        Err(AccountError::Cap {
            left: 40,
            amount: 41
        })
    );
    hub.accounts.reserve(id(&old), 30, NOW).await.unwrap();
    assert_eq!(
        hub.accounts.reserve(id(&new), 11, NOW).await,
        Err(AccountError::Cap {
            left: 10,
            amount: 11
        })
    );

    let newest = hub
        .accounts
        .rotate_key(signer.key(), id(&new), 0, NOW)
        .await
        .unwrap();
    assert_eq!(
        hub.who(new.key.expose(), NOW).await,
        Err(Unauthenticated::Expired)
    );
    assert!(hub.who(newest.key.expose(), NOW).await.is_ok());
    for grace in [-1, LONGEST_GRACE + 1] {
        assert!(
            hub.accounts
                .rotate_key(signer.key(), id(&newest), grace, NOW)
                .await
                .is_err()
        );
    }
    let stranger = hub
        .accounts
        .rotate_key(Signer::new(2).key(), id(&newest), 0, NOW)
        .await;
    assert_eq!(
        stranger.unwrap_err(),
        AccountError::NotFound { what: "API key" }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_never_spend_beyond_the_cap() {
    let (hub, signer) = (Arc::new(Hub::new()), Signer::new(1));
    let made = key(
        &hub,
        &signer,
        KeyRequest {
            cap: Some(105),
            ..request(&[Scope::JobsWrite])
        },
    )
    .await;
    let (id, twin) = (id(&made), Arc::new(hub.another()));
    let tries = (0..64).map(|number| {
        let hub = Arc::clone(if number % 2 == 0 { &hub } else { &twin });
        tokio::spawn(async move { hub.accounts.reserve(id, 10, NOW).await })
    });
    let done: Vec<_> = futures::future::join_all(tries)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(done.iter().filter(|tried| tried.is_ok()).count(), 10);
    let beyond = Err(AccountError::Cap {
        left: 5,
        amount: 10,
    });
    assert_eq!(done.iter().filter(|tried| **tried == beyond).count(), 54);

    assert_eq!(hub.accounts.release(id, 100).await.unwrap().spent, 0);
    assert_eq!(
        hub.accounts.release(id, 1).await,
        Err(AccountError::NotReserved {
            spent: 0,
            amount: 1
        })
    );
    assert!(hub.accounts.reserve(id, u64::MAX, NOW).await.is_err());
    hub.accounts
        .set_cap(signer.key(), id, Some(u64::MAX), NOW)
        .await
        .unwrap();
    assert_eq!(
        hub.accounts.reserve(id, u64::MAX, NOW).await.unwrap().spent,
        u64::MAX
    );
    assert_eq!(
        hub.accounts.reserve(id, 1, NOW).await,
        Err(AccountError::Cap { left: 0, amount: 1 })
    );
    hub.accounts
        .revoke_key(signer.key(), id, NOW)
        .await
        .unwrap();
    assert_eq!(
        hub.accounts.reserve(id, 0, NOW).await,
        Err(AccountError::KeyOver)
    );
}

#[tokio::test]
async fn keys_end_and_are_counted() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let made = key(
        &hub,
        &signer,
        KeyRequest {
            expires_at: Some(NOW + 10),
            ..request(&[Scope::Read])
        },
    )
    .await;
    assert!(hub.who(made.key.expose(), NOW + 9).await.is_ok());
    assert_eq!(
        hub.who(made.key.expose(), NOW + 10).await,
        Err(Unauthenticated::Expired)
    );
    for end in [NOW, i64::MIN, i64::MAX] {
        let bad = KeyRequest {
            expires_at: Some(end),
            ..request(&[Scope::Read])
        };
        let refused = hub
            .accounts
            .create_key(signer.key(), bad, NOW)
            .await
            .unwrap_err();
        assert!(matches!(
            refused,
            AccountError::Invalid {
                field: "expires_at",
                ..
            }
        ));
    }
    // The first one is over by then and does not count.
    for _ in 0..KEYS {
        hub.accounts
            .create_key(signer.key(), request(&[Scope::Read]), NOW + 10)
            .await
            .unwrap();
    }
    let more = hub
        .accounts
        .create_key(signer.key(), request(&[Scope::Read]), NOW + 10)
        .await
        .unwrap_err();
    assert_eq!(
        more,
        AccountError::TooMany {
            what: "API keys",
            most: KEYS
        }
    );
    // Its use is noted, coarsely.
    hub.accounts.auth().write_uses().await.unwrap();
    let keys = hub.accounts.keys(signer.key()).await.unwrap();
    let record = keys
        .iter()
        .find(|record| record.id == made.record.id)
        .unwrap();
    assert_eq!(record.used_at, Some(NOW + 9));
}
