//! Changes and certificates over a ledger that the real writer writes, cuts and repairs.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use hypernode_analytics::certificates::certificates;
use hypernode_analytics::changes::{Cursor, changes};
use hypernode_schemas::table::TableRows;
use hypernode_warehouse::retract::Step;
use hypernode_warehouse::{Batch, Client, Reason, Retraction, Writer, gaps, recover};

/// What tells one canonical event from all others, and the fork that it is of.
type Identity = (u64, u32, String);

/// A batch of blocks, each with as many canonical events as `events` says; `fork` is their price.
async fn batch(client: &Client, lo: u64, hi: u64, events: u64, fork: u64) -> Batch {
    let count = hi - lo + 1;
    let blocks = format!(
        "SELECT toUInt64({lo} + number) AS slot, slot - 1 AS parent_slot, toFixedString('h', 32) AS blockhash, \
         toFixedString('p', 32) AS parent_blockhash, toUInt64(0) AS block_height, toDateTime(1, 'UTC') AS block_time, \
         toUInt64(5) AS executed_transactions, toUInt32(2) AS transactions, toUInt32(1) AS failed_transactions, \
         CAST(if(number = 0, 'count', 'block'), 'Enum8(\\'none\\' = 0, \\'count\\' = 1, \\'block\\' = 2)') AS proof \
         FROM numbers({count})"
    );
    let mut tables = Vec::new();
    let native = client.text(&blocks, "Native").await.expect("blocks");
    let rows = events * count;
    if rows > 0 {
        support::execute(
            client,
            "CREATE TABLE events_to_write AS canonical_events ENGINE = Memory",
        )
        .await;
        let fill = format!(
            "INSERT INTO events_to_write (slot, tx_index, signature, kind, price) SELECT {lo} + intDiv(number, {events}), \
             number % {events}, 's', 'JobCreated', {fork} FROM numbers({rows})"
        );
        support::execute(client, &fill).await;
        let all = "SELECT * FROM events_to_write ORDER BY slot, tx_index";
        let native = client.text(all, "Native").await.expect("events");
        support::execute(client, "DROP TABLE events_to_write").await;
        let table = "canonical_events".into();
        tables.push(TableRows {
            table,
            rows,
            native,
        });
    }
    tables.push(TableRows {
        table: "blocks".into(),
        rows: count,
        native,
    });
    Batch {
        slot_lo: lo,
        slot_hi: hi,
        window: 4,
        part: 0,
        partial: false,
        parent_slot: lo - 1,
        parent_blockhash: [b'p'; 32],
        last_block_slot: hi,
        last_blockhash: [b'h'; 32],
        blocks: u32::try_from(count).expect("few"),
        finalized_slot: 0,
        source: "test".into(),
        idls: [0; 32],
        tables,
    }
}

/// Somebody who follows changes, by the rules of the documentation.
#[derive(Default)]
struct Consumer {
    cursor: Cursor,
    held: BTreeSet<Identity>,
    /// Changes seen, by number.
    seen: BTreeMap<u64, String>,
}

impl Consumer {
    /// Asks once; whether there is more.
    async fn ask(&mut self, client: &Client, limit: u64) -> bool {
        let told = changes(client, self.cursor, limit).await.expect("changes");
        for change in &told.changes {
            let events = change
                .events
                .iter()
                .map(|e| (e.slot, e.tx_index, e.price.clone()));
            match change.change.as_str() {
                "insert" => self.held.extend(events),
                "retract" => self
                    .held
                    .retain(|(slot, _, _)| !(change.from..=change.to).contains(slot)),
                other => panic!("{other}"),
            }
            self.seen.insert(change.seq, change.change.clone());
        }
        self.cursor = told.next.parse().expect("a cursor");
        told.more
    }
}

async fn warehouse(client: &Client) -> BTreeSet<Identity> {
    let sql = "SELECT slot, tx_index, toString(price) FROM canonical_events";
    let rows = client
        .rows::<(u64, u32, String)>(sql)
        .await
        .expect("events");
    let count = rows.len();
    let set: BTreeSet<Identity> = rows.into_iter().collect();
    assert_eq!(set.len(), count, "no event is stored twice");
    set
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

// I-28: whoever follows the changes holds what the warehouse holds, whatever was taken back meanwhile and whenever they ask.
#[tokio::test]
async fn whoever_follows_the_changes_holds_what_the_warehouse_holds() {
    let Some((client, _engine)) = support::engine().await else {
        return;
    };
    for seed in 0..2 {
        for table in [
            "ingest_ledger",
            "retractions",
            "retracted_events",
            "canonical_events",
            "blocks",
            "hypernode_meta",
        ] {
            support::execute(&client, &format!("TRUNCATE TABLE {table}")).await;
        }
        let mut numbers = Numbers(seed);
        let mut writer = Writer::new(client.clone());
        let (mut eager, mut lazy) = (Consumer::default(), Consumer::default());
        let (mut next, mut fork) = (100_u64, 0);
        for _ in 0..24 {
            match numbers.below(6) {
                // A fork: back to some block, then another branch.
                0 if next > 104 => {
                    let head = next - 1 - numbers.below(9.min(next - 101));
                    let retraction = Retraction {
                        slot_lo: head + 1,
                        slot_hi: next,
                        head_slot: head,
                        head_blockhash: [b'h'; 32],
                        reason: Reason::Fork,
                    };
                    if numbers.below(2) == 0 {
                        // Cut off anywhere; somebody asks in between; the next start finishes it.
                        let steps = [
                            Step::Commit,
                            Step::Keep,
                            Step::Half,
                            Step::Remove,
                            Step::Replace,
                        ];
                        let step = steps[numbers.below(5) as usize];
                        writer
                            .retract_until(&retraction, step)
                            .await
                            .expect("retract");
                        eager.ask(&client, 3).await;
                        recover::recover(&client, &[]).await.expect("recover");
                        writer = Writer::new(client.clone());
                    } else {
                        writer.retract(&retraction).await.expect("retract");
                    }
                    next = head + 1;
                    fork += 1;
                }
                _ => {
                    let hi = next + numbers.below(4);
                    let events = numbers.below(4);
                    let batch = batch(&client, next, hi, events, fork).await;
                    writer.write(&batch).await.expect("write");
                    next = hi + 1;
                }
            }
            if numbers.below(2) == 0 {
                eager.ask(&client, 1 + numbers.below(3)).await;
            }
        }
        let expected = warehouse(&client).await;
        assert!(
            !expected.is_empty() && fork > 0,
            "seed {seed} tests nothing"
        );
        for consumer in [&mut eager, &mut lazy] {
            while consumer.ask(&client, 7).await {}
            assert_eq!(consumer.held, expected, "seed {seed}");
            // Nothing is left to tell.
            assert!(!consumer.ask(&client, 7).await);
        }
        assert!(
            eager.seen.values().any(|change| change == "retract"),
            "seed {seed}"
        );
    }
}

#[tokio::test]
async fn a_change_with_many_events_is_told_in_parts() {
    let Some((client, _engine)) = support::engine().await else {
        return;
    };
    let writer = Writer::new(client.clone());
    writer
        .write(&batch(&client, 100, 103, 1_300, 0).await)
        .await
        .expect("write");
    writer
        .write(&batch(&client, 104, 107, 1, 0).await)
        .await
        .expect("write");
    let first = changes(&client, Cursor::default(), 10)
        .await
        .expect("changes");
    assert_eq!(
        (first.changes.len(), first.changes[0].events.len()),
        (1, 2_000)
    );
    assert!(first.more && first.changes[0].more);
    assert_eq!(first.next, "1.2000");
    let mut consumer = Consumer::default();
    while consumer.ask(&client, 10).await {}
    assert_eq!(consumer.held, warehouse(&client).await);
    assert_eq!(consumer.cursor.to_string(), "2");
}

#[tokio::test]
async fn certificates_say_what_is_proven_how_and_what_is_missing() {
    let Some((client, _engine)) = support::engine().await else {
        return;
    };
    let writer = Writer::new(client.clone());
    writer
        .write(&batch(&client, 100, 103, 1, 0).await)
        .await
        .expect("write");
    let mut sparse = batch(&client, 110, 111, 0, 0).await;
    (sparse.slot_hi, sparse.parent_slot) = (115, 109);
    writer.write(&sparse).await.expect("write");
    let accepted = gaps::GapState::Accepted;
    gaps::record(&client, (104, 109), accepted, "nobody has them", "operator")
        .await
        .expect("gap");
    // Given up, then proven empty after all.
    gaps::record(&client, (113, 114), accepted, "too early", "operator")
        .await
        .expect("gap");
    let found = certificates(&client, 0, u64::MAX, 200, 10)
        .await
        .expect("certificates");
    let brief: Vec<_> = found
        .iter()
        .map(|one| {
            (
                one.from,
                one.to,
                one.status.as_str(),
                one.blocks,
                one.skipped,
                one.proof.as_str(),
            )
        })
        .collect();
    assert_eq!(
        brief,
        [
            (100, 103, "proven", 4, 0, "count"),
            (104, 109, "missing", 0, 0, "none"),
            (110, 115, "proven", 2, 4, "count")
        ]
    );
    assert_eq!(
        (
            found[0].transactions_executed,
            found[0].transactions_matched,
            found[0].transactions_failed
        ),
        (20, 8, 4)
    );
    assert_eq!(
        (found[1].reason.as_str(), found[1].source.as_str()),
        ("nobody has them", "operator")
    );
    assert_eq!(
        (found[0].last_block_slot, found[0].seq, found[2].parent_slot),
        (103, 1, 109)
    );
    // A part of it, not beyond what is served, a page at a time.
    let part = certificates(&client, 103, 111, 109, 10)
        .await
        .expect("certificates");
    assert_eq!(
        part.iter().map(|one| one.from).collect::<Vec<_>>(),
        [100, 104]
    );
    let page = certificates(&client, 0, u64::MAX, 200, 1)
        .await
        .expect("certificates");
    assert_eq!(page, found[..1]);
    let all = client
        .rows::<u64>("SELECT count() FROM certificates")
        .await
        .expect("the view");
    assert_eq!(all, [3]);
}
