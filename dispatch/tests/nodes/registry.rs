//! Nodes that come, are seen, listed and forgotten.

use hypernode_dispatch::nodes::{
    Fields, Filter, NodesConfig, NodesError, Presence, ProvenHost, Standing,
};
use hypernode_state::{Address, StoreExt};
use hypernode_wire::Dialect;
use serde_json::json;

use crate::support::{Hand, OTHER, WALLET, host, nodes, store};

#[tokio::test]
async fn a_wallet_has_one_node_over_http_and_falsy_values_keep_the_old() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hand, store) = (Hand::new(), store(folder.path()));
    let nodes = nodes(store, &hand, NodesConfig::default()).await;
    let said = Fields::read(
        &json!({"gpuModel": "RTX 4090", "vram": 24, "capabilities": ["inference", "render"]}),
    );
    // Two at once are one node.
    let (one, two) = tokio::join!(
        nodes.register_http(WALLET, &said),
        nodes.register_http(WALLET, &said)
    );
    let (one, two) = (one.expect("registered"), two.expect("registered"));
    assert_eq!((one.created, two.created), (true, false));
    assert_eq!(one.node.node.id, two.node.node.id);
    assert!(
        one.token
            .as_ref()
            .is_some_and(|token| token.expose().starts_with("hn_") && token.expose().len() == 46)
    );
    assert!(two.token.is_none());
    hand.pass(5_000);
    let again = nodes
        .register_http(
            WALLET,
            &Fields::read(&json!({"gpuModel": "", "vram": 0, "cpuModel": "EPYC"})),
        )
        .await;
    let node = again.expect("updated").node;
    let known = &node.node.about.described;
    assert_eq!(
        (
            known.gpu_model.as_str(),
            known.vram_mb,
            known.cpu_model.as_str()
        ),
        ("RTX 4090", 24_576, "EPYC")
    );
    assert_eq!(node.last_update(), hand.now());
    assert_eq!(
        (
            nodes.len(),
            nodes.of_wallet(WALLET).len(),
            nodes.of_wallet(OTHER).len()
        ),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn what_is_registered_is_there_after_a_restart_and_signs_of_life_are_written_now_and_then() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hand, store) = (Hand::new(), store(folder.path()));
    let first = nodes(store.clone(), &hand, NodesConfig::default()).await;
    let id = first
        .register_http(WALLET, &Fields::default())
        .await
        .expect("registered")
        .node
        .node
        .id;
    hand.pass(100_000);
    first
        .heartbeat(id, Some("busy"), Some(&json!({"load": 0.5})))
        .expect("known");
    let seen = first.get(id).expect("known");
    assert_eq!(
        (seen.status(hand.now()), seen.live.last_heartbeat),
        ("busy", hand.now())
    );

    let unwritten = nodes(store.clone(), &hand, NodesConfig::default()).await;
    assert_eq!(
        unwritten.get(id).expect("known").live.last_heartbeat,
        hand.now() - 100_000
    );
    first.flush().await;
    let second = nodes(store, &hand, NodesConfig::default()).await;
    assert_eq!(
        second.get(id).expect("known"),
        first.get(id).expect("known")
    );
    // Both of its lives write on: numbers of versions go on from what was kept.
    second
        .register_http(WALLET, &Fields::default())
        .await
        .expect("updated");

    let large = json!({"noise": "x".repeat(100_000)});
    second.heartbeat(id, None, Some(&large)).expect("known");
    let metrics = second.get(id).expect("known").live.metrics;
    assert_eq!(metrics, Some(json!({"load": 0.5})), "too large to keep");
}

#[tokio::test]
async fn presence_ends_with_silence_and_with_the_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hand, store) = (Hand::new(), store(folder.path()));
    let nodes = nodes(store, &hand, NodesConfig::default()).await;
    let token = nodes.issue_token(WALLET, false).await.expect("a token");
    let admitted = nodes
        .admit(token.expose(), &host("rig"), Dialect::V1)
        .await
        .expect("in");
    let id = admitted.node.node.id;
    let presence = || nodes.get(id).expect("known").presence(hand.now());
    assert_eq!(presence(), Presence::Online);
    hand.pass(30_001);
    assert_eq!(presence(), Presence::Stale);
    nodes.beat(id);
    assert_eq!(presence(), Presence::Online);
    nodes.gone(id);
    assert_eq!(presence(), Presence::Offline);
    let offline = Filter {
        status: Some("offline".to_owned()),
        ..Filter::default()
    };
    assert_eq!(
        nodes.list(&offline, None, 10).expect("a page").nodes.len(),
        1
    );
}

#[tokio::test]
async fn lists_are_filtered_and_paged_in_the_order_of_registration() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hand, store) = (Hand::new(), store(folder.path()));
    let nodes = nodes(store, &hand, NodesConfig::default()).await;
    for n in 0..7_u8 {
        let said = json!({"gpuModel": format!("RTX {}090", 3 + n % 2), "capabilities": ["inference", format!("c{n}")]});
        nodes
            .register_http(Address([n; 32]), &Fields::read(&said))
            .await
            .expect("registered");
        hand.pass(1);
    }
    let of_model = Filter {
        gpu_model: Some("rtx 40".to_owned()),
        ..Filter::default()
    };
    assert_eq!(
        nodes
            .list(&of_model, None, 100)
            .expect("a page")
            .nodes
            .len(),
        3
    );
    let of_capability = Filter {
        capability: Some("c5".to_owned()),
        ..Filter::default()
    };
    assert_eq!(
        nodes
            .list(&of_capability, None, 100)
            .expect("a page")
            .nodes
            .len(),
        1
    );
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = nodes.list(&Filter::default(), after, 3).expect("a page");
        seen.extend(page.nodes.iter().map(|view| view.node.wallet.0[0]));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn only_its_owner_deregisters_a_node_and_its_tokens_end_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hand, store) = (Hand::new(), store(folder.path()));
    let nodes = nodes(store.clone(), &hand, NodesConfig::default()).await;
    let new = nodes
        .register_http(WALLET, &Fields::default())
        .await
        .expect("registered");
    let (id, token) = (new.node.node.id, new.token.expect("of a new node"));
    assert_eq!(
        nodes.holder(token.expose()).await.expect("good").node,
        Some(id)
    );
    let others = nodes.deregister(id, OTHER).await;
    assert_eq!(others, Err(NodesError::NotYours(id.to_string())));
    nodes.deregister(id, WALLET).await.expect("its owner");
    assert_eq!(nodes.deregister(id, WALLET).await, Err(NodesError::Unknown));
    assert_eq!(nodes.holder(token.expose()).await, Err(NodesError::Token));
    assert_eq!(nodes.find(&id.to_string()), Err(NodesError::Unknown));
    let kept = store
        .ask(hypernode_state::nodes::GetNode { id: id.to_string() })
        .await;
    assert_eq!(kept, Ok(None));
    // A place is free again, and the wallet may come back.
    assert!(
        nodes
            .register_http(WALLET, &Fields::default())
            .await
            .expect("registered")
            .created
    );
}

#[tokio::test]
async fn a_wallet_has_so_many_nodes_and_no_more_even_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hand, store) = (Hand::new(), store(folder.path()));
    let config = NodesConfig {
        most_per_wallet: 3,
        ..NodesConfig::default()
    };
    let nodes = nodes(store, &hand, config).await;
    let mut tokens = Vec::new();
    for _ in 0..8 {
        tokens.push(nodes.issue_token(WALLET, false).await.expect("a token"));
    }
    let rig = host("rig");
    let all = tokens
        .iter()
        .map(|token| nodes.admit(token.expose(), &rig, Dialect::V2));
    let all = futures::future::join_all(all).await;
    let (ok, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    assert_eq!((ok.len(), refused.len(), nodes.len()), (3, 5, 3));
    assert!(
        refused
            .iter()
            .all(|r| matches!(r, Err(NodesError::TooMany(3))))
    );
    // The refused ones did not use their tokens up.
    let id = nodes.of_wallet(WALLET)[0].node.id;
    nodes.deregister(id, WALLET).await.expect("its owner");
    let later = futures::future::join_all(
        tokens
            .iter()
            .map(|t| nodes.admit(t.expose(), &rig, Dialect::V2)),
    )
    .await;
    assert_eq!(
        later
            .iter()
            .filter(|r| r.as_ref().is_ok_and(|a| a.created))
            .count(),
        1
    );
}

#[tokio::test]
async fn an_owner_links_a_host_to_its_node_on_chain_and_it_is_known_by_both_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hand, store) = (Hand::new(), store(folder.path()));
    let nodes = nodes(store.clone(), &hand, NodesConfig::default()).await;
    let (key, chain) = (Address([7; 32]), Address([8; 32]));
    let unlinked = ProvenHost {
        key,
        owner: None,
        chain: None,
    };
    let rig = host("rig");
    let nobody = nodes
        .admit_proven(unlinked, None, &rig, Dialect::Aware)
        .await;
    assert_eq!(nobody.err(), Some(NodesError::Token));
    let token = nodes.issue_token(WALLET, false).await.expect("a token");
    let first = nodes
        .admit_proven(unlinked, Some(token.expose()), &rig, Dialect::Aware)
        .await
        .expect("in");
    let id = first.node.node.id;
    assert_eq!((first.created, first.node.node.name()), (true, id));

    let linked = ProvenHost {
        key,
        owner: Some(WALLET),
        chain: Some(chain),
    };
    let second = nodes
        .admit_proven(linked, None, &rig, Dialect::Aware)
        .await
        .expect("in");
    assert_eq!((second.created, second.node.node.id), (false, id));
    let name = second.node.node.name();
    assert_eq!(name.to_string(), chain.to_string());
    assert_eq!(nodes.get(name).map(|view| view.node.id), Some(id));
    assert_eq!(second.node.facts(Standing::default()).id, name);

    // Another host of the same chain node is that node; one of another wallet is not.
    let spare = ProvenHost {
        key: Address([9; 32]),
        ..linked
    };
    let third = nodes
        .admit_proven(spare, None, &rig, Dialect::Aware)
        .await
        .expect("in");
    assert_eq!((third.created, third.node.node.id), (false, id));
    let thief = ProvenHost {
        key: Address([10; 32]),
        owner: Some(OTHER),
        chain: Some(chain),
    };
    let thief = nodes.admit_proven(thief, None, &rig, Dialect::Aware).await;
    assert!(matches!(thief, Err(NodesError::NotYours(_))), "{thief:?}");

    let again = crate::support::nodes(store, &hand, NodesConfig::default()).await;
    assert_eq!(again.get(name).map(|view| view.node.id), Some(id));
}

#[tokio::test]
async fn hosts_say_what_they_are_and_a_node_is_tested_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hand, store) = (Hand::new(), store(folder.path()));
    let nodes = nodes(store, &hand, NodesConfig::default()).await;
    let token = nodes.issue_token(WALLET, true).await.expect("a token");
    let mut said = host("rig");
    (said.slots, said.sandboxed) = (8, true);
    let view = nodes
        .admit(token.expose(), &said, Dialect::V1)
        .await
        .expect("in")
        .node;
    let facts = view.facts(Standing::default());
    assert_eq!(
        (facts.vram_mb, facts.slots, facts.sandboxed, facts.ask),
        (24_576, 1, false, 10_000)
    );
    assert_eq!(facts.model, "NVIDIA GeForce RTX 4090");
    assert!(view.node.about.described.hide_location);
    let id = view.node.id;
    assert_eq!(nodes.begin_test(id).await, Ok(true));
    assert_eq!(nodes.begin_test(id).await, Ok(false));

    nodes.ran(id, true);
    nodes.ran(id, false);
    let tally = nodes
        .tally(&nodes.get(id).expect("known"))
        .await
        .expect("sums");
    assert_eq!((tally.completed, tally.failed, tally.earned), (1, 1, 0));
}
