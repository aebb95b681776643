//! Slots taken back, on the real engine, with a cut after every step.

#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

mod common;

use common::batches::batch;
use hypernode_warehouse::recover::recover;
use hypernode_warehouse::retract::Step;
use hypernode_warehouse::{Batch, Client, Ledger, Reason, Retraction, Writer};

async fn count(client: &Client, table: &str) -> u64 {
    let sql = format!("SELECT count() FROM {table}");
    client.rows::<u64>(&sql).await.unwrap()[0]
}

/// Windows of four slots from 100 on, with one canonical event in each slot.
async fn filled(client: &Client, windows: u64) -> Writer {
    let writer = Writer::new(client.clone());
    for window in 0..windows {
        writer
            .write(&with_events(client, 100 + 4 * window, 103 + 4 * window).await)
            .await
            .unwrap();
    }
    writer
}

async fn with_events(client: &Client, lo: u64, hi: u64) -> Batch {
    let mut batch = batch(client, lo, hi).await;
    let rows = hi - lo + 1;
    let sql = format!(
        "INSERT INTO canonical_events_scratch (slot, signature, kind, price) SELECT {lo} + number, 'e', 'JobCreated', number FROM numbers({rows})"
    );
    client
        .execute("DROP TABLE IF EXISTS canonical_events_scratch")
        .await
        .unwrap();
    client
        .execute("CREATE TABLE canonical_events_scratch AS canonical_events ENGINE = Memory")
        .await
        .unwrap();
    client.execute(&sql).await.unwrap();
    let native = client
        .text(
            "SELECT * FROM canonical_events_scratch ORDER BY slot",
            "Native",
        )
        .await
        .unwrap();
    client
        .execute("DROP TABLE canonical_events_scratch")
        .await
        .unwrap();
    let table = "canonical_events".into();
    batch.tables.push(hypernode_schemas::table::TableRows {
        table,
        rows,
        native,
    });
    batch
}

fn fork(head: u64) -> Retraction {
    Retraction {
        slot_lo: head + 1,
        slot_hi: u64::MAX,
        head_slot: head,
        head_blockhash: [2; 32],
        reason: Reason::Fork,
    }
}

/// Row counts and bounds that must hold when slots 110 and up are taken back of 100 to 115.
async fn assert_taken_back(client: &Client) {
    assert_eq!(count(client, "ev_test_Thing").await, 100);
    assert_eq!(count(client, "blocks").await, 10);
    assert_eq!(count(client, "canonical_events").await, 10);
    assert_eq!(count(client, "retracted_events").await, 6);
    let sql = "SELECT count() FROM retracted_events WHERE epoch = 1 AND slot BETWEEN 110 AND 115 AND kind = 'JobCreated'";
    assert_eq!(client.rows::<u64>(sql).await.unwrap(), [6]);
    let ledger = Ledger::load(client).await.unwrap();
    assert_eq!(ledger.intervals().iter().collect::<Vec<_>>(), [(100, 109)]);
    let tip = ledger.tip().unwrap();
    assert_eq!(
        (tip.slot_hi, tip.last_block_slot, tip.partial),
        (109, 109, true)
    );
    assert_eq!((ledger.epoch(), ledger.seq()), (1, 5));
    let sql = "SELECT slot_lo, slot_hi, head_slot, toString(reason) FROM retractions";
    let rows = client.rows::<(u64, u64, u64, String)>(sql).await.unwrap();
    assert_eq!(rows, [(110, u64::MAX, 109, "fork".to_owned())]);
}

// I-28, I-08: what stays of a row that is cut is verified at the next start.
#[tokio::test]
async fn slots_are_taken_back_in_the_middle_of_a_row_and_written_again() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    let writer = filled(&t.client, 4).await;
    let retracted = writer.retract(&fork(109)).await.unwrap().unwrap();
    assert_eq!(
        (retracted.seq, retracted.epoch, retracted.slot_lo),
        (5, 1, 110)
    );
    assert_taken_back(&t.client).await;
    // There is nothing more to take back, and nothing is said twice.
    assert_eq!(writer.retract(&fork(109)).await.unwrap(), None);
    assert_eq!(count(&t.client, "retractions").await, 1);
    let recovery = recover(&t.client, &[]).await.unwrap();
    assert_eq!(
        (recovery.verified, recovery.removed.len(), recovery.finished),
        (3, 0, None)
    );
    // The other fork goes on behind the head, and can be taken back itself.
    writer
        .write(&with_events(&t.client, 110, 111).await)
        .await
        .unwrap();
    writer
        .write(&with_events(&t.client, 112, 115).await)
        .await
        .unwrap();
    assert_eq!(recover(&t.client, &[]).await.unwrap().verified, 5);
    assert_eq!(count(&t.client, "ev_test_Thing").await, 160);
    let again = writer.retract(&fork(111)).await.unwrap().unwrap();
    assert_eq!((again.seq, again.epoch), (8, 2));
    assert_eq!(count(&t.client, "retracted_events").await, 10);
    let rows = t
        .client
        .rows::<(u64, u64, u32)>("SELECT slot_hi, seq, epoch FROM ingest_ledger ORDER BY slot_lo")
        .await
        .unwrap();
    assert_eq!(rows, [(103, 1, 0), (107, 2, 0), (109, 3, 1), (111, 6, 1)]);
}

// I-28: a process that dies between any two steps.
#[tokio::test]
async fn a_retraction_that_was_cut_anywhere_is_finished_at_the_next_start() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    for step in [
        Step::Commit,
        Step::Keep,
        Step::Half,
        Step::Remove,
        Step::Replace,
        Step::Ledger,
    ] {
        for table in [
            "ingest_ledger",
            "retractions",
            "retracted_events",
            "canonical_events",
            "blocks",
            "ev_test_Thing",
        ] {
            t.client
                .execute(&format!("TRUNCATE TABLE {table}"))
                .await
                .unwrap();
        }
        t.client
            .execute("TRUNCATE TABLE hypernode_meta")
            .await
            .unwrap();
        let writer = filled(&t.client, 4).await;
        writer
            .retract_until(&fork(109), step)
            .await
            .unwrap()
            .unwrap();
        drop(writer);
        let recovery = recover(&t.client, &[]).await.unwrap();
        assert_eq!(
            recovery.finished.is_some(),
            step != Step::Ledger,
            "{step:?}"
        );
        assert_taken_back(&t.client).await;
        let again = recover(&t.client, &[]).await.unwrap();
        assert_eq!(
            (again.finished, again.removed.len(), again.verified),
            (None, 0, 3),
            "{step:?}"
        );
    }
}

// I-28: the same, where the writer lives and is asked again; and one that knows less may not write any more.
#[tokio::test]
async fn a_retraction_that_failed_is_finished_when_it_is_asked_for_again() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    let writer = filled(&t.client, 4).await;
    let other = Writer::new(t.client.clone());
    other.ledger().await.unwrap();
    writer.retract_until(&fork(109), Step::Half).await.unwrap();
    assert!(writer.retract(&fork(109)).await.unwrap().is_some());
    assert_taken_back(&t.client).await;
    let late = other.write(&with_events(&t.client, 116, 119).await).await;
    assert!(late.unwrap_err().to_string().contains("another writer"));
}

// I-28: a row in the middle is written anew, whole; one that is not what the ledger says is not blessed by a cut.
#[tokio::test]
async fn rows_in_the_middle_are_replaced_whole_and_a_damaged_row_is_not_cut() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    let writer = filled(&t.client, 4).await;
    t.client
        .execute("ALTER TABLE ev_test_Thing DELETE WHERE slot = 105 AND tx_index = 3 SETTINGS mutations_sync = 2")
        .await
        .unwrap();
    let error = recover(&t.client, &[]).await.unwrap_err().to_string();
    assert!(
        error.contains("hypernode repair --from 104 --to 107"),
        "{error}"
    );
    let error = writer.retract(&fork(105)).await.unwrap_err().to_string();
    assert!(error.contains("ev_test_Thing, slots 104 to 107"), "{error}");
    let repair = Retraction {
        slot_lo: 104,
        slot_hi: 105,
        head_slot: 103,
        head_blockhash: [2; 32],
        reason: Reason::Repair,
    };
    let retracted = writer.retract(&repair).await.unwrap().unwrap();
    assert_eq!((retracted.slot_lo, retracted.slot_hi), (104, 107));
    let ledger = writer.ledger().await.unwrap();
    assert_eq!(
        ledger.intervals().iter().collect::<Vec<_>>(),
        [(100, 103), (108, 115)]
    );
    writer
        .write(&with_events(&t.client, 104, 107).await)
        .await
        .unwrap();
    let recovery = recover(&t.client, &[]).await.unwrap();
    assert_eq!(recovery.verified, 4);
    assert_eq!(
        recovery.ledger.intervals().iter().collect::<Vec<_>>(),
        [(100, 115)]
    );
    assert_eq!(count(&t.client, "ev_test_Thing").await, 160);
}
