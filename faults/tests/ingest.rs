//! A few seeds of `faults ingest` (I-02, I-03, I-05, I-07): the real program, killed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

mod common;

use hypernode_faults::digest;
use hypernode_faults::ingest::{self, Keep};

#[tokio::test(flavor = "multi_thread")]
async fn an_indexer_that_is_killed_loses_and_repeats_nothing() {
    let Some(store) = common::store().await else {
        return;
    };
    let mut kills = 0;
    for seed in [3, 8] {
        let outcome = ingest::seed(&store, seed, &Keep::default()).await.unwrap();
        assert!(
            outcome.difference.is_none(),
            "seed {seed}: {:?}",
            outcome.difference
        );
        assert_eq!(outcome.digest, None, "seed {seed}");
        assert!(outcome.difference.rows > 500, "{outcome:?}");
        kills += outcome.kills;
    }
    assert!(kills >= 4, "{kills}");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_or_doubled_is_counted() {
    let Some(store) = common::store().await else {
        return;
    };
    ingest::seed(&store, 5, &Keep::default()).await.unwrap();
    let counted = async || {
        hypernode_faults::compare::compare(&store.client, 10, 100)
            .await
            .unwrap()
    };
    assert!(counted().await.is_none());
    let client = &store.client;
    client
        .execute("INSERT INTO events SELECT * FROM events WHERE slot BETWEEN 10 AND 100 LIMIT 2")
        .await
        .unwrap();
    let doubled = counted().await;
    assert_eq!(
        (doubled.lost, doubled.duplicated, doubled.derived),
        (0, 2, 0),
        "{doubled:?}"
    );
    for table in ["transactions", "canonical_events"] {
        let sql = format!(
            "DELETE FROM {table} WHERE slot = (SELECT min(slot) FROM {table} WHERE slot >= 10)"
        );
        client.execute(&sql).await.unwrap();
    }
    let lost = counted().await;
    assert!(lost.lost > 0 && lost.derived > 0, "{lost:?}");
    assert_eq!(lost.duplicated, 2);
    // The digest of what is left now is another one.
    assert_eq!(digest::differs(&store).await.unwrap().1, None);
    for table in ["digest_leaves", "digest_checkpoints"] {
        let sql = format!("TRUNCATE TABLE {table}");
        client.execute(&sql).await.unwrap();
    }
    assert!(digest::differs(&store).await.unwrap().1.is_some());
    store.close().await;
}
