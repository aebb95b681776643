//! Host keys: proven, linked, rotated, revoked.

use hypernode_accounts::rights::{Principal, Right};
use hypernode_accounts::{
    AccountError, HostChange, HostConsent, HostProof, HostRefusal, PublicKey,
};

use crate::{Hub, NOW, Signer};

const NODE: PublicKey = PublicKey([77; 32]);

fn consent(host: &Signer, owner: &Signer, node: Option<PublicKey>) -> HostConsent {
    let text = HostConsent::text("hub.example", owner.key(), node, NOW);
    let signature = bs58::encode(host.sign(text.into_bytes()).signature).into_string();
    HostConsent { ts: NOW, signature }
}

fn link(host: &Signer, owner: &Signer) -> HostChange {
    HostChange::Link {
        key: host.key(),
        node: Some(NODE),
        consent: consent(host, owner, Some(NODE)),
    }
}

async fn prove(hub: &Hub, host: &Signer) -> Result<Principal, AccountError> {
    let challenge = hub.accounts.host_challenge(NOW).await.unwrap();
    let signature = host.sign(challenge.text(NOW).into_bytes()).signature;
    let proof = HostProof {
        key: host.key(),
        ts: NOW,
        signature,
    };
    hub.accounts.prove_host(&challenge.nonce, &proof, NOW).await
}

#[tokio::test]
async fn a_host_proves_itself_once_per_challenge() {
    let (hub, host) = (Hub::new(), Signer::new(5));
    assert_eq!(
        prove(&hub, &host).await.unwrap(),
        Principal::host(host.key(), None)
    );

    let challenge = hub.accounts.host_challenge(NOW).await.unwrap();
    let signature = host.sign(challenge.text(NOW).into_bytes()).signature;
    let proof = HostProof {
        key: host.key(),
        ts: NOW,
        signature,
    };
    let answer = async |nonce: &str, now| hub.accounts.prove_host(nonce, &proof, now).await;
    assert_eq!(
        answer("unknown", NOW).await,
        Err(HostRefusal::Replayed.into())
    );
    for text in ["", &"a".repeat(300)] {
        assert_eq!(answer(text, NOW).await, Err(HostRefusal::Replayed.into()));
    }
    assert!(answer(&challenge.nonce, NOW + 1).await.is_ok());
    assert_eq!(
        answer(&challenge.nonce, NOW + 1).await,
        Err(HostRefusal::Replayed.into())
    );
    let late = hub.accounts.host_challenge(NOW).await.unwrap();
    assert_eq!(
        answer(&late.nonce, NOW + 60_000).await,
        Err(HostRefusal::Expired.into())
    );
    // A wallet's nonce is none for a host.
    let wallets = hub.accounts.challenge(None, None, NOW).await.unwrap();
    assert_eq!(
        answer(&wallets.nonce.unwrap(), NOW).await,
        Err(HostRefusal::Replayed.into())
    );
}

#[tokio::test]
async fn a_wallet_links_rotates_and_revokes_with_consent() {
    let (hub, owner, host, fresh) = (Hub::new(), Signer::new(1), Signer::new(5), Signer::new(6));
    hub.accounts
        .change_host_key(owner.key(), &link(&host, &owner), NOW)
        .await
        .unwrap();
    assert_eq!(
        prove(&hub, &host).await.unwrap(),
        Principal::host(host.key(), Some(owner.key()))
    );
    let again = hub
        .accounts
        .change_host_key(owner.key(), &link(&host, &owner), NOW)
        .await;
    assert_eq!(again, Err(HostRefusal::KeyUsed.into()));

    let rotate = HostChange::Rotate {
        old: host.key(),
        new: fresh.key(),
        consent: consent(&fresh, &owner, Some(NODE)),
    };
    hub.accounts
        .change_host_key(owner.key(), &rotate, NOW)
        .await
        .unwrap();
    assert_eq!(prove(&hub, &host).await, Err(HostRefusal::Revoked.into()));
    assert!(prove(&hub, &fresh).await.is_ok());
    assert_eq!(
        hub.accounts
            .host_key(fresh.key())
            .await
            .unwrap()
            .unwrap()
            .node,
        Some(NODE.into())
    );
    // The old key is over: it neither rotates again nor comes back.
    assert_eq!(
        hub.accounts
            .change_host_key(owner.key(), &rotate, NOW)
            .await,
        Err(HostRefusal::Revoked.into())
    );
    let back = hub
        .accounts
        .change_host_key(owner.key(), &link(&host, &owner), NOW)
        .await;
    assert_eq!(back, Err(HostRefusal::KeyUsed.into()));

    hub.accounts
        .change_host_key(owner.key(), &HostChange::Revoke { key: fresh.key() }, NOW)
        .await
        .unwrap();
    assert_eq!(prove(&hub, &fresh).await, Err(HostRefusal::Revoked.into()));
    assert_eq!(hub.accounts.host_keys(owner.key()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn nobody_touches_anothers_host() {
    let (hub, owner, thief, host) = (Hub::new(), Signer::new(1), Signer::new(2), Signer::new(5));
    // Without the host's consent, or with one given to somebody else.
    let stolen = HostChange::Link {
        key: host.key(),
        node: Some(NODE),
        consent: consent(&thief, &thief, Some(NODE)),
    };
    assert_eq!(
        hub.accounts
            .change_host_key(thief.key(), &stolen, NOW)
            .await,
        Err(HostRefusal::NoConsent.into())
    );
    assert_eq!(
        hub.accounts
            .change_host_key(thief.key(), &link(&host, &owner), NOW)
            .await,
        Err(HostRefusal::NoConsent.into())
    );
    hub.accounts
        .change_host_key(owner.key(), &link(&host, &owner), NOW)
        .await
        .unwrap();

    let missing = Err(AccountError::NotFound { what: "host key" });
    let fresh = Signer::new(6);
    let rotate = HostChange::Rotate {
        old: host.key(),
        new: fresh.key(),
        consent: consent(&fresh, &thief, Some(NODE)),
    };
    for change in [HostChange::Revoke { key: host.key() }, rotate] {
        assert_eq!(
            hub.accounts
                .change_host_key(thief.key(), &change, NOW)
                .await,
            missing
        );
    }
    assert!(
        prove(&hub, &host)
            .await
            .unwrap()
            .may(Right::RunJob, None)
            .is_err()
    );
}

#[tokio::test]
async fn a_signature_alone_suffices_and_says_what_it_is_for() {
    let (hub, owner, host) = (Hub::new(), Signer::new(1), Signer::new(5));
    let challenge = hub
        .accounts
        .host_change_challenge(None, owner.key(), link(&host, &owner), NOW)
        .await
        .unwrap();
    let resource = format!("hypernode:host-key:link:{}:{NODE}", host.key());
    assert_eq!(challenge.resources, Some(vec![resource]));
    // Another wallet's signature carries nothing out.
    assert!(
        hub.accounts
            .sign_host_change(&Signer::new(2).answer(&challenge), NOW)
            .await
            .is_err()
    );
    let challenge = hub
        .accounts
        .host_change_challenge(None, owner.key(), link(&host, &owner), NOW)
        .await
        .unwrap();
    let answer = owner.answer(&challenge);
    assert_eq!(
        hub.accounts.sign_host_change(&answer, NOW).await,
        Ok(owner.key())
    );
    assert!(hub.accounts.sign_host_change(&answer, NOW).await.is_err());
    let record = hub.accounts.host_key(host.key()).await.unwrap().unwrap();
    assert_eq!(
        (record.owner, record.node),
        (owner.key().into(), Some(NODE.into()))
    );
}
