//! Servers that never end, lie, or vanish: each call ends within its limits, with a reason that fits.

use std::io;
use std::time::{Duration, Instant};

use hypernode_guard::{Answer, CallError, HttpError, Limits, Overflow, Request, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{Server, flood, head, short};

/// One call to `server`, that must end soon after its deadline at the latest.
async fn call(server: &Server, limits: Limits, overflow: Overflow) -> Result<Answer, CallError> {
    let started = Instant::now();
    let request = Request::get(server.url("/")).overflow(overflow);
    let result = server.connector(limits).call(&request).await;
    let took = started.elapsed();
    assert!(took < limits.total + Duration::from_secs(3), "{took:?}");
    assert_eq!(server.accepted(), 1, "nothing is tried again");
    result
}

/// The fault of a server that ends by itself. Limits are ample: a busy machine is no fault.
async fn refused(server: &Server) -> CallError {
    let result = call(server, Limits::default(), Overflow::Refuse).await;
    result.expect_err("no answer")
}

/// The stage at which a server that does not end is cut off.
async fn cut(server: &Server) -> Option<Stage> {
    let result = call(server, short(), Overflow::Refuse).await;
    timed_out(&result.expect_err("no answer"))
}

async fn fault_of(bytes: impl Into<Vec<u8>>) -> (Stage, HttpError) {
    let server = Server::answering(bytes).await;
    match refused(&server).await {
        CallError::Http { stage, what } => (stage, what),
        other => panic!("{other:?}"),
    }
}

fn timed_out(error: &CallError) -> Option<Stage> {
    match error {
        CallError::Timeout { stage, .. } => Some(*stage),
        _ => None,
    }
}

/// Writes `bytes` one by one, slowly, for ever.
async fn drip(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    for byte in bytes.iter().cycle() {
        stream.write_u8(*byte).await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";

#[tokio::test]
async fn a_head_that_drips_is_cut() {
    let server = Server::start(|mut stream| async move {
        head(&mut stream).await?;
        stream.write_all(OK).await?;
        drip(&mut stream, b"X-Slow: 1\r\n").await
    })
    .await;
    assert_eq!(cut(&server).await, Some(Stage::Head));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_cut() {
    let server = Server::start(|_stream| async move {
        let held = _stream;
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(held);
        Ok(())
    })
    .await;
    assert_eq!(cut(&server).await, Some(Stage::Head));
}

#[tokio::test]
async fn a_body_that_drips_is_cut_at_the_deadline() {
    let server = Server::start(|mut stream| async move {
        head(&mut stream).await?;
        stream.write_all(OK).await?;
        stream.write_all(b"\r\n").await?;
        drip(&mut stream, b"x").await
    })
    .await;
    let started = Instant::now();
    assert_eq!(cut(&server).await, Some(Stage::Body));
    assert!(started.elapsed() >= short().total);
}

#[tokio::test]
async fn a_server_that_does_not_read_is_cut() {
    let server = Server::start(|stream| async move {
        let held = stream;
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(held);
        Ok(())
    })
    .await;
    let limits = Limits {
        request_bytes: 64 << 20,
        ..short()
    };
    // More than the sockets' buffers hold.
    let request = Request::post(server.url("/"), vec![0; 64 << 20]);
    let error = server.connector(limits).call(&request).await;
    let error = error.expect_err("no answer");
    assert_eq!(timed_out(&error), Some(Stage::Head));
}

#[tokio::test]
async fn a_connection_that_is_never_taken_is_cut() {
    let socket = TcpSocket::new_v4().expect("a socket");
    let any = "127.0.0.1:0".parse().expect("an address");
    socket.bind(any).expect("a port");
    let listener = socket.listen(1).expect("a listener");
    let address = listener.local_addr().expect("an address");
    // Fill the queue of the operating system until a connection waits.
    let mut waiting = Vec::new();
    let full = loop {
        let attempt = TcpStream::connect(address);
        match tokio::time::timeout(Duration::from_millis(200), attempt).await {
            Ok(Ok(stream)) => waiting.push(stream),
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => break waiting.len(),
        }
        assert!(waiting.len() < 64, "the queue does not fill");
    };
    println!("{full} connections fill the queue");
    let policy = hypernode_guard::Policy::public();
    let policy = policy.except_loopback(crate::support::NAME, address);
    let resolver = crate::support::Script::always(&[address.ip()]);
    let connector = crate::support::connector(policy.expect("loopback"), short(), resolver);
    let url = format!("http://{}:{}/", crate::support::NAME, address.port());
    let error = connector.call(&Request::get(url)).await;
    let error = error.expect_err("no connection");
    assert_eq!(timed_out(&error), Some(Stage::Connect));
}

#[tokio::test]
async fn endless_headers_are_refused() {
    for line in [&b"X-Endless: header\r\n"[..], b"X-Endless-line-"] {
        let server = Server::start(move |mut stream| async move {
            head(&mut stream).await?;
            stream.write_all(OK).await?;
            flood(&mut stream, line).await
        })
        .await;
        let error = refused(&server).await;
        let large = matches!(
            error,
            CallError::Http {
                stage: Stage::Head,
                what: HttpError::HeadTooLarge { .. }
            }
        );
        assert!(large, "{error:?}");
    }
}

#[tokio::test]
async fn headers_are_counted_and_measured() {
    let answer = |count: usize, size: usize| {
        let value = "v".repeat(size);
        let lines: String = (0..count).map(|n| format!("x-{n}: {value}\r\n")).collect();
        format!("HTTP/1.1 204 No Content\r\n{lines}\r\n").into_bytes()
    };
    for (count, size) in [(64, 10), (1, 16_000)] {
        let server = Server::answering(answer(count, size)).await;
        let answer = call(&server, Limits::default(), Overflow::Refuse).await;
        assert_eq!(answer.expect("an answer").headers.len(), count);
    }
    for (count, size) in [(65, 1), (1, 16_384), (17, 1000)] {
        let (stage, what) = fault_of(answer(count, size)).await;
        assert_eq!(stage, Stage::Head);
        let expected = HttpError::HeadTooLarge {
            bytes: 16_384,
            headers: 64,
        };
        assert_eq!(what, expected, "{count} of {size} bytes");
    }
}

#[tokio::test]
async fn endless_provisional_answers_are_cut() {
    let server = Server::start(|mut stream| async move {
        head(&mut stream).await?;
        flood(&mut stream, b"HTTP/1.1 103 Early Hints\r\n\r\n").await
    })
    .await;
    assert_eq!(cut(&server).await, Some(Stage::Head));
}

/// Bodies without an end: by closing, in large and in smallest chunks.
#[tokio::test]
async fn endless_bodies_are_refused_or_truncated() {
    let kinds: [(&[u8], &[u8]); 4] = [
        (b"\r\n", b"0123456789abcdef"),
        (
            b"transfer-encoding: chunked\r\n\r\n",
            b"10\r\n0123456789abcdef\r\n",
        ),
        (b"transfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (
            b"content-length: 1000000000000000000\r\n\r\n",
            b"0123456789abcdef",
        ),
    ];
    for (rest, data) in kinds {
        let data = data.repeat(256);
        for overflow in [Overflow::Refuse, Overflow::Truncate] {
            let data = data.clone();
            let server = Server::start(move |mut stream| {
                let data = data.clone();
                async move {
                    head(&mut stream).await?;
                    stream.write_all(OK).await?;
                    stream.write_all(rest).await?;
                    flood(&mut stream, &data).await
                }
            })
            .await;
            let limits = Limits::default();
            match (overflow, call(&server, limits, overflow).await) {
                (Overflow::Refuse, Err(CallError::Http { stage, what })) => {
                    assert_eq!(stage, Stage::Body);
                    assert_eq!(what, HttpError::BodyTooLarge { bytes: 65_536 });
                }
                (Overflow::Truncate, Ok(answer)) => {
                    assert_eq!((answer.body.len(), answer.truncated), (65_536, true));
                }
                (_, other) => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_whole() {
    for overflow in [Overflow::Refuse, Overflow::Truncate] {
        let mut bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 65536\r\n\r\n".to_vec();
        bytes.extend_from_slice(&[b'x'; 65_536]);
        let server = Server::answering(bytes).await;
        let answer = call(&server, Limits::default(), overflow)
            .await
            .expect("an answer");
        assert_eq!((answer.body.len(), answer.truncated), (65_536, false));
    }
}

#[tokio::test]
async fn lies_about_lengths_are_faults() {
    let chunked =
        |body: &str| format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}");
    let lies = [
        chunked("zz\r\nab\r\n0\r\n\r\n"),
        chunked("\r\n"),
        chunked("-1\r\na\r\n"),
        chunked("FFFFFFFFFFFFFFFFF\r\na\r\n"),
        chunked("2\r\nabcd\r\n0\r\n\r\n"),
        chunked("1;\nx\r\nb\r\n"),
    ];
    for lie in lies {
        assert_eq!(
            fault_of(lie.clone()).await,
            (Stage::Body, HttpError::Malformed),
            "{lie}"
        );
    }
    let cut = [
        chunked("FFFFFFFF\r\nabc"),
        chunked("FFFFFFFFFFFFFFFF\r\nabc"),
        chunked("3\r\nabc\r\n"),
        chunked("3\r\nabc\r\n0\r\n"),
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc".to_owned(),
    ];
    for cut in cut {
        assert_eq!(
            fault_of(cut.clone()).await,
            (Stage::Body, HttpError::CutShort),
            "{cut}"
        );
    }
    let heads = [
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ];
    for lie in heads {
        assert_eq!(
            fault_of(lie).await,
            (Stage::Head, HttpError::Malformed),
            "{lie}"
        );
    }
}

#[tokio::test]
async fn endless_extensions_and_trailers_are_refused() {
    for (start, rest) in [("1;", "extension"), ("0\r\n", "X-Trailer: 1\r\n")] {
        let server = Server::start(move |mut stream| async move {
            head(&mut stream).await?;
            stream.write_all(OK).await?;
            stream
                .write_all(b"transfer-encoding: chunked\r\n\r\n")
                .await?;
            stream.write_all(start.as_bytes()).await?;
            flood(&mut stream, rest.as_bytes()).await
        })
        .await;
        let error = refused(&server).await;
        let fault = matches!(
            error,
            CallError::Http {
                stage: Stage::Body,
                ..
            }
        );
        assert!(fault, "{error:?}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_a_fault() {
    let not_http: [&[u8]; 6] = [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/3 200 OK\r\n\r\n",
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
    ];
    for bytes in not_http {
        let fault = fault_of(bytes).await;
        assert_eq!(fault, (Stage::Head, HttpError::Malformed), "{bytes:?}");
    }
    // The beginning of HTTP/2, whose length promises more than comes.
    let (stage, what) = fault_of(&b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"[..]).await;
    assert_eq!(stage, Stage::Head);
    assert!(matches!(what, HttpError::Malformed | HttpError::CutShort));
}

/// Such as mail servers, or a flood that does not wait for a question.
#[tokio::test]
async fn a_server_that_speaks_first_is_a_fault() {
    for bytes in [&b"220 mail.example.com ESMTP\r\n"[..], OK] {
        let server = Server::start(move |mut stream| async move {
            stream.write_all(bytes).await?;
            head(&mut stream).await?;
            Ok(())
        })
        .await;
        // Whether its bytes are seen before ours are sent is chance.
        let error = refused(&server).await;
        let fault = matches!(
            error,
            CallError::Http {
                stage: Stage::Head,
                what: HttpError::Malformed | HttpError::CutShort
            }
        );
        assert!(fault, "{error:?}");
    }
}

#[tokio::test]
async fn a_protocol_that_nobody_asked_for_is_refused() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    let (stage, _) = fault_of(switch).await;
    assert_eq!(stage, Stage::Head);
}

#[tokio::test]
async fn servers_that_vanish_are_faults() {
    for bytes in [&b""[..], b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nx: y"] {
        let fault = fault_of(bytes).await;
        assert_eq!(fault, (Stage::Head, HttpError::CutShort), "{bytes:?}");
    }
    // Reset instead of closed, before the answer and in the middle of it.
    for bytes in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"] {
        let server = Server::start(move |mut stream| async move {
            head(&mut stream).await?;
            stream.write_all(bytes).await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
            stream.set_zero_linger()
        })
        .await;
        let error = refused(&server).await;
        let broken = matches!(
            error,
            CallError::Http {
                what: HttpError::Broken(_) | HttpError::CutShort,
                ..
            }
        );
        assert!(broken, "{error:?}");
    }
}

#[tokio::test]
async fn an_early_answer_ends_an_upload() {
    let server = Server::start(|mut stream| async move {
        head(&mut stream).await?;
        stream
            .write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .await?;
        // Reads the rest, so that no reset overtakes the answer.
        let mut rest = vec![0; 65_536];
        while stream.read(&mut rest).await? > 0 {}
        Ok(())
    })
    .await;
    let request = Request::post(server.url("/"), vec![0; 1 << 20]);
    let answer = server.connector(Limits::default()).call(&request).await;
    assert_eq!(answer.expect("an answer").status, 413);
}
