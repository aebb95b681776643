//! How sessions last and end.

use hypernode_accounts::rights::{Role, Scope, Scopes};
use hypernode_accounts::time::{DAY, MINUTE};
use hypernode_accounts::{
    AccountError, Fingerprint, KeyRequest, Lifetime, Unauthenticated, operators,
};

use crate::{Hub, NOW, Signer};

#[tokio::test]
async fn signing_out_ends_one_session_or_all() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let mut tokens = Vec::new();
    for _ in 0..4 {
        let token = hub.sign_in(&signer, NOW).await.token;
        assert!(hub.who(token.expose(), NOW).await.is_ok());
        tokens.push(token);
    }
    hub.accounts
        .sign_out(tokens[0].expose(), NOW + 1)
        .await
        .unwrap();
    assert_eq!(
        hub.who(tokens[0].expose(), NOW + 1).await,
        Err(Unauthenticated::Revoked)
    );
    // Twice, or of a token that is none: signed out all the same.
    hub.accounts
        .sign_out(tokens[0].expose(), NOW + 1)
        .await
        .unwrap();
    hub.accounts.sign_out("nonsense", NOW + 1).await.unwrap();
    // An API key is no session: said, and nothing happens to it.
    let request = KeyRequest {
        scopes: Scopes::of(&[Scope::Read]),
        label: String::new(),
        expires_at: None,
        cap: None,
    };
    let made = hub.accounts.create_key(signer.key(), request, NOW).await;
    let key = made.unwrap().key;
    let refused = hub.accounts.sign_out(key.expose(), NOW + 1).await;
    assert_eq!(refused, Err(AccountError::NoSession));
    let says = AccountError::NoSession.to_string();
    assert!(says.contains("DELETE /api/keys/{id}"), "{says}");
    assert!(hub.who(key.expose(), NOW + 1).await.is_ok());

    let second = Fingerprint::of(tokens[1].expose());
    assert!(
        hub.accounts
            .end_session(Signer::new(2).key(), second, NOW + 1)
            .await
            .is_err()
    );
    assert!(hub.who(tokens[1].expose(), NOW + 1).await.is_ok());
    hub.accounts
        .end_session(signer.key(), second, NOW + 1)
        .await
        .unwrap();
    assert_eq!(
        hub.who(tokens[1].expose(), NOW + 1).await,
        Err(Unauthenticated::Revoked)
    );

    hub.accounts
        .sign_out_everywhere(signer.key(), NOW + 2)
        .await
        .unwrap();
    for token in &tokens[2..] {
        assert_eq!(
            hub.who(token.expose(), NOW + 2).await,
            Err(Unauthenticated::Revoked)
        );
    }
    // Whoever signs in anew is in.
    let token = hub.sign_in(&signer, NOW + 3).await.token;
    assert!(hub.who(token.expose(), NOW + 3).await.is_ok());
}

#[tokio::test]
async fn a_session_slides_while_it_is_used_and_ends_at_last() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let token = hub.sign_in(&signer, NOW).await.token;
    let mut now = NOW;
    while now + 6 * DAY < NOW + Lifetime::USER.absolute {
        now += 6 * DAY;
        assert!(hub.who(token.expose(), now).await.is_ok());
        hub.accounts.auth().write_uses().await.unwrap();
    }
    let end = NOW + Lifetime::USER.absolute;
    assert!(hub.who(token.expose(), end - 1).await.is_ok());
    assert_eq!(
        hub.who(token.expose(), end).await,
        Err(Unauthenticated::Expired)
    );

    let token = hub.sign_in(&signer, NOW).await.token;
    assert!(
        hub.who(token.expose(), NOW + Lifetime::USER.idle - 1)
            .await
            .is_ok()
    );
    let token = hub.sign_in(&signer, NOW).await.token;
    assert_eq!(
        hub.who(token.expose(), NOW + Lifetime::USER.idle).await,
        Err(Unauthenticated::Idle)
    );
}

#[tokio::test]
async fn uses_are_written_at_most_once_a_minute_and_seen_by_others() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let twin = hub.another();
    let token = hub.sign_in(&signer, NOW).await.token;
    let seen = async |hub: &Hub| hub.accounts.sessions(signer.key()).await.unwrap()[0].seen_at;
    for (after, written) in [
        (0, 0),
        (MINUTE - 1, 0),
        (MINUTE, MINUTE),
        (MINUTE + 1, MINUTE),
        (2 * MINUTE - 1, MINUTE),
        (2 * MINUTE, 2 * MINUTE),
    ] {
        hub.who(token.expose(), NOW + after).await.unwrap();
        hub.accounts.auth().write_uses().await.unwrap();
        assert_eq!(seen(&hub).await, NOW + written, "{after}");
    }
    // The other process knows an older use: it asks before it sends anybody away.
    twin.who(token.expose(), NOW + 1).await.unwrap();
    let later = NOW + Lifetime::USER.idle;
    hub.who(token.expose(), later - 1).await.unwrap();
    hub.accounts.auth().write_uses().await.unwrap();
    assert!(twin.who(token.expose(), later + MINUTE).await.is_ok());
}

#[tokio::test]
async fn operators_are_held_to_minutes_even_in_older_sessions() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let before = hub.sign_in(&signer, NOW).await.token;
    operators::grant(&*hub.store, signer.key(), Role::Operator, "cli", NOW)
        .await
        .unwrap();
    // What people are shown is what holds.
    let shown = hub.accounts.sessions(signer.key()).await.unwrap();
    assert_eq!(shown[0].expires_at, NOW + Lifetime::OPERATOR.absolute);
    assert_eq!(shown[0].idle_ms, Lifetime::OPERATOR.idle);
    let after = hub.sign_in(&signer, NOW).await;
    assert_eq!(after.expires_at, NOW + Lifetime::OPERATOR.absolute);
    for token in [&before, &after.token] {
        let idle = NOW + Lifetime::OPERATOR.idle;
        assert!(
            hub.who(token.expose(), idle - 1)
                .await
                .unwrap()
                .roles()
                .has(Role::Operator)
        );
        // Not written yet: in another process it was last used at the start.
        assert_eq!(
            hub.another().who(token.expose(), idle).await,
            Err(Unauthenticated::Idle)
        );
        let end = NOW + Lifetime::OPERATOR.absolute;
        assert_eq!(
            hub.who(token.expose(), end).await,
            Err(Unauthenticated::Expired)
        );
    }
}
