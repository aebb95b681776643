//! The input of a job that was created on chain.

use std::sync::Arc;

use hypernode_dispatch::asked::Limits;
use hypernode_dispatch::bridge::{Chained, InputError, waiting};
use hypernode_dispatch::ids::JobId;
use hypernode_state::jobs::GetJob;
use hypernode_state::{Address, StoreExt};
use hypernode_wire::Catalog;
use serde_json::json;

use crate::chain::{Chain, Change, Kind, body, name};
use crate::support::{Process, store};

async fn process(folder: &std::path::Path) -> Process {
    let chain = Arc::new(Chain::new(vec![Change::Block(vec![(0, Kind::Created)])]));
    chain.reveal(1);
    let mut process = Process::start(store(folder), chain, 0);
    process.catch_up().await;
    process
}

#[tokio::test]
async fn only_the_input_that_has_the_hash_is_taken_and_only_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = process(folder.path()).await;
    let store = process.store.as_ref();
    for unknown in [JobId::uuid(1), name(7)] {
        let refused = waiting(store, unknown).await;
        assert!(matches!(refused, Err(InputError::Unknown)), "{refused:?}");
    }
    let waits = waiting(store, name(0)).await.expect("it waits");
    assert_eq!(waits.owner, Address([7; 32]));
    let wrong = waits
        .clone()
        .take(
            body(1),
            &Catalog::default(),
            &Limits::default(),
            &process.center,
        )
        .await;
    let Err(InputError::WrongHash { given, on_chain }) = wrong else {
        panic!("{wrong:?}");
    };
    assert_eq!(given, body(1).hash().expect("a hash"));
    assert_eq!(on_chain, body(0).hash().expect("a hash"));
    waits
        .clone()
        .take(
            body(0),
            &Catalog::default(),
            &Limits::default(),
            &process.center,
        )
        .await
        .expect("taken");
    let again = waits
        .take(
            body(0),
            &Catalog::default(),
            &Limits::default(),
            &process.center,
        )
        .await;
    assert!(matches!(again, Err(InputError::NotWaiting(_))), "{again:?}");
    let again = waiting(store, name(0)).await;
    assert!(
        matches!(again, Err(InputError::NotWaiting("queued"))),
        "{again:?}"
    );
    let whole = GetJob {
        id: name(0).to_string(),
        content: true,
        outcome: false,
    };
    let whole = store.ask(whole).await.expect("an answer").expect("a job");
    let kept: Chained =
        serde_json::from_slice(&whole.content.expect("asked for")).expect("chained");
    assert_eq!(kept.content.input, json!({"job": 0}));
    assert_eq!(kept.content.manifest.as_deref(), Some("test"));
    assert_eq!(
        kept.chain.requirements_hash,
        body(0).hash().expect("a hash")
    );
    process.crash().await;
}
