//! RPC endpoints that answer, refuse, forget and fail in the ways that real ones do.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

#[path = "common/rpc.rs"]
mod server;

use std::time::{Duration, Instant};

use hypernode_indexer::rpc::{Commitment, Fetched, Pool, PoolOptions};
use serde_json::{Value, json};
use server::{Reply, RpcServer, block, chain};

fn pool(servers: &[&RpcServer], change: impl FnOnce(&mut PoolOptions)) -> Pool {
    let urls = servers.iter().map(|server| server.url.clone()).collect();
    let mut options = PoolOptions {
        requests_per_second: 0.0,
        first_pause: Duration::from_millis(20),
        max_pause: Duration::from_millis(100),
        ..PoolOptions::new(urls)
    };
    change(&mut options);
    Pool::new(&options).expect("a pool")
}

/// A server that says one thing whatever block is asked of it.
async fn says(reply: Reply) -> RpcServer {
    RpcServer::start(move |_, _| reply.clone()).await
}

fn without_meta(slot: u64) -> Value {
    let mut block = block(slot, slot - 1);
    block["transactions"] = json!([{"transaction": ["AQ==", "base64"], "meta": null}]);
    block
}

async fn ask(pool: &Pool) -> Result<Fetched, hypernode_indexer::rpc::RpcError> {
    pool.block(7, Commitment::Finalized).await
}

#[tokio::test]
async fn every_kind_of_answer_is_what_it_is_and_no_error_is_an_absence() {
    let whole = says(Reply::result(&block(7, 5))).await;
    let Ok(Fetched::Block(found)) = ask(&pool(&[&whole], |_| ())).await else {
        panic!("no block")
    };
    assert_eq!((found.slot, found.parent_slot), (7, 5));
    let (_, params) = whole.asked().remove(0);
    assert_eq!(params[1]["maxSupportedTransactionVersion"], 0);
    assert_eq!(params[1]["commitment"], "finalized");

    for code in [-32007, -32009] {
        let skipped = says(Reply::error(code, "Slot 7 was skipped")).await;
        assert_eq!(ask(&pool(&[&skipped], |_| ())).await, Ok(Fetched::Skipped));
    }
    for (code, text) in [
        (-32001, "cleaned up"),
        (-32004, "not available"),
        (-32011, "no history"),
    ] {
        let gone = says(Reply::error(code, text)).await;
        assert_eq!(
            ask(&pool(&[&gone], |_| ())).await,
            Ok(Fetched::NotAvailable(text.into()))
        );
    }
    let bare = says(Reply::result(&without_meta(7))).await;
    let said = ask(&pool(&[&bare], |_| ())).await;
    assert!(matches!(said, Ok(Fetched::MetaMissing(_))), "{said:?}");

    for (reply, retryable) in [
        (Reply::error(-32005, "Node is behind by 42 slots"), true),
        (
            Reply::error(-32015, "Transaction version (1) is not supported"),
            false,
        ),
        (Reply::status(503, None), true),
        (Reply::status(401, None), false),
        (Reply::text("<html>"), false),
        (Reply::text(r#"{"jsonrpc":"2.0","result":{"#), false),
    ] {
        let broken = says(reply.clone()).await;
        let error = ask(&pool(&[&broken], |_| ())).await.expect_err("an error");
        assert_eq!(error.retryable, retryable, "{reply:?}: {error}");
        assert!(!error.to_string().contains(&broken.url), "I-18: {error}");
    }
}

#[tokio::test]
async fn what_one_endpoint_does_not_hold_another_is_asked_for() {
    let holds = says(Reply::result(&block(7, 6))).await;
    for first in [
        Reply::result(&without_meta(7)),
        Reply::error(-32001, "cleaned up"),
        Reply::error(-32007, "skipped, or missing due to ledger jump"),
        Reply::status(500, None),
        Reply::text("<html>"),
    ] {
        let first = says(first).await;
        let found = ask(&pool(&[&first, &holds], |_| ())).await;
        assert!(matches!(found, Ok(Fetched::Block(_))), "{found:?}");
    }
    // One does not hold it, the other cannot say now: that is not known to be absent.
    let skipped = says(Reply::error(-32007, "skipped")).await;
    let down = says(Reply::status(503, None)).await;
    let error = ask(&pool(&[&skipped, &down], |_| ())).await;
    assert!(error.expect_err("not known").retryable);
    // The answer that comes nearest to a block is the one that is told.
    let bare = says(Reply::result(&without_meta(7))).await;
    let said = ask(&pool(&[&bare, &skipped], |_| ())).await;
    assert!(matches!(said, Ok(Fetched::MetaMissing(_))), "{said:?}");
}

#[tokio::test]
async fn an_endpoint_that_asks_for_a_pause_gets_it_and_a_failing_one_too() {
    let busy = says(Reply::status(429, Some("1"))).await;
    let one = pool(&[&busy], |_| ());
    let error = ask(&one).await.expect_err("busy");
    let pause = error.retry_after.expect("a pause");
    assert!(
        error.retryable && pause > Duration::from_millis(800) && pause <= Duration::from_secs(1),
        "{pause:?}"
    );
    for _ in 0..50 {
        assert!(ask(&one).await.is_err());
    }
    assert_eq!(busy.asked().len(), 1, "asked although it wanted a pause");
    tokio::time::sleep(pause).await;
    assert!(ask(&one).await.is_err());
    assert_eq!(busy.asked().len(), 2);

    let down = says(Reply::status(503, None)).await;
    let one = pool(&[&down], |_| ());
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(400) {
        let error = ask(&one).await.expect_err("down");
        tokio::time::sleep(error.retry_after.expect("a pause")).await;
    }
    let asked = down.asked().len();
    assert!((3..=20).contains(&asked), "{asked}");
}

#[tokio::test]
async fn pace_and_parallelism_are_kept() {
    let slow = RpcServer::start(move |method, params| Reply {
        delay: Duration::from_millis(30),
        ..chain(100, 100, |_| None)(method, params)
    })
    .await;
    let one = pool(&[&slow], |options| {
        options.parallel = 3;
        options.requests_per_second = 100.0;
    });
    let begun = Instant::now();
    let asked = (1..=30).map(|slot| one.block(slot, Commitment::Confirmed));
    let answers = futures::future::join_all(asked).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(
        begun.elapsed() >= Duration::from_millis(290),
        "{:?}",
        begun.elapsed()
    );
    assert!(slow.busiest() <= 3, "{}", slow.busiest());
    assert!(slow.busiest() > 1);
}

#[tokio::test]
async fn an_answer_without_end_is_not_taken() {
    let endless = says(Reply::text(vec![b' '; (128 << 20) + 1])).await;
    let error = ask(&pool(&[&endless], |_| ())).await.expect_err("too long");
    assert!(error.to_string().contains("more than"), "{error}");
    assert!(!error.retryable);
}

#[tokio::test]
async fn slots_tip_and_oldest_block_come_from_whoever_answers() {
    let down = says(Reply::status(500, None)).await;
    let up = RpcServer::start(|method, params| match method {
        "getFirstAvailableBlock" => Reply::result(&json!(17)),
        "getGenesisHash" => Reply::result(&json!("EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG")),
        _ => chain(40, 30, |_| None)(method, params),
    })
    .await;
    let both = pool(&[&down, &up], |_| ());
    assert_eq!(both.tip(Commitment::Finalized).await, Ok(30));
    assert_eq!(
        both.slots(28, 35, Commitment::Finalized).await,
        Ok(vec![28, 29, 30])
    );
    assert_eq!(both.first_available().await, Ok(17));
    assert!(
        both.genesis_hash()
            .await
            .is_ok_and(|hash| hash.starts_with("EtW"))
    );
    assert!(down.asked().len() <= 4, "asked again without a pause");
    assert!(Pool::new(&PoolOptions::new(Vec::new())).is_err());
}
