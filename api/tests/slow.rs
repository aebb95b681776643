//! Who takes their time holds no place for long.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::time::{Duration, Instant};

use support::access::Doors;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_slow_head_is_dropped() {
    let doors = Doors::open().await;
    let address = doors.server.base.trim_start_matches("http://").to_owned();
    let (mut reading, mut writing) = TcpStream::connect(address)
        .await
        .expect("a connection")
        .into_split();
    // A letter each second: never idle, never done.
    let dripping = tokio::spawn(async move {
        let head = b"GET /health HTTP/1.1\r\nHost: hub.example\r\nX-Slow: ";
        if writing.write_all(head).await.is_err() {
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
    let said = String::from_utf8_lossy(&answer);
    assert!(!said.contains(" 200 "), "{said}");
    dripping.abort();
}
