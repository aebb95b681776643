//! Bodies, addresses and heads that cannot be taken, and what is said of them.

use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::refusal;
use crate::support::access::{Doors, Wallet};

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let doors = Doors::open().await;
    let bearer = format!("Bearer {}", doors.session(&Wallet::new(1)).await);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    for path in [
        "/api/auth/challenge",
        "/api/auth/sign-in",
        "/api/keys",
        "/api/hosts/prove",
    ] {
        for size in [16 * 1024 + 1, 300_000, 3_000_000] {
            let text = format!("{{\"address\":\"{}\"}}", "1".repeat(size));
            let (status, text) = refusal(doors.ask(Method::POST, path, &headers, text).await).await;
            assert_eq!(status, 413, "{path} {size}");
            assert!(text.contains("bytes at most"), "{path} {size}: {text}");
        }
        // One whose length is not said before, and whose end never comes.
        let chunk = format!("{:x}\r\n{}\r\n", 300_000, " ".repeat(300_000));
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: {bearer}\r\n\
             transfer-encoding: chunked\r\nconnection: close\r\n\r\n{chunk}"
        );
        let answered = head(&doors, &request).await;
        assert_eq!(answered, "HTTP/1.1 413 Payload Too Large", "{path}");
    }
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_refused_before_it_is_sent() {
    let doors = Doors::open().await;
    for (path, most) in [
        ("/api/auth/sign-in", 16 * 1024),
        ("/api/metrics/update", 64 * 1024),
        ("/api/nothing", 256 * 1024),
    ] {
        for more in ["", "expect: 100-continue\r\n"] {
            let request = |length: usize| {
                format!(
                    "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                     content-length: {length}\r\n{more}connection: close\r\n\r\n"
                )
            };
            // Not a byte of the body follows.
            let begun = std::time::Instant::now();
            let answered = head(&doors, &request(most + 1)).await;
            assert_eq!(answered, "HTTP/1.1 413 Payload Too Large", "{path} {more}");
            assert!(
                begun.elapsed() < std::time::Duration::from_secs(5),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_named_with_its_place() {
    let doors = Doors::open().await;
    let bearer = format!("Bearer {}", doors.session(&Wallet::new(1)).await);
    let headers = [("authorization", bearer.as_str())];
    let deep = "[".repeat(10_000);
    for (path, body, says) in [
        (
            "/api/auth/challenge",
            "{\"address\":}".as_bytes(),
            "line 1 column 12",
        ),
        (
            "/api/auth/challenge",
            b"{\n \"address\" 1}",
            "line 2 column 12",
        ),
        (
            "/api/auth/challenge",
            b"{} {}",
            "trailing characters at line 1 column 4",
        ),
        (
            "/api/auth/challenge",
            b"{\"addres\":\"x\"}",
            "unknown field `addres`, expected `domain` or `address` at line 1 column 9",
        ),
        (
            "/api/auth/challenge",
            b"{\"address\":\"x\"}",
            "address must be an address of 32 bytes in base58",
        ),
        ("/api/auth/challenge", b"7", "invalid type"),
        ("/api/auth/challenge", deep.as_bytes(), "line 1 column"),
        (
            "/api/auth/challenge",
            b"{\"address\":\"\xff\"}",
            "line 1 column",
        ),
        (
            "/api/auth/challenge",
            b"{\"address\":\"x\",\"address\":\"x\"}",
            "duplicate field `address`",
        ),
        ("/api/auth/sign-in", b"{}", "missing field `address`"),
        ("/api/auth/sign-in", b"", "missing field `address`"),
        (
            "/api/keys",
            b"{\"scopes\":[\"read\"],\"owner\":\"me\"}",
            "unknown field `owner`",
        ),
        ("/api/keys", b"{\"scopes\":\"read\"}", "line 1 column 16"),
        (
            "/api/keys",
            b"{\"scopes\":[\"read\"],\"spendCap\":5}",
            "line 1 column",
        ),
        (
            "/api/keys",
            b"{\"scopes\":[\"read\"],\"spendCap\":\"1.5\"}",
            "spendCap must be",
        ),
        (
            "/api/keys",
            b"{\"scopes\":[\"read\"],\"expiresInDays\":0}",
            "expiresInDays must be 1 to 3650",
        ),
        (
            "/api/keys",
            b"{\"scopes\":[\"read\"],\"expiresInDays\":-5}",
            "expiresInDays must be 1 to 3650",
        ),
        (
            "/api/keys",
            b"{\"scopes\":[\"read\"],\"spendCap\":\"-1\"}",
            "0 to 18446744073709551615",
        ),
        (
            "/api/keys",
            b"{\"scopes\":[\"read\",\"operator\"]}",
            "may not give `operator`",
        ),
        (
            "/api/keys/aaaaaaaa/rotate",
            b"{\"graceSeconds\":-1}",
            "graceSeconds: must be 0 to 604800",
        ),
        ("/api/hosts/challenge", b"{\"x\":1}", "unknown field `x`"),
        (
            "/api/hosts/keys",
            b"{\"action\":\"steal\"}",
            "unknown variant `steal`",
        ),
    ] {
        let answer = doors.ask(Method::POST, path, &headers, body.to_vec()).await;
        let (status, text) = refusal(answer).await;
        assert_eq!(status, 400, "{path}: {text}");
        assert!(text.contains(says), "{path}: {text}");
    }
}

#[tokio::test]
async fn an_address_that_is_too_long_is_refused() {
    let doors = Doors::open().await;
    let path = |length: usize| {
        let start = "/web/app.css?x=";
        format!("{start}{}", "a".repeat(length - start.len()))
    };
    assert_eq!(doors.server.get(&path(8192)).await.status(), 200);
    for length in [8193, 20_000] {
        let (status, text) = refusal(doors.server.get(&path(length)).await).await;
        assert_eq!(status, 414);
        assert!(text.contains("8192 bytes at most"), "{text}");
    }
}

/// The status line that a head is answered with; empty if the connection just ended.
async fn head(doors: &Doors, head: &str) -> String {
    let address = doors.server.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // The other side may hang up before it has taken all.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let doors = Doors::open().await;
    let start = "GET /web/app.css HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    let with = |more: &str| format!("{start}{more}\r\n");
    let headers = |count: usize| {
        (0..count)
            .map(|at| format!("x-{at}: 1\r\n"))
            .collect::<String>()
    };
    assert_eq!(head(&doors, &with(&headers(98))).await, "HTTP/1.1 200 OK");
    let refused = "HTTP/1.1 431 Request Header Fields Too Large";
    assert_eq!(head(&doors, &with(&headers(99))).await, refused);
    let long = |size: usize| with(&format!("x: {}\r\n", "a".repeat(size)));
    assert_eq!(head(&doors, &long(20_000)).await, "HTTP/1.1 200 OK");
    // To the byte.
    let to_size = |size: usize| long(size - long(0).len());
    assert_eq!(to_size(32 * 1024).len(), 32 * 1024);
    let last = head(&doors, &to_size(32 * 1024)).await;
    assert_eq!(last, "HTTP/1.1 200 OK");
    for size in [32 * 1024 + 1, 40_000, 60_000] {
        assert_eq!(head(&doors, &to_size(size)).await, refused, "{size}");
    }
    let answered = head(&doors, &long(200_000)).await;
    assert!(answered.is_empty() || answered == refused, "{answered}");
    // One server that was sent all this goes on.
    assert_eq!(doors.server.get("/web/app.css").await.status(), 200);
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let doors = Doors::open().await;
    for text in [
        "\u{0}\u{1}\u{2}\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nx y: 1\r\n\r\n",
        "POST /api/keys HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        "POST /api/keys HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    ] {
        assert_eq!(
            head(&doors, text).await,
            "HTTP/1.1 400 Bad Request",
            "{text}"
        );
    }
}
