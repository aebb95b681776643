//! Calls at a time: in all, to a name, to an address; and what a dropped call gives back.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use hypernode_guard::{
    Answer, CallError, Concurrency, Connector, Limits, Policy, Request, Roots, Scope,
};
use tokio::io::AsyncWriteExt;

use crate::support::{Script, Server, head};

/// A server that takes a moment, and a connector that may call it by many names.
async fn slow(calls: Concurrency) -> (Server, Connector) {
    let server = Server::start(|mut stream| async move {
        head(&mut stream).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await
    })
    .await;
    let mut policy = Policy::public();
    for n in 0..20 {
        let listed = policy.except_loopback(&format!("s{n}.test"), server.address);
        policy = listed.expect("loopback");
    }
    let resolver = Script::always(&[server.address.ip()]);
    let roots = Roots::Only(Vec::new());
    let connector = Connector::new(policy, Limits::default(), calls, roots, resolver);
    (server, connector.expect("a connector"))
}

/// How many of `count` calls at a time are answered, and which limits the others met.
async fn at_a_time(
    (server, connector): &(Server, Connector),
    count: usize,
    name: impl Fn(usize) -> usize,
) -> (usize, Vec<Scope>) {
    let calls = (0..count).map(|n| {
        let url = format!("http://s{}.test:{}/", name(n), server.address.port());
        let connector = connector.clone();
        async move { connector.call(&Request::get(url)).await }
    });
    let done: Vec<Result<Answer, CallError>> = join_all(calls).await;
    let answered = done.iter().filter(|d| d.is_ok()).count();
    let busy = done.into_iter().filter_map(|d| match d {
        Err(CallError::Busy(scope)) => Some(scope),
        _ => None,
    });
    (answered, busy.collect())
}

#[tokio::test]
async fn calls_are_counted_in_all_by_name_and_by_address() {
    let most = |total, per_destination| Concurrency {
        total,
        per_destination,
    };
    for _ in 0..2 {
        let server = slow(most(3, 10)).await;
        // Twice: places come back.
        for _ in 0..2 {
            let (answered, busy) = at_a_time(&server, 5, |n| n).await;
            assert_eq!((answered, busy), (3, vec![Scope::All; 2]));
        }
    }
    let server = slow(most(100, 4)).await;
    for _ in 0..2 {
        let (answered, busy) = at_a_time(&server, 6, |_| 0).await;
        assert_eq!((answered, busy), (4, vec![Scope::Destination; 2]));
        // Many names of one address are one destination.
        let (answered, busy) = at_a_time(&server, 6, |n| n).await;
        assert_eq!((answered, busy), (4, vec![Scope::Destination; 2]));
    }
}

#[tokio::test]
async fn a_dropped_call_gives_its_place_back() {
    let most = Concurrency {
        total: 1,
        per_destination: 1,
    };
    let server = Arc::new(slow(most).await);
    let task = Arc::clone(&server);
    let call = tokio::spawn(async move { at_a_time(&task, 1, |_| 0).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (_, busy) = at_a_time(&server, 1, |_| 0).await;
    assert_eq!(busy, [Scope::All]);
    call.abort();
    let _ = call.await;
    assert_eq!(at_a_time(&server, 1, |_| 0).await, (1, vec![]));
}
