//! The documented queries over one job and one node, and the counts of requesters, on the hand-made history.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use hypernode_analytics::reputation::{self, FeeAccounts};
use hypernode_analytics::rollup;
use support::{EXTREME, LAST, base58, key, publish, signature, write_history};

type Line = (u64, String, String, bool);

// I-12.
#[tokio::test]
async fn a_job_and_a_node_are_told_from_beginning_to_end() {
    let Some((client, _running)) = support::engine().await else {
        return;
    };
    write_history(&client, LAST, 5).await;
    publish(&client, LAST + 1, EXTREME, EXTREME).await;
    let accounts = vec![FeeAccounts {
        first_slot: 0,
        last_slot: u64::MAX,
        treasury: key("treasury"),
        incentive: key("incentive"),
    }];
    let mut scores = reputation::Keeper::new(client.clone(), accounts);
    while scores.step().await.expect("a step").slot.is_some() {}
    let mut sums = rollup::Keeper::new(client.clone());
    while sums.step().await.expect("a step").slot.is_some() {}

    let job = async |name: &str| -> Vec<Line> {
        let sql = format!(
            "SELECT slot, step, by, consent FROM job_history(job = '{}')",
            base58(name)
        );
        client.rows(&sql).await.expect("rows")
    };
    let line = |slot, step: &str, by: &str, consent| -> Line {
        let by = if by.is_empty() {
            String::new()
        } else {
            base58(by)
        };
        (slot, step.to_owned(), by, consent)
    };
    assert_eq!(
        job("job-a").await,
        [
            line(3, "created", "client-1", false),
            line(4, "assigned", "owner-1", true),
            line(5, "completed", "owner-1", false),
            line(5, "paid", "", false),
        ]
    );
    // Somebody else signed the assignment, and somebody else the result.
    assert_eq!(
        job("job-b").await,
        [
            line(3, "created", "client-2", false),
            line(4, "assigned", "stranger", false),
            line(6, "completed", "impostor", false),
        ]
    );
    // The day of its node was over before the cancellation.
    assert_eq!(
        job("job-d").await,
        [
            line(4, "created", "client-1", false),
            line(5, "assigned", "owner-1", true),
            line(6, "cancelled", "client-1", false),
            line(6, "expired", "client-1", false),
        ]
    );
    let paid: Vec<(u64, String, String, String)> = client
        .rows(&format!(
            "SELECT operator_amount, treasury_account, incentive_account, signature \
             FROM job_history(job = '{}') WHERE step = 'paid'",
            base58("job-a")
        ))
        .await
        .expect("rows");
    let to = (
        800_000,
        base58("treasury"),
        base58("incentive"),
        signature(5, 2),
    );
    assert_eq!(paid, [to]);
    for nobody in ["", "not base58 0OIl", "1", &base58("nobody")] {
        let sql = format!("SELECT count() FROM job_history(job = '{nobody}')");
        assert_eq!(
            client.rows::<u64>(&sql).await.expect("rows"),
            [0],
            "{nobody}"
        );
    }

    let sql = format!(
        "SELECT slot, step, job_id, units > 0 FROM node_history(node = '{}')",
        base58("node-1")
    );
    let told: Vec<Line> = client.rows(&sql).await.expect("rows");
    assert_eq!(
        told,
        [
            line(1, "registered", "", false),
            line(4, "assigned", "job-a", false),
            line(5, "completed", "job-a", false),
            line(5, "assigned", "job-d", false),
            line(5, "assigned", "job-f", false),
            line(5, "good", "job-a", true),
            line(6, "completed", "job-f", false),
            line(6, "failed by event", "job-g", false),
            line(6, "expired", "job-d", true),
        ]
    );

    let counts: Vec<(String, u64, u64, u64, u64, i128)> = client
        .rows(
            "SELECT requester_id, created, cancelled, expired, settled, paid FROM requesters \
             ORDER BY requester_id = '' , created DESC, requester_id",
        )
        .await
        .expect("rows");
    assert_eq!(
        counts,
        [
            (base58("client-1"), 3, 1, 1, 2, 3_800_000),
            (base58("client-2"), 3, 0, 0, 0, 0),
        ]
    );
}
