//! Secrets are in nobody's log, and not on disk.

use hypernode_accounts::rights::{Scope, Scopes};
use hypernode_accounts::{Credential, KeyRequest, operators};

use crate::{Hub, NOW, Signer};

#[tokio::test]
async fn no_secret_is_printed_or_stored() {
    let (hub, signer) = (Hub::new(), Signer::new(1));
    let signed_in = hub.sign_in(&signer, NOW).await;
    let request = KeyRequest {
        scopes: Scopes::of(&[Scope::Read]),
        label: "label".into(),
        expires_at: None,
        cap: None,
    };
    let created = hub
        .accounts
        .create_key(signer.key(), request, NOW)
        .await
        .unwrap();
    let (token, key) = (signed_in.token.expose(), created.key.expose());
    hub.who(token, NOW).await.unwrap();
    hub.who(key, NOW).await.unwrap();
    let mut unknown = key.to_owned();
    unknown.replace_range(key.len() - 1.., if key.ends_with('0') { "1" } else { "0" });
    let refused = hub.who(&unknown, NOW).await.unwrap_err();
    let printed = format!(
        "{signed_in:?} {created:?} {:?} {:?} {refused} {refused:?} {:?}",
        Credential::parse(token),
        Credential::parse(key),
        hub.accounts,
    );
    let secrets = [
        token.strip_prefix("hn_session_").unwrap(),
        key.rsplit('_').next().unwrap(),
    ];
    for secret in secrets {
        assert_eq!(secret.len(), 43);
        assert!(!printed.contains(&secret[..8]), "{printed}");
    }

    let code = operators::begin(&*hub.store, hub.path())
        .await
        .unwrap()
        .unwrap();
    let code = std::fs::read_to_string(code).unwrap();
    operators::claim(&*hub.store, hub.path(), &code, signer.key(), NOW)
        .await
        .unwrap();
    let mut found = 0;
    for file in std::fs::read_dir(hub.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let has = |needle: &str| {
            bytes
                .windows(needle.len())
                .any(|window| window == needle.as_bytes())
        };
        assert!(!secrets.iter().any(|secret| has(secret)) && !has(code.trim()));
        found += usize::from(has(&created.record.id));
    }
    // The search would have found it: the public part is there.
    assert!(found > 0);
}
