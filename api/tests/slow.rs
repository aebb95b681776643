//! Who takes their time holds no place for long.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::time::{Duration, Instant};

use support::access::{Doors, Wallet};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What is answered to a request that goes on as slowly.
async fn dripped(doors: &Doors, start: String) -> String {
    let address = doors.server.base.trim_start_matches("http://").to_owned();
    let (mut reading, mut writing) = TcpStream::connect(address)
        .await
        .expect("a connection")
        .into_split();
    // A letter each second: never idle, never done.
    let dripping = tokio::spawn(async move {
        if writing.write_all(start.as_bytes()).await.is_err() {
            return;
        }
        while writing.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let begun = Instant::now();
    let mut answer = Vec::new();
    let ended =
        tokio::time::timeout(Duration::from_secs(60), reading.read_to_end(&mut answer)).await;
    assert!(
        ended.is_ok(),
        "the connection is still open after {:?}",
        begun.elapsed()
    );
    dripping.abort();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_slow_head_is_dropped() {
    let doors = Doors::open().await;
    let start = "GET /health HTTP/1.1\r\nHost: hub.example\r\nX-Slow: ";
    let said = dripped(&doors, start.to_owned()).await;
    assert!(!said.contains(" 200 "), "{said}");
}

#[tokio::test]
async fn a_body_that_drips_is_told_that_it_did_not_arrive() {
    let doors = Doors::open().await;
    let token = doors.session(&Wallet::new(1)).await;
    let start = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: hub.example\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
        )
    };
    let paths = ["/api/keys", "/api/auth/challenge", "/api/nothing"];
    let all = paths.map(|path| dripped(&doors, start(path)));
    for said in futures::future::join_all(all).await {
        assert!(said.starts_with("HTTP/1.1 408 Request Timeout"), "{said}");
        assert!(said.contains("did not arrive"), "{said}");
    }
}
