//! Tokens that are nobody's: no memory, little work.

use std::time::Duration;

use hypernode_accounts::limits::LimitKey;
use hypernode_accounts::rights::Scope;
use hypernode_accounts::{KeyRequest, Unauthenticated, random_text};
use tokio_util::sync::CancellationToken;

use crate::{Hub, NOW, Signer, here};

fn unknown() -> String {
    format!("hn_session_{}", random_text(43).unwrap())
}

#[tokio::test]
async fn what_is_no_token_is_never_looked_up() {
    let hub = Hub::new();
    for text in [
        "",
        "x",
        "hn_session_",
        "Bearer hn_session_",
        "hn_node_1700000000000",
        &"a".repeat(1_000_000),
    ] {
        assert!(matches!(
            hub.who(text, NOW).await,
            Err(Unauthenticated::Malformed(_))
        ));
    }
    assert_eq!(hub.accounts.auth().kept(), 0);
}

#[tokio::test]
async fn unknown_tokens_are_limited_by_sender_and_others_are_not_hurt() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let mut refused = 0;
    for _ in 0..200 {
        match hub.who(&unknown(), NOW).await {
            Err(Unauthenticated::Unknown) => {}
            Err(Unauthenticated::TooMany { retry_after }) => {
                assert!(retry_after > Duration::ZERO && retry_after <= Duration::from_secs(2));
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(refused >= 170, "{refused}");
    // From elsewhere, a token that is somebody's is found as ever, however often.
    let elsewhere = LimitKey::of_address([198, 51, 100, 1].into());
    for _ in 0..50 {
        let token = hub.sign_in(&signer, NOW).await.token;
        hub.accounts
            .auth()
            .authenticate(token.expose(), &elsewhere, NOW)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_token_that_is_over_is_limited_like_one_that_is_nobodys() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let token = hub.sign_in(&signer, NOW).await.token;
    let idle = NOW + hypernode_accounts::Lifetime::USER.idle;
    let mut limited = 0;
    for _ in 0..50 {
        match hub.who(token.expose(), idle).await {
            Err(Unauthenticated::Idle) => {}
            Err(Unauthenticated::TooMany { .. }) => limited += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(limited >= 25, "{limited}");
}

#[tokio::test]
async fn many_good_tokens_from_one_address_are_all_found() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let mut tokens = Vec::new();
    for _ in 0..60 {
        tokens.push(hub.sign_in(&signer, NOW).await.token);
    }
    let all =
        futures::future::join_all(tokens.iter().map(|token| hub.who(token.expose(), NOW))).await;
    assert!(all.iter().all(Result::is_ok));
}

#[tokio::test]
async fn unknown_tokens_fill_no_memory() {
    let hub = Hub::new();
    for number in 0..2_000_u32 {
        let caller = LimitKey::of_address(std::net::IpAddr::V4((number * 7).into()));
        let _ = hub
            .accounts
            .auth()
            .authenticate(&unknown(), &caller, NOW)
            .await;
    }
    assert_eq!(hub.accounts.auth().kept(), 0);
}

#[tokio::test]
async fn a_follower_keeps_requests_from_waiting_and_ends_with_a_last_write() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let key = {
        hub.sign_in(&signer, NOW).await;
        let request = KeyRequest {
            scopes: hypernode_accounts::rights::Scopes::of(&[Scope::Read]),
            label: String::new(),
            expires_at: None,
            cap: None,
        };
        hub.accounts
            .create_key(signer.key(), request, NOW)
            .await
            .unwrap()
    };
    let stop = CancellationToken::new();
    let follow = hub.accounts.auth().follow(stop.clone());
    let ask = async {
        for _ in 0..20 {
            hub.accounts
                .auth()
                .authenticate(key.key.expose(), &here(), NOW)
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
    };
    tokio::join!(follow, ask);
    assert_eq!(
        hub.accounts.keys(signer.key()).await.unwrap()[0].used_at,
        Some(NOW)
    );
}
