//! Nodes and their tokens.

use std::sync::Arc;

use futures::future::join_all;
use hypernode_state::nodes::{
    GetNode, GetToken, ListNodes, ListTokens, NodeDrop, NodePut, NodeRefusal, TokenBind,
    TokenIssue, TokenRevoke, TokensSweep,
};
use hypernode_state::{Refusal, Store, StoreExt};

use super::{address, digest, refused};

fn put(id: &str, version: u64, wallet: u8) -> NodePut {
    NodePut {
        id: id.to_owned(),
        version,
        wallet: address(wallet),
        chain: None,
        record: b"rig".to_vec(),
        at: 10 + version as i64,
    }
}

fn issue(token: u8, expires_at: i64) -> TokenIssue {
    TokenIssue {
        token: digest(token),
        wallet: address(1),
        expires_at,
        at: i64::from(token),
    }
}

fn bind(token: u8, node: &str, at: i64) -> TokenBind {
    TokenBind {
        token: digest(token),
        node: node.to_owned(),
        at,
    }
}

fn revoke(token: u8, at: i64) -> TokenRevoke {
    let token = digest(token);
    TokenRevoke { token, at }
}

fn why(refusal: Refusal) -> NodeRefusal {
    match refusal {
        Refusal::Node(why) => why,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn a_node_is_put_from_its_version(store: Arc<dyn Store>) {
    assert_eq!(store.run(put("n", 0, 1)).await.unwrap(), 1);
    let id = || "n".to_owned();
    let again = why(refused(store.run(put("n", 0, 2)).await));
    let (given, current) = (0, 1);
    assert_eq!(
        again,
        NodeRefusal::Stale {
            id: id(),
            given,
            current
        }
    );
    let changed = NodePut {
        chain: Some(address(9)),
        ..put("n", 1, 2)
    };
    assert_eq!(store.run(changed).await.unwrap(), 2);
    let node = store.ask(GetNode { id: id() }).await.unwrap().unwrap();
    assert_eq!((node.wallet, node.chain), (address(2), Some(address(9))));
    let times = (node.created_at, node.changed_at);
    assert_eq!((node.version, times), (2, (10, 11)));
    let unknown = why(refused(store.run(put("m", 4, 1)).await));
    assert!(matches!(unknown, NodeRefusal::Unknown { .. }));
    let stale = NodeDrop {
        id: id(),
        version: 1,
    };
    let stale = why(refused(store.run(stale).await));
    assert!(matches!(stale, NodeRefusal::Stale { current: 2, .. }));
    let version = 2;
    let dropped = store.run(NodeDrop { id: id(), version }).await.unwrap();
    assert_eq!(dropped, node);
    assert_eq!(store.ask(GetNode { id: id() }).await.unwrap(), None);
    assert_eq!(store.run(put("n", 0, 1)).await.unwrap(), 1);
}

pub(crate) async fn nodes_are_listed_by_wallet(store: Arc<dyn Store>) {
    for (id, wallet) in [("c", 1), ("a", 1), ("b", 2), ("d", 1)] {
        store.run(put(id, 0, wallet)).await.unwrap();
    }
    let all = ListNodes {
        wallet: None,
        after: None,
        limit: 3,
    };
    let ids = async |query: ListNodes| {
        let nodes = store.ask(query).await.unwrap();
        nodes.into_iter().map(|node| node.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(all.clone()).await, ["a", "b", "c"]);
    let mine = ListNodes {
        wallet: Some(address(1)),
        after: Some("a".to_owned()),
        ..all
    };
    assert_eq!(ids(mine).await, ["c", "d"]);
}

pub(crate) async fn a_token_is_its_first_nodes(store: Arc<dyn Store>) {
    store.run(issue(1, 100)).await.unwrap();
    let exists = why(refused(store.run(issue(1, 200)).await));
    assert_eq!(exists, NodeRefusal::TokenExists);
    let at_once = join_all((0..20).map(|n| {
        let node = format!("n{n}");
        let store = Arc::clone(&store);
        async move { store.run(bind(1, &node, 99)).await }
    }))
    .await;
    let bound: Vec<_> = at_once.iter().filter_map(|r| r.as_ref().ok()).collect();
    let [bound] = bound[..] else {
        panic!("{bound:?}")
    };
    let node = bound.node.clone().unwrap();
    // However late it comes back.
    let later = store.run(bind(1, &node, 5_000)).await.unwrap();
    assert_eq!((&later, later.bound_at), (bound, Some(99)));
    let other = why(refused(store.run(bind(1, "other", 50)).await));
    assert_eq!(other, NodeRefusal::TokenUsed { node: node.clone() });
    let at = 60;
    store.run(revoke(1, at)).await.unwrap();
    let kept = store.run(revoke(1, 70)).await.unwrap();
    assert_eq!((kept.revoked_at, kept.node), (Some(60), Some(node.clone())));
    let over = why(refused(store.run(bind(1, &node, 50)).await));
    assert_eq!(over, NodeRefusal::TokenRevoked { at });
}

pub(crate) async fn an_unused_token_expires_and_is_swept(store: Arc<dyn Store>) {
    for (token, expires_at) in [(1, 100), (2, 90), (3, 80), (4, 80)] {
        store.run(issue(token, expires_at)).await.unwrap();
    }
    store.run(bind(4, "n", 79)).await.unwrap();
    let late = why(refused(store.run(bind(3, "n", 80)).await));
    assert_eq!(late, NodeRefusal::TokenExpired { at: 80 });
    store.run(revoke(2, 1)).await.unwrap();
    let sweep = |now, limit| store.run(TokensSweep { now, limit });
    assert_eq!(sweep(79, 9).await.unwrap(), 0);
    assert_eq!(sweep(99, 1).await.unwrap(), 1);
    let gone = why(refused(store.run(bind(3, "n", 0)).await));
    assert_eq!(gone, NodeRefusal::TokenUnknown);
    assert_eq!(sweep(1_000, 9).await.unwrap(), 2);
    let gone = why(refused(store.run(revoke(1, 0)).await));
    assert_eq!(gone, NodeRefusal::TokenUnknown);
    let token = digest(4);
    assert!(store.ask(GetToken { token }).await.unwrap().is_some());
}

pub(crate) async fn tokens_are_listed_latest_first(store: Arc<dyn Store>) {
    for token in [3, 1, 2] {
        store.run(issue(token, 100)).await.unwrap();
    }
    let (wallet, limit) = (address(1), 2);
    let tokens = store.ask(ListTokens { wallet, limit }).await.unwrap();
    let tokens: Vec<_> = tokens.into_iter().map(|token| token.token).collect();
    assert_eq!(tokens, [digest(3), digest(2)]);
}
