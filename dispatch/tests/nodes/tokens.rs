//! Tokens: used once for one node, good for that node from then on, until revoked.

use hypernode_dispatch::nodes::{NodesConfig, NodesError, digest};
use hypernode_state::StoreExt;
use hypernode_state::nodes::GetToken;
use hypernode_wire::Dialect;

use crate::support::{Hand, WALLET, host, nodes, store};

#[tokio::test]
async fn a_token_is_a_uuid_of_which_only_the_hash_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hand, store) = (Hand::new(), store(folder.path()));
    let nodes = nodes(store.clone(), &hand, NodesConfig::default()).await;
    for hidden in [false, true] {
        let token = nodes.issue_token(WALLET, hidden).await.expect("a token");
        let uuid = uuid::Uuid::try_parse(token.expose()).expect("a uuid");
        assert_eq!(uuid.get_version_num(), 4);
        let kept = store
            .ask(GetToken {
                token: digest(token.expose()),
            })
            .await
            .expect("read");
        assert_eq!(kept.map(|record| record.wallet), Some(WALLET));
        let view = nodes
            .admit(token.expose(), &host("rig"), Dialect::V1)
            .await
            .expect("in")
            .node;
        assert_eq!(view.node.about.described.hide_location, hidden);
    }
}

#[tokio::test]
async fn a_used_token_is_its_node_again_however_late_and_whoever_is_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hand, store) = (Hand::new(), store(folder.path()));
    let nodes = nodes(store, &hand, NodesConfig::default()).await;
    let token = nodes.issue_token(WALLET, false).await.expect("a token");
    let rig = host("rig");
    let (one, two) = tokio::join!(
        nodes.admit(token.expose(), &rig, Dialect::V2),
        nodes.admit(token.expose(), &rig, Dialect::V2)
    );
    let (one, two) = (one.expect("in"), two.expect("in"));
    assert_eq!(one.node.node.id, two.node.node.id);
    assert_ne!(one.created, two.created);
    assert_eq!(nodes.len(), 1);
    hand.pass(30 * 86_400_000);
    let late = nodes
        .admit(token.expose(), &host("renamed"), Dialect::V2)
        .await
        .expect("in");
    assert_eq!((late.created, late.node.node.id), (false, one.node.node.id));
    assert_eq!(late.node.node.about.described.hostname, "renamed");
}

#[tokio::test]
async fn unknown_expired_and_revoked_tokens_are_not_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hand, store) = (Hand::new(), store(folder.path()));
    let nodes = nodes(store, &hand, NodesConfig::default()).await;
    let rig = host("rig");
    let bad = |found: Result<_, NodesError>| {
        assert!(matches!(found, Err(NodesError::Token)), "{:?}", found.err());
    };
    bad(nodes.admit("never issued", &rig, Dialect::V1).await);
    assert_eq!(nodes.revoke("never issued").await, Err(NodesError::Token));

    let late = nodes.issue_token(WALLET, false).await.expect("a token");
    hand.pass(3_599_999);
    let timely = nodes.issue_token(WALLET, false).await.expect("a token");
    hand.pass(1);
    bad(nodes.admit(late.expose(), &rig, Dialect::V1).await);

    let id = nodes
        .admit(timely.expose(), &rig, Dialect::V1)
        .await
        .expect("in")
        .node
        .node
        .id;
    let epoch = nodes.epoch(id);
    nodes.revoke(timely.expose()).await.expect("it is there");
    assert_ne!(
        nodes.epoch(id),
        epoch,
        "a connection sees that its token ended"
    );
    bad(nodes.admit(timely.expose(), &rig, Dialect::V1).await);
    assert_eq!(nodes.holder(timely.expose()).await, Err(NodesError::Token));
}

#[tokio::test]
async fn a_wallet_has_so_many_unused_tokens() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hand, store) = (Hand::new(), store(folder.path()));
    let config = NodesConfig {
        most_tokens: 2,
        ..NodesConfig::default()
    };
    let nodes = nodes(store, &hand, config).await;
    let first = nodes.issue_token(WALLET, false).await.expect("a token");
    nodes.issue_token(WALLET, false).await.expect("a token");
    assert_eq!(
        nodes.issue_token(WALLET, false).await.err(),
        Some(NodesError::TooManyTokens(2))
    );
    nodes
        .admit(first.expose(), &host("rig"), Dialect::V1)
        .await
        .expect("in");
    nodes
        .issue_token(WALLET, false)
        .await
        .expect("one was used");
    hand.pass(3_600_000);
    nodes
        .issue_token(WALLET, false)
        .await
        .expect("the others expired");
}
