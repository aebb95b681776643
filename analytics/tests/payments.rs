//! Settlements as they are told to whoever credits them.
#![allow(
    clippy::expect_used,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use hypernode_analytics::payments::{Payment, Place, payments};
use support::{execute, key, publish, write_history};

#[tokio::test]
async fn final_settlements_are_told_with_who_was_assigned_and_paid() {
    let Some((client, _engine)) = support::engine().await else {
        return;
    };
    let from = |slot| Some(Place { seq: 0, slot });
    let empty = payments(&client, None).await.expect("an answer");
    assert_eq!((empty.next, empty.payments.len()), (Place::default(), 0));
    write_history(&client, 8, 4).await;
    for (table, what) in [
        ("canonical_events", "label = 'job_receipt'"),
        (
            "events",
            "accounts = ['', '', toFixedString('purse', 32), '']",
        ),
    ] {
        let sql = format!(
            "ALTER TABLE {table} UPDATE {what} WHERE slot = 5 AND tx_index = 2 SETTINGS mutations_sync = 2"
        );
        execute(&client, &sql).await;
    }
    let sql = "ALTER TABLE canonical_events UPDATE label = 'job_receipt' WHERE slot = 5 AND tx_index = 0 \
               SETTINGS mutations_sync = 2";
    execute(&client, sql).await;

    // They are in slot 5, which a fork may still take back.
    let told = payments(&client, from(0)).await.expect("an answer");
    assert_eq!((told.payments.len(), told.next.slot), (0, 4));
    publish(&client, 9, 9, 5).await;
    let told = payments(&client, Some(told.next)).await.expect("an answer");
    let none = key("");
    let expected = |job, purse, node, owner, amounts: (u64, u64, u64)| Payment {
        job: key(job),
        slot: 5,
        operator_amount: amounts.0,
        treasury_amount: amounts.1,
        incentive_amount: amounts.2,
        treasury: key("treasury"),
        incentive: key("incentive"),
        purse,
        node,
        operator: owner,
    };
    assert_eq!(
        told.payments,
        [
            expected("job-c", none, none, none, (2_400_000, 300_000, 150_000)),
            expected(
                "job-a",
                key("purse"),
                key("node-1"),
                key("owner-1"),
                (800_000, 100_000, 50_000)
            ),
        ]
    );
    assert_eq!((told.next.slot, told.more), (5, false));
    let rest = payments(&client, Some(told.next)).await.expect("an answer");
    assert_eq!((rest.payments.len(), rest.next), (0, told.next));

    // Slots that are stored late are told, though later ones were before.
    let late = "INSERT INTO ingest_ledger (seq, slot_lo, slot_hi, window, last_block_slot, blocks, finalized_slot, source, \
                written_at) VALUES (17, 5, 5, 4, 5, 1, 5, 'test', now64(3))";
    execute(&client, late).await;
    let again = payments(&client, Some(told.next)).await.expect("an answer");
    assert_eq!(again.payments, told.payments);
    assert_eq!(again.next, Place { seq: 17, slot: 5 });
    // Another index has given no such place.
    let other = Place {
        seq: 1_000,
        slot: 1_000,
    };
    let again = payments(&client, Some(other)).await.expect("an answer");
    assert_eq!(again.payments, told.payments);
}
