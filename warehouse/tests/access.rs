//! Who may do what at the embedded engine's port, asked over plain sockets.

#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

mod common;

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends raw bytes, returns status and whole answer.
async fn raw(url: &str, request: &str) -> (u16, String) {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(20), read).await;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|s| s.parse().ok())
        .unwrap_or(0);
    (status, text)
}

/// A POST with extra header lines.
async fn post(url: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let host = url.strip_prefix("http://").unwrap();
    let host = if headers.contains("Host:") {
        String::new()
    } else {
        format!("Host: {host}\r\n")
    };
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\n{host}{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    raw(url, &request).await
}

struct Door {
    t: common::TestEngine,
    url: String,
    writer: String,
    reader: String,
}

async fn door() -> Option<Door> {
    let t = common::engine().await?;
    let keys = |e: hypernode_warehouse::Endpoint| {
        format!(
            "X-ClickHouse-User: {}\r\nX-ClickHouse-Key: {}\r\n",
            e.user,
            e.password.expose()
        )
    };
    Some(Door {
        url: t.engine.endpoint().url,
        writer: keys(t.engine.endpoint()),
        reader: keys(t.engine.readonly_endpoint()),
        t,
    })
}

#[tokio::test]
async fn without_a_credential_nothing_is_answered() {
    let Some(d) = door().await else { return };
    let password = d.t.engine.endpoint().password;
    let basic = base64_simd::STANDARD.encode_to_string(format!("hypernode:{}x", password.expose()));
    for (path, headers, status, code) in [
        ("/", String::new(), 401, "194"),
        ("/?user=hypernode", String::new(), 403, "516"),
        ("/?user=hypernode&password=x", String::new(), 403, "516"),
        ("/?user=default", String::new(), 403, "516"),
        ("/", "X-ClickHouse-User: hypernode\r\n".into(), 403, "516"),
        ("/", format!("Authorization: Basic {basic}\r\n"), 403, "516"),
        (
            "/",
            format!("Authorization: Bearer {}\r\n", password.expose()),
            403,
            "516",
        ),
        ("/?user=hypernode&password=x", d.writer.clone(), 403, "516"),
    ] {
        let (got, answer) = post(&d.url, path, &headers, "SELECT 1").await;
        assert_eq!(got, status, "{path} {headers}: {answer}");
        assert!(
            answer
                .to_lowercase()
                .contains(&format!("x-clickhouse-exception-code: {code}")),
            "{answer}"
        );
        assert!(
            !answer.to_lowercase().contains("access-control"),
            "{answer}"
        );
    }
    let basic = base64_simd::STANDARD.encode_to_string(format!("hypernode:{}", password.expose()));
    for (path, headers) in [
        ("/".to_owned(), d.writer.clone()),
        ("/".to_owned(), format!("Authorization: Basic {basic}\r\n")),
        (
            format!("/?user=hypernode&password={}", password.expose()),
            String::new(),
        ),
    ] {
        let (got, answer) = post(&d.url, &path, &headers, "SELECT 41 + 1").await;
        assert!(
            got == 200 && answer.ends_with("42\n\r\n0\r\n\r\n"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn browsers_of_other_pages_are_refused() {
    let Some(d) = door().await else { return };
    for host in [
        "Host: evil.example\r\n",
        "Host: 192.168.0.1:8123\r\n",
        "Host: localhost.evil.example\r\n",
    ] {
        let (status, answer) = post(&d.url, "/", &format!("{host}{}", d.writer), "SELECT 1").await;
        assert_eq!(status, 403, "{host}: {answer}");
    }
    for origin in ["https://evil.example", "null", "http://localhost:1"] {
        let (status, answer) = post(
            &d.url,
            "/",
            &format!("Origin: {origin}\r\n{}", d.writer),
            "SELECT 1",
        )
        .await;
        assert!(
            status == 403 && !answer.to_lowercase().contains("access-control"),
            "{origin}: {answer}"
        );
    }
    let host = d.url.strip_prefix("http://").unwrap();
    let (status, _) = post(&d.url, "/ping", "Host: evil.example\r\n", "").await;
    assert_eq!(status, 403);
    let (status, answer) = raw(
        &d.url,
        &format!("GET /ping HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
    )
    .await;
    assert!(status == 200 && answer.contains("Ok."));
    let options = format!(
        "OPTIONS / HTTP/1.1\r\nHost: {host}\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(raw(&d.url, &options).await.0, 403);
    assert_eq!(
        raw(&d.url, "GET /ping HTTP/1.1\r\nConnection: close\r\n\r\n")
            .await
            .0,
        403
    );
}

#[tokio::test]
async fn a_reader_only_reads_tables() {
    let Some(d) = door().await else { return };
    d.t.client
        .execute("CREATE TABLE x (a UInt8) ENGINE = MergeTree ORDER BY a")
        .await
        .unwrap();
    d.t.client
        .execute("INSERT INTO x VALUES (1)")
        .await
        .unwrap();
    for sql in [
        "INSERT INTO x VALUES (2)",
        "INSERT INTO x FORMAT CSV\n2",
        "INSERT INTO FUNCTION file('/tmp/hypernode-never', 'CSV', 'a UInt8') SELECT 1",
        "CREATE TABLE y (a UInt8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE y (a UInt8)",
        "DROP TABLE x",
        "ALTER TABLE x DELETE WHERE 1",
        "TRUNCATE TABLE x",
        "SET readonly = 0",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_memory_usage = 0",
        "USE system",
        "SYSTEM SHUTDOWN",
        "KILL QUERY WHERE 1",
        "SELECT 1; DROP TABLE x",
        "SELECT 1; SELECT 2",
        "SELECT 1 INTO OUTFILE '/tmp/hypernode-never'",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "SELECT file('/etc/hostname')",
        "SELECT (SELECT FILE('/etc/hostname'))",
        "SELECT * FROM x WHERE a IN (SELECT length(file('/etc/hostname')))",
        "SELECT \"fil\\x65\" /* c */ ('/etc/hostname')",
        "EXPLAIN SELECT file('/etc/hostname')",
        "DESCRIBE file('/etc/hostname', 'LineAsString')",
        "DESCRIBE url('http://127.0.0.1:1/', 'CSV')",
        "DESCRIBE (SELECT * FROM s3('http://127.0.0.1:1/b/x', 'CSV'))",
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
        "SELECT * FROM s3('http://127.0.0.1:1/b/x', 'CSV', 'a String')",
        "SELECT * FROM remote('127.0.0.1:1', 'system', 'one')",
        "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
        "SELECT * FROM executable('x', 'CSV', 'a String')",
        "SELECT * FROM sqlite('/tmp/x.db', 't')",
        "SELECT * FROM `/etc/hostname`",
        "SELECT * FROM default.`/etc/hostname`",
        "WITH (SELECT * FROM file('/etc/hostname', 'LineAsString')) AS k SELECT k",
        "SELECT * FROM eval('SELECT 1')",
        "BACKUP TABLE x TO File('/tmp/hypernode-never.zip')",
        "ATTACH TABLE y FROM '/tmp' (a UInt8) ENGINE = MergeTree ORDER BY a",
    ] {
        let (status, answer) = post(&d.url, "/", &d.reader, sql).await;
        assert!(status >= 400, "{sql} was answered: {answer}");
    }
    for setting in [
        "readonly=0",
        "max_execution_time=0",
        "max_execution_time=5.5",
        "max_memory_usage=0",
        "format_schema=/etc/hostname",
        "path=/etc",
        "allow_ddl=1",
    ] {
        let (status, answer) = post(&d.url, &format!("/?{setting}"), &d.reader, "SELECT 1").await;
        assert!(status >= 400, "{setting}: {answer}");
    }
    for sql in [
        "SELECT * FROM x",
        "WITH 1 AS k SELECT k, format('{}', 'file(') FROM numbers(2)",
        "SHOW TABLES",
        "DESCRIBE TABLE x",
        "EXPLAIN SELECT * FROM x",
        "EXISTS TABLE x",
        "SHOW CREATE TABLE x",
        "SELECT 1 FORMAT JSON",
    ] {
        let (status, answer) = post(&d.url, "/", &d.reader, sql).await;
        assert_eq!(status, 200, "{sql}: {answer}");
    }
    // The limits may be lowered and not raised.
    for (asked, in_force) in [("7", "7"), ("99", "30")] {
        let path = format!("/?max_execution_time={asked}");
        let sql = "SELECT toUInt64(getSetting('max_execution_time'))";
        let (status, answer) = post(&d.url, &path, &d.reader, sql).await;
        assert_eq!(status, 200, "{answer}");
        assert!(answer.contains(&format!("\r\n{in_force}\n")), "{answer}");
    }
    assert_eq!(d.t.text("SELECT count() FROM x").await, "1");
    assert!(!std::path::Path::new("/tmp/hypernode-never").exists());
}

#[tokio::test]
async fn a_get_changes_nothing_even_for_the_writer() {
    let Some(d) = door().await else { return };
    let host = d.url.strip_prefix("http://").unwrap();
    let get = |query: &str| {
        format!(
            "GET /?query={query} HTTP/1.1\r\nHost: {host}\r\n{}Connection: close\r\n\r\n",
            d.writer
        )
    };
    assert_eq!(raw(&d.url, &get("SELECT%201")).await.0, 200);
    for query in [
        "CREATE%20TABLE%20z(a%20UInt8)ENGINE=Memory",
        "INSERT%20INTO%20z%20VALUES(1)",
        "DROP%20DATABASE%20hypernode",
    ] {
        assert_eq!(raw(&d.url, &get(query)).await.0, 403, "{query}");
    }
}

#[tokio::test]
async fn limits_hold() {
    let Some(d) = door().await else { return };
    // A head larger than the limit.
    let long = format!("X-Long: {}\r\n{}", "a".repeat(200_000), d.writer);
    let (status, _) = post(&d.url, "/", &long, "SELECT 1").await;
    assert!(status == 431 || status == 400 || status == 0, "{status}");
    // A statement larger than the limit.
    let (status, answer) = post(
        &d.url,
        "/",
        &d.writer,
        &format!("SELECT '{}'", "a".repeat(17 << 20)),
    )
    .await;
    assert_eq!(status, 413, "{}", &answer[..answer.len().min(300)]);
    // A body in frames that lie.
    let (status, answer) = post(&d.url, "/?decompress=1", &d.writer, &"x".repeat(100)).await;
    assert_eq!(status, 400, "{answer}");
    // A body that ends early inserts nothing that was not whole.
    d.t.client
        .execute("CREATE TABLE cut (a UInt64) ENGINE = MergeTree ORDER BY a")
        .await
        .unwrap();
    let host = d.url.strip_prefix("http://").unwrap();
    let head = format!(
        "POST /?query=INSERT%20INTO%20cut%20FORMAT%20CSV HTTP/1.1\r\nHost: {host}\r\n{}Content-Length: 100\r\n\r\n1\n2\n",
        d.writer
    );
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    drop(stream);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(d.t.text("SELECT count() FROM cut").await, "0");
    // A runaway query of a reader ends.
    let (status, answer) = post(
        &d.url,
        "/",
        &d.reader,
        "SELECT groupArray(number) FROM numbers(1000000000000)",
    )
    .await;
    assert!(
        status >= 400 || answer.contains("__exception__"),
        "{status}"
    );
    d.t.engine.shutdown().await;
}

#[tokio::test]
async fn passwords_are_in_neither_arguments_nor_environment_of_the_child() {
    let Some(d) = door().await else { return };
    let pid = d.t.engine.pid().unwrap();
    for file in ["cmdline", "environ"] {
        let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for endpoint in [d.t.engine.endpoint(), d.t.engine.readonly_endpoint()] {
            assert!(!text.contains(endpoint.password.expose()), "{file}");
        }
    }
    let url = d.url.clone();
    d.t.engine.shutdown().await;
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    assert!(
        TcpStream::connect(url.strip_prefix("http://").unwrap())
            .await
            .is_err()
    );
}
