//! The bench measures what it says; figures of a debug build are no promise.

use std::sync::Arc;
use std::time::Duration;

use hypernode_accounts::bench::{sign_ins, tokens};

use crate::Hub;

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_there_and_plausible() {
    let sign_ins = sign_ins(Duration::from_millis(400)).unwrap();
    let tokens = tokens(Arc::clone(&Hub::new().store), Duration::from_secs(1))
        .await
        .unwrap();
    println!("{sign_ins:?}\n{tokens:?}");
    assert!(
        sign_ins.per_second > 100.0 && sign_ins.per_second <= sign_ins.signatures_per_second * 1.5
    );
    assert!(tokens.requests > 1_000);
    assert!(tokens.hash_us > 0.0 && tokens.p50_us > 0.0);
    assert!(tokens.p50_us <= tokens.p99_us && tokens.p99_us <= tokens.max_us);
    // What is kept is found faster than what is not.
    assert!(tokens.p50_us < tokens.cold_p50_us);
}
