//! Where jobs stand on chain, over the history that other figures are computed from by hand.
#![allow(
    clippy::expect_used,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use hypernode_analytics::chain_jobs::{OnChain, node, open_since, standing};
use support::{START, key};

/// `create_job("job-1", 0, 1000000, hash)` at a place of the history.
fn call(slot: u64, tx_index: u32, hash: &str) -> String {
    let mut data = vec![0xb2, 0x82, 0xd9, 0x6e, 0x64, 0x1b, 0x52, 0x77];
    data.extend(5_u32.to_le_bytes());
    data.extend(b"job-1");
    data.push(0);
    data.extend(1_000_000_u64.to_le_bytes());
    data.extend((hash.len() as u32).to_le_bytes());
    data.extend(hash.as_bytes());
    let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("({slot}, {tx_index}, 0, -1, 'ok', unhex('{hex}'))")
}

#[tokio::test]
async fn a_jobs_standing_is_what_the_ledger_vouches_for() {
    let Some((client, _engine)) = support::engine().await else {
        return;
    };
    support::write_history(&client, 5, 5).await;
    let sql = format!(
        "INSERT INTO instructions (slot, tx_index, outer_ix, inner_ix, result, data) VALUES {}, {}",
        call(3, 3, &"ab".repeat(32)),
        call(8, 0, "later"),
    );
    support::execute(&client, &sql).await;
    let names = [
        "job-a", "job-b", "job-c", "job-d", "job-e", "job-h", "nothing",
    ];
    let jobs: Vec<[u8; 32]> = names.iter().map(|name| key(name)).collect();
    let found = standing(&client, &jobs).await.expect("an answer");
    let of = |name: &str| found.iter().find(|job| job.job == key(name));
    let marks = |job: &OnChain| {
        (
            job.created.is_some(),
            job.assigned,
            job.completed,
            job.cancelled,
        )
    };
    assert_eq!(of("job-a").map(marks), Some((true, true, true, false)));
    assert_eq!(of("job-b").map(marks), Some((true, true, false, false)));
    // Its cancellation and completion lie beyond the ledger's end.
    assert_eq!(of("job-d").map(marks), Some((true, true, false, false)));
    let ends = |job: &OnChain| (job.paid, job.failed);
    assert_eq!(of("job-a").map(ends), Some((true, false)));
    assert_eq!(of("job-b").map(ends), Some((false, false)));
    assert_eq!(of("job-e").map(OnChain::is_open), Some(true));
    assert_eq!((of("job-h"), of("nothing")), (None, None));
    let created = of("job-a")
        .and_then(|job| job.created.clone())
        .expect("created");
    assert_eq!(created.client, key("client-1"));
    assert_eq!(
        (created.label.as_str(), created.price),
        ("job-1", 1_000_000)
    );
    assert_eq!(
        (created.job_type.as_str(), created.at),
        ("llm_inference", i64::from(START) + 30)
    );
    assert_eq!(created.requirements_hash, Some("ab".repeat(32)));
    let created = of("job-e")
        .and_then(|job| job.created.clone())
        .expect("created");
    assert_eq!(created.requirements_hash, None, "no call is stored");
    // Paid is taken, even before it is said to be completed.
    let open = |since, after| open_since(&client, since, after);
    assert_eq!(open(0, None).await.expect("an answer"), [key("job-e")]);
    let later = open(i64::from(START) + 50, None).await.expect("an answer");
    assert_eq!(later, [key("job-e")]);
    let none: [[u8; 32]; 0] = [];
    assert_eq!(open(0, Some(key("job-e"))).await.expect("an answer"), none);
    assert_eq!(
        open(i64::from(START) + 51, None).await.expect("an answer"),
        none
    );
    let found = async |name| node(&client, key(name)).await.expect("an answer");
    let first = found("node-1").await.expect("a node");
    assert_eq!((first.owner, first.label.as_str()), (key("owner-1"), "gpu"));
    assert_eq!(
        (found("node-5").await, found("nothing").await),
        (None, None)
    );
}
