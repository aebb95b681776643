//! What the warehouse asks of a ClickHouse, whichever it is. Runs on the embedded engine always, and on the
//! server at `HYPERNODE_TEST_CLICKHOUSE_URL` (with `…_USER`, `…_PASSWORD`) where that is set.
#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

mod common;

use common::batches::batch;
use hypernode_warehouse::recover::recover;
use hypernode_warehouse::{Client, Endpoint, Ledger, Secret, Writer, migrate};

async fn number(client: &Client, sql: &str) -> u64 {
    client.rows::<u64>(sql).await.unwrap()[0]
}

async fn suite(client: &Client) {
    client.ping().await.unwrap();
    common::prepare(client).await;
    assert!(migrate::migrate(client).await.unwrap().applied.is_empty());
    let writer = Writer::new(client.clone());
    for lo in [100, 104, 108] {
        let batch = batch(client, lo, lo + 3).await;
        assert!(!writer.write(&batch).await.unwrap().already);
        assert!(writer.write(&batch).await.unwrap().already);
    }
    let lost = batch(client, 112, 115).await;
    client
        .insert_native("blocks", lost.tables[1].native.clone(), "x")
        .await
        .unwrap();
    let recovery = recover(client, &[]).await.unwrap();
    assert_eq!(recovery.removed, [("blocks".to_owned(), 4)]);
    assert_eq!(recovery.verified, 3);
    let writer = Writer::new(client.clone());
    writer.write(&lost).await.unwrap();
    let ledger = Ledger::load(client).await.unwrap();
    assert_eq!(ledger.intervals().iter().collect::<Vec<_>>(), [(100, 115)]);
    let tip = ledger.tip().unwrap();
    assert_eq!(
        (tip.slot_hi, tip.last_blockhash, tip.window),
        (115, [2; 32], 4)
    );
    assert_eq!(
        number(client, "SELECT count() FROM ev_test_Thing").await,
        160
    );
    assert_eq!(
        number(client, "SELECT count() FROM blocks WHERE proof = 'block'").await,
        16
    );
    // Both rows and checksum are what the ledger says, by the server's own reckoning.
    let sql = "SELECT sum(tables['ev_test_Thing'].1) FROM ingest_ledger";
    assert_eq!(number(client, sql).await, 160);
    let error = client.execute("SELEC").await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Some(62), false));
    for view in ["nodes", "jobs", "payments"] {
        assert_eq!(
            number(client, &format!("SELECT count() FROM {view}")).await,
            0
        );
    }
}

#[tokio::test]
async fn the_embedded_engine_conforms() {
    let Some(t) = common::engine().await else {
        return;
    };
    suite(&t.client).await;
}

#[tokio::test]
async fn a_server_conforms() {
    let variable =
        |name: &str| std::env::var(format!("HYPERNODE_TEST_CLICKHOUSE_{name}")).unwrap_or_default();
    let url = variable("URL");
    if url.is_empty() {
        eprintln!("skipped: HYPERNODE_TEST_CLICKHOUSE_URL names no server");
        return;
    }
    let mut endpoint = Endpoint {
        url,
        user: variable("USER"),
        password: Secret::new(variable("PASSWORD")),
        database: "default".into(),
    };
    let admin = Client::new(&endpoint).unwrap();
    endpoint.database = format!("hypernode_test_{}", std::process::id());
    admin
        .execute(&format!("CREATE DATABASE {}", endpoint.database))
        .await
        .unwrap();
    suite(&Client::new(&endpoint).unwrap()).await;
    admin
        .execute(&format!("DROP DATABASE {}", endpoint.database))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_server_that_is_away_is_a_retryable_error() {
    let endpoint = Endpoint {
        url: "http://127.0.0.1:9".into(),
        user: "u".into(),
        password: Secret::new("secret"),
        database: "d".into(),
    };
    let error = Client::new(&endpoint).unwrap().ping().await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert!(!format!("{endpoint:?} {error}").contains("secret"));
}
