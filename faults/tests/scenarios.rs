//! Some of `faults scenarios`; all of them take minutes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

mod common;

use hypernode_faults::scenarios::{self, Verdict};

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_on_real_streams_changes_nothing() {
    let Some(store) = common::store().await else {
        return;
    };
    let chosen = [
        "slow-client-cut",
        "meta-before-transactions",
        "reordered-transactions",
        "imitated-log-lines",
        "inner-without-stack-height",
    ];
    let mut played = 0;
    for scenario in scenarios::all() {
        if chosen.contains(&scenario.name) {
            let (verdict, _) = scenario.play(&store).await.unwrap();
            assert!(
                matches!(verdict, Verdict::Equal(rows) if rows > 500),
                "{}: {verdict}",
                scenario.name
            );
            played += 1;
        }
    }
    assert_eq!(played, chosen.len());
    store.close().await;
}
