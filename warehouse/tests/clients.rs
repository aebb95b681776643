//! What the Rust client crate sends is served.

mod common;

use clickhouse::{Compression, Row};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
struct Line {
    id: u64,
    name: String,
    maybe: Option<u32>,
    list: Vec<u16>,
}

fn lines(count: u64) -> Vec<Line> {
    let line = |id: u64| Line {
        id,
        name: format!("name {id}"),
        maybe: id.is_multiple_of(3).then_some(id as u32),
        list: vec![id as u16; (id % 4) as usize],
    };
    (0..count).map(line).collect()
}

const TABLE: &str = "CREATE TABLE lines (id UInt64, name String, maybe Nullable(UInt32), list Array(UInt16)) \
    ENGINE = MergeTree ORDER BY id";

#[tokio::test]
async fn the_crate_inserts_and_selects_with_and_without_compression() {
    let Some(t) = common::engine().await else {
        return;
    };
    t.client.execute(TABLE).await.unwrap();
    for (compression, validation) in [
        (Compression::None, true),
        (Compression::Lz4, true),
        (Compression::Lz4, false),
    ] {
        let client = t
            .client
            .raw()
            .clone()
            .with_compression(compression)
            .with_validation(validation);
        client
            .query("TRUNCATE TABLE lines")
            .execute()
            .await
            .unwrap();
        let mut insert = client.insert::<Line>("lines").await.unwrap();
        // More rows than one compressed frame holds.
        let wanted = lines(200_000);
        for line in &wanted {
            insert.write(line).await.unwrap();
        }
        insert.end().await.unwrap();
        assert_eq!(
            client
                .query("SELECT count() FROM lines")
                .fetch_one::<u64>()
                .await
                .unwrap(),
            200_000
        );
        let got = client
            .query("SELECT ?fields FROM lines ORDER BY id")
            .fetch_all::<Line>()
            .await
            .unwrap();
        assert!(
            got == wanted,
            "{compression:?} {validation}: {} rows",
            got.len()
        );
    }
}

#[tokio::test]
async fn parameters_reach_the_statement() {
    let Some(t) = common::engine().await else {
        return;
    };
    for client in [t.client.raw(), t.reader.raw()] {
        let hostile = "a'b\\c\nd\t{x}";
        let query = client.query("SELECT {text:String}, {n:UInt32} + 1");
        let (text, n) = query
            .param("text", hostile)
            .param("n", 7u32)
            .fetch_one::<(String, u64)>()
            .await
            .unwrap();
        assert_eq!((text.as_str(), n), (hostile, 8));
    }
}

#[tokio::test]
async fn errors_carry_code_and_text() {
    let Some(t) = common::engine().await else {
        return;
    };
    for (sql, code) in [
        ("SELEC 1", 62),
        ("SELECT * FROM nowhere", 60),
        ("SELECT nothing", 47),
        ("SELECT 1; SELECT 2", 62),
        ("SELECT 1 INTO OUTFILE '/tmp/never'", 36),
        ("", 62),
    ] {
        let error = t.client.text(sql, "TabSeparated").await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{sql}: {error}");
        assert!(!error.is_retryable(), "{sql}: {error}");
    }
    let late = "SELECT throwIf(number = 300000), toString(number) FROM numbers(1000000)";
    for compression in [Compression::None, Compression::Lz4] {
        let client = t.client.raw().clone().with_compression(compression);
        let answer = client.query(late).fetch_all::<(u8, String)>().await;
        assert!(
            answer.is_err(),
            "a failure in mid-answer was not seen ({compression:?})"
        );
    }
}

#[tokio::test]
async fn every_streamed_format_is_one_document() {
    let Some(t) = common::engine().await else {
        return;
    };
    let rows = 200_000;
    for (format, lines) in [
        ("TabSeparated", rows),
        ("TabSeparatedWithNames", rows + 1),
        ("CSVWithNames", rows + 1),
        ("TSVWithNamesAndTypes", rows + 2),
        ("JSONEachRow", rows),
        ("JSONCompactEachRowWithNamesAndTypes", rows + 2),
    ] {
        let sql = format!("SELECT number AS n FROM numbers({rows})");
        let bytes = t.client.text(&sql, format).await.unwrap();
        assert_eq!(
            bytes.iter().filter(|b| **b == b'\n').count(),
            lines,
            "{format}"
        );
    }
    let json = t
        .client
        .text("SELECT number FROM numbers(200000) FORMAT JSON", "TSV")
        .await
        .unwrap();
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(value["rows"], 200_000);
    let native = t
        .client
        .raw()
        .query("SELECT number FROM numbers(200000)")
        .fetch_bytes("Native");
    let native = native.unwrap().collect().await.unwrap();
    t.client
        .execute("CREATE TABLE n (number UInt64) ENGINE = MergeTree ORDER BY number")
        .await
        .unwrap();
    t.client.insert_native("n", native, "token").await.unwrap();
    assert_eq!(
        t.text("SELECT count(), sum(number) FROM n").await,
        "200000\t19999900000"
    );
}
