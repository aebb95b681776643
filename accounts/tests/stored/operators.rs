//! The first operator, the next, and the last.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use hypernode_accounts::PublicKey;
use hypernode_accounts::operators::{
    BootstrapError, GrantError, begin, claim, grant, holders, withdraw,
};
use hypernode_accounts::rights::Role;
use hypernode_state::StoreExt;
use hypernode_state::accounts::ListAudit;

use crate::{Hub, NOW, Signer};

#[tokio::test]
async fn who_reads_the_file_becomes_the_first_operator_once() {
    let (hub, first, second) = (Hub::new(), Signer::new(1), Signer::new(2));
    let path = begin(&*hub.store, hub.path()).await.unwrap().unwrap();
    let metadata = std::fs::metadata(&path).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let code = std::fs::read_to_string(&path).unwrap();
    // A second start leaves the code as it is.
    assert_eq!(
        begin(&*hub.store, hub.path()).await.unwrap().as_ref(),
        Some(&path)
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), code);

    for wrong in ["", "wrong", &code[1..], &format!("{}0", code.trim())] {
        let refused = claim(&*hub.store, hub.path(), wrong, first.key(), NOW).await;
        assert!(matches!(refused, Err(BootstrapError::WrongCode)), "{wrong}");
    }
    claim(&*hub.store, hub.path(), &code, first.key(), NOW)
        .await
        .unwrap();
    assert!(!path.exists());
    let again = claim(&*hub.store, hub.path(), &code, second.key(), NOW).await;
    assert!(matches!(again, Err(BootstrapError::Taken(wallet)) if wallet == first.key()));
    let says = again.unwrap_err().to_string();
    assert!(says.contains("an operator already"), "{says}");
    assert_eq!(
        holders(&*hub.store, Role::Operator).await.unwrap(),
        [first.key()]
    );
    // Where an operator is, no code is made, and a forgotten one is removed.
    std::fs::write(&path, &code).unwrap();
    let taken = claim(&*hub.store, hub.path(), &code, second.key(), NOW).await;
    assert!(matches!(taken, Err(BootstrapError::Taken(wallet)) if wallet == first.key()));
    assert_eq!(begin(&*hub.store, hub.path()).await.unwrap(), None);
    assert!(!path.exists());
}

#[tokio::test]
async fn of_two_who_claim_at_once_one_is_operator() {
    let (hub, one, two) = (Hub::new(), Signer::new(1), Signer::new(2));
    let path = begin(&*hub.store, hub.path()).await.unwrap().unwrap();
    let code = std::fs::read_to_string(path).unwrap();
    let (first, second) = tokio::join!(
        claim(&*hub.store, hub.path(), &code, one.key(), NOW),
        claim(&*hub.store, hub.path(), &code, two.key(), NOW),
    );
    assert_eq!(usize::from(first.is_ok()) + usize::from(second.is_ok()), 1);
    assert_eq!(holders(&*hub.store, Role::Operator).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_code_that_others_could_plant_is_replaced_or_refused() {
    let hub = Hub::new();
    let path = hub.path().join("operator-code");
    // Cut short by a crash: made anew.
    std::fs::write(&path, "short").unwrap();
    begin(&*hub.store, hub.path()).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().trim().len(), 26);
    // An empty code fits nothing.
    std::fs::write(&path, "").unwrap();
    let refused = claim(&*hub.store, hub.path(), "", Signer::new(1).key(), NOW).await;
    assert!(matches!(refused, Err(BootstrapError::WrongCode)));
    // A link to another file is not written through.
    std::fs::remove_file(&path).unwrap();
    let target = hub.path().join("target");
    std::fs::write(&target, "theirs").unwrap();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    begin(&*hub.store, hub.path()).await.unwrap();
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "theirs");
    assert_eq!(std::fs::symlink_metadata(&path).unwrap().nlink(), 1);
}

#[tokio::test]
async fn the_last_operator_stays_unless_it_is_said() {
    let (hub, one, two) = (Hub::new(), Signer::new(1), Signer::new(2));
    grant(&*hub.store, one.key(), Role::Operator, "cli", NOW)
        .await
        .unwrap();
    let refused = withdraw(&*hub.store, one.key(), Role::Operator, false, "cli", NOW).await;
    assert_eq!(refused, Err(GrantError::LastOperator(one.key())));
    let says = refused.unwrap_err().to_string();
    assert!(says.contains("--even-the-last"), "{says}");
    let both = grant(&*hub.store, two.key(), Role::Operator, "cli", NOW)
        .await
        .unwrap();
    assert_eq!(both.0.len(), 2);
    let left = withdraw(&*hub.store, one.key(), Role::Operator, false, "cli", NOW)
        .await
        .unwrap();
    assert_eq!(left.0, [two.key()]);
    // Two who leave at once: one stays.
    grant(&*hub.store, one.key(), Role::Operator, "cli", NOW)
        .await
        .unwrap();
    let (first, second) = tokio::join!(
        withdraw(&*hub.store, one.key(), Role::Operator, false, "cli", NOW),
        withdraw(&*hub.store, two.key(), Role::Operator, false, "cli", NOW),
    );
    assert_ne!(first.is_ok(), second.is_ok());
    for signer in [&two, &one] {
        grant(&*hub.store, signer.key(), Role::Operator, "cli", NOW)
            .await
            .unwrap();
    }
    withdraw(&*hub.store, one.key(), Role::Operator, true, "cli", NOW)
        .await
        .unwrap();
    // From somebody who is none: nothing happens to the last one.
    let none = withdraw(&*hub.store, one.key(), Role::Operator, false, "cli", NOW).await;
    assert_eq!(none, Err(GrantError::NotHeld(one.key(), "operator")));
    let stranger = Signer::new(9).key();
    let none = withdraw(&*hub.store, stranger, Role::DataTeam, true, "cli", NOW).await;
    assert_eq!(none, Err(GrantError::NotHeld(stranger, "data-team")));
    let left = withdraw(&*hub.store, two.key(), Role::Operator, true, "cli", NOW)
        .await
        .unwrap();
    assert!(left.0.is_empty());
    assert!(begin(&*hub.store, hub.path()).await.unwrap().is_some());

    grant(&*hub.store, one.key(), Role::DataTeam, "cli", NOW)
        .await
        .unwrap();
    assert_eq!(
        holders(&*hub.store, Role::DataTeam).await.unwrap(),
        [one.key()]
    );
    for role in [Role::Public, Role::Wallet, Role::Host, Role::Agent] {
        let refused = grant(&*hub.store, one.key(), role, "cli", NOW).await;
        assert_eq!(refused, Err(GrantError::NotGranted(role)));
    }
    let trail = hub
        .store
        .ask(ListAudit {
            subject: None,
            after: 0,
            limit: 100,
        })
        .await
        .unwrap();
    let actions: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).collect();
    let (given, taken) = ("role.grant", "role.withdraw");
    assert_eq!(
        actions,
        [
            given, given, taken, given, taken, given, given, taken, taken, given
        ]
    );
}

#[tokio::test]
async fn who_can_hold_no_key_gets_no_role() {
    let hub = Hub::new();
    let off = (1..=255).map(|byte| PublicKey([byte; 32]));
    let off = off.into_iter().find(|key| !key.can_sign()).unwrap();
    for key in [PublicKey([0; 32]), off] {
        let none = key.to_string();
        let refused = grant(&*hub.store, key, Role::Operator, "cli", NOW).await;
        assert_eq!(refused, Err(GrantError::NoKey(key)));
        let says = refused.unwrap_err().to_string();
        assert!(says.contains(&none) && says.contains("no wallet"), "{says}");
    }
    assert!(
        holders(&*hub.store, Role::Operator)
            .await
            .unwrap()
            .is_empty()
    );
}
