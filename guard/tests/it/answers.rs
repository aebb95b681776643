//! Honest servers: what is sent, what comes back, what is not done on the way.

use std::sync::{Arc, Mutex};

use hypernode_guard::{CallError, Limits, Method, Request, RequestError, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Server, head, settle};

/// A server that keeps the heads that it reads and answers `bytes`.
async fn recording(bytes: &'static str) -> (Server, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heads);
    let server = Server::start(move |mut stream| {
        let kept = Arc::clone(&kept);
        async move {
            let head = head(&mut stream).await?;
            kept.lock().expect("heads").push(head);
            stream.write_all(bytes.as_bytes()).await?;
            stream.shutdown().await
        }
    })
    .await;
    (server, heads)
}

#[tokio::test]
async fn redirects_are_answers() {
    let trap = Server::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let to = format!("http://127.0.0.1:{}/", trap.address.port());
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {to}\r\nrefresh: 0; url={to}\r\ncontent-length: 0\r\n\r\n"
        );
        let server = Server::answering(answer).await;
        let request = Request::get(server.url("/"));
        let answer = server.connector(Limits::default()).call(&request).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, status);
        assert_eq!(answer.headers["location"], to.as_str());
        assert_eq!(server.accepted(), 1);
    }
    settle().await;
    assert_eq!(trap.accepted(), 0, "a redirect was followed");
}

#[tokio::test]
async fn the_request_is_what_was_asked_for() {
    let (server, heads) = recording("HTTP/1.1 204 No Content\r\nset-cookie: a=b\r\n\r\n").await;
    let connector = server.connector(Limits::default());
    let request = Request::get(server.url("/a/../b%20c?q=1&r=%2f#fragment"))
        .header("x-signature", "v1=ab")
        .expect("a header");
    for _ in 0..2 {
        let answer = connector.call(&request).await.expect("an answer");
        assert_eq!(answer.status, 204);
        assert_eq!(answer.headers["set-cookie"], "a=b");
    }
    let heads = heads.lock().expect("heads");
    let version = env!("CARGO_PKG_VERSION");
    let mut lines: Vec<&str> = heads[0].lines().collect();
    assert_eq!(lines.remove(0), "GET /b%20c?q=1&r=%2f HTTP/1.1");
    lines.sort_unstable();
    let host = format!("host: {}:{}", crate::support::NAME, server.address.port());
    let agent = format!("user-agent: hypernode/{version}");
    let expected = [
        "",
        "accept-encoding: identity",
        "connection: close",
        &host,
        &agent,
        "x-signature: v1=ab",
    ];
    assert_eq!(lines, expected);
    // No cookie was kept, no connection used again.
    assert_eq!(heads[0], heads[1]);
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn bodies_are_sent_and_come_back() {
    let server = Server::start(|mut stream| async move {
        let head = head(&mut stream).await?;
        assert!(head.contains("content-length: 70000\r\n") && head.contains("\r\nuser-agent: me"));
        let mut body = vec![0; 70_000];
        stream.read_exact(&mut body).await?;
        // In chunks, with a trailer, which is dropped.
        let start = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x\r\n\r\n";
        stream.write_all(start.as_bytes()).await?;
        for chunk in body[..60_000].chunks(7_000) {
            stream
                .write_all(format!("{:x}\r\n", chunk.len()).as_bytes())
                .await?;
            stream.write_all(chunk).await?;
            stream.write_all(b"\r\n").await?;
        }
        stream.write_all(b"0\r\nx: y\r\n\r\n").await
    })
    .await;
    let body: Vec<u8> = (0..70_000_u32).map(|n| n as u8).collect();
    let request = Request::post(server.url("/"), body.clone()).header("user-agent", "me");
    let answer = server
        .connector(Limits::default())
        .call(&request.expect("a header"))
        .await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.body, body[..60_000]);
    assert!(!answer.truncated && !answer.headers.contains_key("x"));
    assert_eq!(answer.remote, server.address);
    let timings = answer.timings;
    assert_eq!(timings.tls, None);
    assert!(timings.total >= timings.resolve + timings.connect + timings.first_byte);
    assert!(timings.first_byte.as_nanos() > 0);
}

/// Ten bytes that a decompressor would make into ten thousand stay ten bytes.
#[tokio::test]
async fn nothing_is_decompressed() {
    let (server, _) = recording(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 10\r\n\r\n\x1f\x0b\x08\0\0\0\0\0\0\x03",
    )
    .await;
    let answer = server
        .connector(Limits::default())
        .call(&Request::get(server.url("/")))
        .await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.body.len(), 10);
    assert_eq!(answer.headers["content-encoding"], "gzip");
}

#[tokio::test]
async fn a_head_has_no_body_whatever_its_length_says() {
    let (server, _) = recording("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n").await;
    let request = Request::new(Method::HEAD, server.url("/")).expect("a method");
    let answer = server.connector(Limits::default()).call(&request).await;
    let answer = answer.expect("an answer");
    assert_eq!((answer.body.len(), answer.truncated), (0, false));
}

#[tokio::test]
async fn too_large_requests_are_not_sent() {
    let (server, heads) = recording("HTTP/1.1 200 OK\r\n\r\n").await;
    let limits = Limits {
        request_bytes: 10,
        ..Limits::default()
    };
    let connector = server.connector(limits);
    let request = Request::post(server.url("/"), vec![0; 11]);
    let error = connector.call(&request).await.expect_err("too large");
    let expected = RequestError::BodyTooLarge { most: 10 };
    assert!(matches!(error, CallError::Request(given) if given == expected));
    assert!(heads.lock().expect("heads").is_empty());
    let request = Request::post(server.url("/"), vec![0; 10]);
    assert!(connector.call(&request).await.is_ok());
}

#[tokio::test]
async fn odd_limits_neither_panic_nor_hang() {
    let (server, _) = recording("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let day = std::time::Duration::MAX;
    let most = Limits {
        resolve: day,
        connect: day,
        tls: day,
        head: day,
        total: day,
        head_bytes: 1 << 20,
        headers: 1000,
        body_bytes: usize::MAX,
        request_bytes: usize::MAX,
    };
    let request = Request::get(server.url("/"));
    let answer = server.connector(most).call(&request).await;
    assert_eq!(answer.expect("an answer").body, "ok");
    let none = Limits {
        resolve: std::time::Duration::ZERO,
        total: std::time::Duration::ZERO,
        head_bytes: 0,
        headers: 0,
        body_bytes: 0,
        ..Limits::default()
    };
    assert!(server.connector(none).call(&request).await.is_err());
    let little = Limits {
        head_bytes: 0,
        headers: 0,
        body_bytes: 0,
        ..Limits::default()
    };
    assert!(server.connector(little).call(&request).await.is_err());
}

/// Webhook URLs carry secrets in their paths and queries.
#[test]
fn neither_targets_nor_errors_show_a_path() {
    let policy = hypernode_guard::Policy::public();
    for url in [
        "https://example.com/s3cret?s3cret",
        "https://example.com:22/s3cret",
        "https://localhost/s3cret",
        "https://10.0.0.1/s3cret",
        "https://s3cret:s3cret@example.com/",
        "https://example.com/s3cret\\",
        "ftp://example.com/s3cret",
    ] {
        let shown = match Target::parse(url, &policy) {
            Ok(target) => format!("{target} {target:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
