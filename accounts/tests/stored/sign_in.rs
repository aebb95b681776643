//! Signing in, once per challenge.

use std::sync::Arc;

use hypernode_accounts::limits::{Limiter, PLACES, Rates};
use hypernode_accounts::siws::{Chain, Field, Refusal, SignInPolicy, Site};
use hypernode_accounts::{AccountError, Accounts};

use crate::{Hub, NOW, Signer};

#[tokio::test]
async fn a_wallet_signs_in_once_per_challenge() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    for address in [None, Some(signer.key())] {
        let challenge = hub
            .accounts
            .challenge(Some("127.0.0.1:3001"), address, NOW)
            .await
            .unwrap();
        assert_eq!(challenge.domain, "127.0.0.1:3001");
        let answer = signer.answer(&challenge);
        let signed_in = hub
            .accounts
            .sign_in(&answer, "browser", NOW + 1)
            .await
            .unwrap();
        assert_eq!(signed_in.principal.account(), Some(signer.key()));
        assert_eq!(
            *hub.who(signed_in.token.expose(), NOW + 2).await.unwrap(),
            signed_in.principal
        );
        let replayed = hub
            .accounts
            .sign_in(&answer, "browser", NOW + 1)
            .await
            .unwrap_err();
        assert_eq!(replayed, AccountError::SignIn(Refusal::Replayed));
    }
    assert_eq!(hub.accounts.sessions(signer.key()).await.unwrap().len(), 2);
    let other = hub
        .accounts
        .challenge(Some("evil.example"), None, NOW)
        .await
        .unwrap_err();
    assert!(matches!(
        other,
        AccountError::SignIn(Refusal::WrongDomain { .. })
    ));
}

// I-40.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_signs_in() {
    let (hub, signer) = (Arc::new(Hub::new()), Signer::new(1));
    let twin = Arc::new(hub.another());
    let challenge = hub.accounts.challenge(None, None, NOW).await.unwrap();
    let answer = Arc::new(signer.answer(&challenge));
    let tries = (0..40).map(|number| {
        let (hub, answer) = (
            Arc::clone(if number % 2 == 0 { &hub } else { &twin }),
            Arc::clone(&answer),
        );
        tokio::spawn(async move { hub.accounts.sign_in(&answer, "", NOW).await.map(drop) })
    });
    let done: Vec<_> = futures::future::join_all(tries)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(done.iter().filter(|tried| tried.is_ok()).count(), 1);
    let replayed = Err(AccountError::SignIn(Refusal::Replayed));
    assert_eq!(done.iter().filter(|tried| **tried == replayed).count(), 39);
}

#[tokio::test]
async fn what_is_stale_or_from_elsewhere_is_refused() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let refused = async |hub: &Hub, answer, now| match hub
        .accounts
        .sign_in(&answer, "", now)
        .await
        .unwrap_err()
    {
        AccountError::SignIn(refusal) => refusal,
        other => panic!("{other}"),
    };
    let end = NOW + SignInPolicy::LIFETIME;
    let challenge = hub.accounts.challenge(None, None, NOW).await.unwrap();
    assert_eq!(
        refused(&hub, signer.answer(&challenge), end).await,
        Refusal::Expired
    );

    // Ours in every word, but never issued by this hub.
    let stranger = Hub::new();
    let challenge = stranger.accounts.challenge(None, None, NOW).await.unwrap();
    assert_eq!(
        refused(&hub, signer.answer(&challenge), NOW).await,
        Refusal::Replayed
    );
    assert_eq!(
        refused(&hub, signer.answer(&challenge), end).await,
        Refusal::Expired
    );

    // A nonce that no store would hold.
    let mut challenge = hub.accounts.challenge(None, None, NOW).await.unwrap();
    challenge.nonce = Some("a".repeat(2_000));
    assert_eq!(
        refused(&hub, signer.answer(&challenge), NOW).await,
        Refusal::Replayed
    );
    challenge.nonce = None;
    assert_eq!(
        refused(&hub, signer.answer(&challenge), NOW).await,
        Refusal::Replayed
    );

    // Another network, another site: seen before anything is looked up.
    let elsewhere = |chain, domain: &str| {
        let site = Site {
            domain: domain.into(),
            uri: format!("https://{domain}"),
        };
        let policy =
            SignInPolicy::new(vec![site], chain, "Sign in to the hub. This costs nothing.")
                .unwrap();
        let limiter = Arc::new(Limiter::new(Rates::default(), PLACES));
        Accounts::new(Arc::clone(&hub.store), policy, "hub.example", limiter).unwrap()
    };
    let challenge = elsewhere(Chain::Mainnet, "hub.example")
        .challenge(None, None, NOW)
        .await
        .unwrap();
    let refusal = refused(&hub, signer.answer(&challenge), NOW).await;
    assert_eq!(
        refusal,
        Refusal::WrongChain {
            expected: "solana:devnet".into()
        }
    );
    let challenge = elsewhere(Chain::Devnet, "evil.example")
        .challenge(None, None, NOW)
        .await
        .unwrap();
    let refusal = refused(&hub, signer.answer(&challenge), NOW).await;
    assert!(matches!(refusal, Refusal::WrongDomain { .. }));

    // One of our sites relays another one's challenge.
    let mut challenge = hub
        .accounts
        .challenge(Some("hub.example"), None, NOW)
        .await
        .unwrap();
    challenge.domain = "127.0.0.1:3001".into();
    let refusal = refused(&hub, signer.answer(&challenge), NOW).await;
    assert_eq!(
        refusal,
        Refusal::WrongDomain {
            expected: "hub.example".into()
        }
    );
    assert!(
        hub.accounts
            .sessions(signer.key())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_forged_answer_does_not_use_the_challenge_up() {
    let (hub, signer, thief) = (Hub::new(), Signer::new(1), Signer::new(2));
    let challenge = hub
        .accounts
        .challenge(None, Some(signer.key()), NOW)
        .await
        .unwrap();
    let mut forged = signer.answer(&challenge);
    forged.signature[3] ^= 1;
    let refusal = hub.accounts.sign_in(&forged, "", NOW).await.unwrap_err();
    assert_eq!(refusal, AccountError::SignIn(Refusal::Forged));
    let mut named = thief.answer(&challenge);
    named.account = signer.key();
    assert!(hub.accounts.sign_in(&named, "", NOW).await.is_err());
    // Nor does another account's, nor a text that was changed before it was signed.
    let mut borrowed = challenge.clone();
    borrowed.address = Some(thief.key().to_string());
    let refusal = hub
        .accounts
        .sign_in(&thief.answer(&borrowed), "", NOW)
        .await
        .unwrap_err();
    assert_eq!(refusal, AccountError::SignIn(Refusal::WrongKey));
    let mut altered = challenge.clone();
    altered.expiration_time = Some("2099-01-01T00:00:00.000Z".into());
    let refusal = hub
        .accounts
        .sign_in(&signer.answer(&altered), "", NOW)
        .await
        .unwrap_err();
    assert_eq!(
        refusal,
        AccountError::SignIn(Refusal::Altered(Field::ExpirationTime))
    );
    assert!(
        hub.accounts
            .sign_in(&signer.answer(&challenge), "", NOW)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_change_of_host_keys_is_no_sign_in() {
    use hypernode_accounts::HostChange;
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let change = HostChange::Revoke {
        key: Signer::new(9).key(),
    };
    let challenge = hub
        .accounts
        .host_change_challenge(None, signer.key(), change, NOW)
        .await
        .unwrap();
    let refusal = hub
        .accounts
        .sign_in(&signer.answer(&challenge), "", NOW)
        .await
        .unwrap_err();
    assert_eq!(refusal, AccountError::SignIn(Refusal::Replayed));
    let challenge = hub
        .accounts
        .challenge(None, Some(signer.key()), NOW)
        .await
        .unwrap();
    let refusal = hub
        .accounts
        .sign_host_change(&signer.answer(&challenge), NOW)
        .await
        .unwrap_err();
    assert_eq!(refusal, AccountError::SignIn(Refusal::Replayed));
}

#[tokio::test]
async fn what_is_over_is_swept() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    hub.sign_in(&signer, NOW).await;
    let stale = hub.accounts.challenge(None, None, NOW).await.unwrap();
    hub.accounts.challenge(None, None, NOW + 1).await.unwrap();
    let end = NOW + SignInPolicy::LIFETIME;
    assert_eq!(hub.accounts.sweep(end - 1).await, Ok(0));
    assert_eq!(hub.accounts.sweep(end).await, Ok(1));
    // Gone or not, it is told what it is.
    let refusal = hub
        .accounts
        .sign_in(&signer.answer(&stale), "", end)
        .await
        .unwrap_err();
    assert_eq!(refusal, AccountError::SignIn(Refusal::Expired));
    assert_eq!(
        hub.accounts
            .sweep(NOW + 61 * hypernode_accounts::time::DAY)
            .await,
        Ok(2)
    );
    assert!(
        hub.accounts
            .sessions(signer.key())
            .await
            .unwrap()
            .is_empty()
    );
}
