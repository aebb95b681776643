//! Migrations, writer, ledger and recovery, on the real engine.

#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

mod common;

use std::time::Duration;

use common::batches::{batch, things};
use hypernode_warehouse::migrate::migrate;
use hypernode_warehouse::recover::recover;
use hypernode_warehouse::{Client, Ledger, Writer, meta};

async fn count(client: &Client, table: &str) -> u64 {
    let sql = format!("SELECT count() FROM {table}");
    client.rows::<u64>(&sql).await.unwrap()[0]
}

#[tokio::test]
async fn migrations_apply_once_and_refuse_a_changed_past() {
    let Some(t) = common::engine().await else {
        return;
    };
    let first = migrate(&t.client).await.unwrap();
    assert!(first.applied.len() > 8 && first.present == 0, "{first:?}");
    let second = migrate(&t.client).await.unwrap();
    assert!(second.applied.is_empty() && second.present == first.applied.len());
    // An interrupted run: the table is there, its record is not.
    t.client
        .execute("ALTER TABLE schema_migrations DELETE WHERE id = 12 SETTINGS mutations_sync = 2")
        .await
        .unwrap();
    assert_eq!(migrate(&t.client).await.unwrap().applied, ["events"]);
    let change = "ALTER TABLE schema_migrations UPDATE checksum = repeat('0', 64) WHERE id = 12 SETTINGS mutations_sync = 2";
    t.client.execute(change).await.unwrap();
    let error = migrate(&t.client).await.unwrap_err().to_string();
    assert!(
        error.contains("0012_events") && !error.contains('\n'),
        "{error}"
    );
    meta::bind(&t.client, "genesis", "abc").await.unwrap();
    meta::bind(&t.client, "genesis", "abc").await.unwrap();
    assert!(
        meta::bind(&t.client, "genesis", "xyz")
            .await
            .unwrap_err()
            .to_string()
            .contains("abc")
    );
}

// I-06.
#[tokio::test]
async fn the_same_batch_twice_doubles_nothing() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    let writer = Writer::new(t.client.clone());
    let one = batch(&t.client, 100, 103).await;
    assert!(!writer.write(&one).await.unwrap().already);
    assert!(writer.write(&one).await.unwrap().already);
    // Another process that does not know it either.
    assert!(
        Writer::new(t.client.clone())
            .write(&one)
            .await
            .unwrap()
            .already
    );
    let two = batch(&t.client, 104, 107).await;
    assert_eq!(writer.write(&two).await.unwrap().rows, 44);
    assert_eq!(
        (
            count(&t.client, "ev_test_Thing").await,
            count(&t.client, "blocks").await
        ),
        (80, 8)
    );
    assert_eq!(count(&t.client, "ingest_ledger").await, 2);
    let ledger = Ledger::load(&t.client).await.unwrap();
    assert_eq!(
        (ledger.served(), ledger.next_slot(), ledger.finalized()),
        (Some(107), Some(108), Some(104))
    );
    assert!(ledger.covers(100) && !ledger.covers(99));
    assert_eq!(writer.ledger().await.unwrap(), ledger);
    let mut other = two.clone();
    other.tables.pop();
    let error = writer.write(&other).await.unwrap_err().to_string();
    assert!(error.contains("104 to 107"), "{error}");
}

// I-05, I-06.
#[tokio::test]
async fn batches_that_continue_one_another_are_stored_as_one() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    let mut one = batch(&t.client, 100, 103).await;
    for (lo, hi) in [(104, 107), (108, 111)] {
        let mut next = batch(&t.client, lo, hi).await;
        // Of another chain; cut with other IDLs; too much.
        assert_eq!(
            one.append(next.clone(), 1_000),
            Some(Box::new(next.clone()))
        );
        next.parent_blockhash = one.last_blockhash;
        let other = hypernode_warehouse::Batch {
            idls: [9; 32],
            ..next.clone()
        };
        assert!(one.append(other, 1_000).is_some());
        assert!(one.append(next.clone(), 87).is_some());
        assert_eq!(one.append(next, 1_000), None);
    }
    assert_eq!((one.rows(), one.blocks, one.finalized_slot), (132, 12, 108));
    let writer = Writer::new(t.client.clone());
    assert_eq!(writer.write(&one).await.unwrap().rows, 132);
    assert_eq!(count(&t.client, "ev_test_Thing").await, 120);
    assert_eq!(count(&t.client, "ingest_ledger").await, 1);
    let again = recover(&t.client, &[]).await.unwrap();
    assert_eq!((again.removed.len(), again.verified), (0, 1));
    // One insert, one part: what is there after a death is all of it or nothing.
    let parts = "SELECT max(c) FROM (SELECT table, count() AS c FROM system.parts WHERE active AND database = \
                 currentDatabase() AND table IN ('ev_test_Thing', 'blocks') GROUP BY table)";
    assert_eq!(t.client.rows::<u64>(parts).await.unwrap(), [1]);
}

// I-05, I-07.
#[tokio::test]
async fn rows_without_a_ledger_entry_are_removed_and_written_again() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    Writer::new(t.client.clone())
        .write(&batch(&t.client, 100, 103).await)
        .await
        .unwrap();
    // A process that died between the tables and the ledger.
    let lost = batch(&t.client, 104, 107).await;
    t.client
        .insert_native("ev_test_Thing", lost.tables[0].native.clone(), "x")
        .await
        .unwrap();
    let recovery = recover(&t.client, &[]).await.unwrap();
    assert_eq!(recovery.removed, [("ev_test_Thing".to_owned(), 40)]);
    assert_eq!((recovery.verified, recovery.ledger.epoch()), (1, 1));
    assert_eq!(count(&t.client, "ev_test_Thing").await, 40);
    let writer = Writer::new(t.client.clone());
    writer.write(&lost).await.unwrap();
    assert_eq!(count(&t.client, "ev_test_Thing").await, 80);
    let again = recover(&t.client, &[]).await.unwrap();
    assert_eq!((again.removed.len(), again.ledger.epoch()), (0, 1));
}

#[tokio::test]
async fn rows_inserted_ahead_are_committed_in_turn_and_removed_if_their_turn_never_comes() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    let writer = Writer::new(t.client.clone());
    let (one, two) = (
        batch(&t.client, 100, 103).await,
        batch(&t.client, 104, 107).await,
    );
    let (written, ahead) = tokio::join!(writer.write(&one), writer.ahead(&two));
    written.unwrap();
    assert_eq!(writer.ledger().await.unwrap().served(), Some(103));
    writer.write_after(&two, ahead).await.unwrap();
    assert_eq!(count(&t.client, "ev_test_Thing").await, 80);
    assert_eq!(recover(&t.client, &[]).await.unwrap().removed, []);

    // Half of what was inserted ahead is lost, and the writer is not told: it finds out by reading back.
    let three = batch(&t.client, 108, 111).await;
    let ahead = writer.ahead(&three).await;
    t.client
        .execute("DELETE FROM ev_test_Thing WHERE slot BETWEEN 108 AND 109")
        .await
        .unwrap();
    writer.write_after(&three, ahead).await.unwrap();
    assert_eq!(count(&t.client, "ev_test_Thing").await, 120);

    // Its turn never comes.
    let four = batch(&t.client, 112, 115).await;
    drop(writer.ahead(&four).await);
    assert_eq!(count(&t.client, "ev_test_Thing").await, 160);
    let recovery = recover(&t.client, &[]).await.unwrap();
    assert_eq!(recovery.ledger.served(), Some(111));
    assert_eq!(count(&t.client, "ev_test_Thing").await, 120);
}

#[tokio::test]
async fn a_new_writer_mends_leftovers_in_its_range() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    let one = batch(&t.client, 100, 103).await;
    // Half of a table, as a torn insert leaves it.
    let half = things(&t.client, 100, 101, 10).await;
    t.client
        .insert_native("ev_test_Thing", half.native, "x")
        .await
        .unwrap();
    let written = Writer::new(t.client.clone()).write(&one).await.unwrap();
    assert!(!written.already);
    assert_eq!(count(&t.client, "ev_test_Thing").await, 40);
    assert_eq!(recover(&t.client, &[]).await.unwrap().removed, []);
}

// I-08.
#[tokio::test]
async fn a_change_behind_the_ledger_is_refused_whatever_column_it_hits() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    let changes = [
        ("maybe", "NULL"),
        ("maybe", "0"),
        ("text", "'other'"),
        ("list", "[]"),
        (
            "pair",
            "CAST(('a', 0), 'Tuple(kind Enum8(\\'a\\' = 0, \\'b\\' = 1), n Nullable(UInt8))')",
        ),
        ("nested", "[NULL, 1]"),
        ("nested", "[1, 0]"),
        ("price", "0.5"),
        ("wide", "toUInt256(1) + wide"),
        ("signature", "toFixedString('x', 64)"),
        ("block_time", "toDateTime(9, 'UTC')"),
    ];
    let writer = Writer::new(t.client.clone());
    let one = batch(&t.client, 100, 103).await;
    writer.write(&one).await.unwrap();
    recover(&t.client, &[]).await.unwrap();
    t.client
        .execute("CREATE TABLE good AS ev_test_Thing")
        .await
        .unwrap();
    t.client
        .execute("INSERT INTO good SELECT * FROM ev_test_Thing")
        .await
        .unwrap();
    for (column, value) in changes {
        // One row only: `maybe` of row 5 is 5, of row 4 NULL.
        let row = if value == "0" { 4 } else { 5 };
        let sql = format!(
            "ALTER TABLE ev_test_Thing UPDATE `{column}` = {value} WHERE slot = 100 AND tx_index = {row} \
             SETTINGS mutations_sync = 2"
        );
        t.client.execute(&sql).await.unwrap();
        let error = recover(&t.client, &[]).await.unwrap_err().to_string();
        assert!(
            error.contains("ev_test_Thing, slots 100 to 103"),
            "{column} = {value}: {error}"
        );
        t.client
            .execute("TRUNCATE TABLE ev_test_Thing")
            .await
            .unwrap();
        t.client
            .execute("INSERT INTO ev_test_Thing SELECT * FROM good SETTINGS insert_deduplicate = 0")
            .await
            .unwrap();
        recover(&t.client, &[]).await.unwrap();
    }
    t.client
        .execute("ALTER TABLE ev_test_Thing DELETE WHERE slot = 101 SETTINGS mutations_sync = 2")
        .await
        .unwrap();
    assert!(recover(&t.client, &[]).await.is_err());
}

// I-05, I-07.
#[tokio::test]
async fn a_killed_engine_comes_back_and_no_row_is_lost_or_doubled() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    let writer = Writer::new(t.client.clone());
    let mut batches = Vec::new();
    for i in 0..40 {
        batches.push(batch(&t.client, 4 * i, 4 * i + 3).await);
    }
    let pid = t.engine.pid().unwrap();
    let killer = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        std::process::Command::new("kill")
            .args(["-9", &pid.to_string()])
            .status()
            .unwrap();
    });
    let mut failures = 0;
    for batch in &batches {
        let mut backoff = hypernode_warehouse::writer::Backoff::default();
        while let Err(error) = writer.write(batch).await {
            assert!(error.is_retryable(), "{error}");
            failures += 1;
            tokio::time::sleep(backoff.retry_at().0).await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    killer.await.unwrap();
    assert!(
        failures > 0 && t.engine.restarts() > 0,
        "the kill was not seen"
    );
    assert_eq!(
        (
            count(&t.client, "ev_test_Thing").await,
            count(&t.client, "blocks").await
        ),
        (1600, 160)
    );
    let sql = "SELECT count() FROM (SELECT DISTINCT slot, tx_index FROM ev_test_Thing)";
    assert_eq!(t.client.rows::<u64>(sql).await.unwrap()[0], 1600);
    let recovery = recover(&t.client, &[]).await.unwrap();
    assert!(recovery.removed.is_empty());
    assert_eq!(
        recovery.ledger.intervals().iter().collect::<Vec<_>>(),
        [(0, 159)]
    );
}
