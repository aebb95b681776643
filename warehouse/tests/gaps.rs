//! Gaps and what the operator asks, in the tables of a real engine.
#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

mod common;

use hypernode_warehouse::gaps::{self, GapState};
use hypernode_warehouse::operator::{self, Kind};

// I-29.
#[tokio::test(flavor = "multi_thread")]
async fn a_gap_has_one_newest_state_and_an_accepted_one_stays_so() {
    let Some(engine) = common::engine().await else {
        return;
    };
    let client = &engine.client;
    common::prepare(client).await;
    let record = |range, state, why: &'static str| async move {
        gaps::record(client, range, state, why, "rpc")
            .await
            .unwrap();
    };
    record((10, 19), GapState::Open, "nobody's").await;
    record((30, 30), GapState::Open, "it's gone").await;
    record((10, 19), GapState::Filled, "").await;
    // The same words again are a state of their own.
    record((30, 30), GapState::Open, "it's gone").await;
    record((30, 30), GapState::Accepted, "known outage").await;
    record((30, 30), GapState::Open, "seen again").await;
    let rows = gaps::list(client).await.unwrap();
    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.slot_lo,
                row.slot_hi,
                row.state.as_str(),
                row.reason.as_str(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [(10, 19, "filled", ""), (30, 30, "accepted", "known outage")]
    );
    assert_eq!(gaps::accepted(client).await.unwrap(), [(30, 30)]);
    assert_eq!(engine.text("SELECT count() FROM gaps").await, "6");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_waits_until_it_is_answered_once() {
    let Some(engine) = common::engine().await else {
        return;
    };
    let client = &engine.client;
    common::prepare(client).await;
    let first = operator::request(client, Kind::AcceptGap, (5, 9), "why not", "")
        .await
        .unwrap();
    let other = operator::request(client, Kind::Repair, (5, 9), "", "rpc")
        .await
        .unwrap();
    let pending = operator::pending(client, Kind::AcceptGap).await.unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(
        (pending[0].id, pending[0].slot_lo, pending[0].slot_hi),
        (first, 5, 9)
    );
    assert_eq!(operator::answered(client, first).await.unwrap(), None);
    operator::answer(client, first, true, "done").await.unwrap();
    let answer = operator::answered(client, first).await.unwrap().unwrap();
    assert!(answer.done && answer.answer == "done");
    assert_eq!(
        operator::pending(client, Kind::AcceptGap).await.unwrap(),
        []
    );
    assert_eq!(
        operator::pending(client, Kind::Repair).await.unwrap()[0].id,
        other
    );
}
