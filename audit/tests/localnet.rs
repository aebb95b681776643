//! Audits of a chain that an SVM executed, beside an API that a test plays.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test"
)]

#[path = "localnet/api.rs"]
mod api;
#[path = "localnet/truth.rs"]
mod truth;

use std::sync::atomic::Ordering;
use std::time::Duration;

use api::{Api, old_server};
use hypernode_audit::{
    Audit, Difference, Key, Progress, Report, Side, audit, show_key, show_signature,
};
use hypernode_localnet::{Localnet, Options};
use truth::Truth;

async fn start(dir: &std::path::Path) -> Localnet {
    let options = Options {
        geyser: ([127, 0, 0, 1], 0).into(),
        rpc: ([127, 0, 0, 1], 0).into(),
        slot_ms: 20,
        seed: 7,
        rate: 150.0,
        last_slot: Some(400),
        ..Options::new(dir.to_path_buf())
    };
    let net = Localnet::start(options).await.unwrap();
    let mut tip = net.chain().watch();
    let reached = tip.wait_for(|tip| tip.0 >= 400);
    tokio::time::timeout(Duration::from_secs(180), reached)
        .await
        .expect("slots go on")
        .unwrap();
    net
}

fn asked(node: Key, slot: u64, rpc: &str, api: &Api) -> Audit {
    Audit {
        api_tls: None,
        node,
        slot: Some(slot),
        rpc: rpc.to_owned(),
        api: api.url.clone(),
        network: None,
        idls: Vec::new(),
        max_transactions: 100_000,
    }
}

async fn report(ask: &Audit) -> Report {
    audit(ask, &Progress::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_score_is_found_on_chain_and_a_wrong_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    let url = net.rpc_url();
    let slot = 360;
    let truth = Truth::of(&url, slot).await;
    let genesis = show_key(&net.genesis_hash());
    let nodes = truth.nodes_by_evidence();
    assert!(nodes.len() >= 3, "nodes were paid");

    // What follows from every block of the chain is what the audit finds by signatures, in pages of any size.
    let api = Api::start(&truth, &genesis, 2).await;
    for &node in nodes.iter().take(3) {
        let report = report(&asked(node, slot, &url, &api)).await;
        assert!(report.matches(), "{}", report.text());
        assert!(!report.figures().evidence.is_empty());
        let score = truth.figures(&node);
        assert_eq!(
            report.verdict(),
            format!(
                "MATCH node={} slot={slot} score={} good={} bad=0",
                show_key(&node),
                score.value,
                score.evidence.good
            )
        );
        assert!(report.text().contains("as the API's answer says"));
        assert_eq!(report.json()["match"], true);
    }

    // Nobody's address, and one whose jobs were never registered as a node's: the prior.
    let nobody = report(&asked([77; 32], slot, &url, &api)).await;
    assert!(
        nobody.verdict().ends_with("score=364 good=0 bad=0"),
        "{}",
        nobody.text()
    );
    assert!(nobody.matches());
    // Before its registration a node has the prior, too.
    let (late, registered) = truth.youngest();
    let early = registered - 1;
    let then = Truth::of(&url, early).await;
    let early_api = Api::start(&then, &genesis, 2).await;
    let before = report(&asked(late, early, &url, &early_api)).await;
    assert!(
        before.matches() && !before.figures().registered,
        "{}",
        before.text()
    );

    // An old server that states no places, and refuses every so often.
    let (old, refused) = old_server(&url).await;
    let report_of_old = report(&asked(nodes[0], slot, &old, &api)).await;
    assert!(report_of_old.matches(), "{}", report_of_old.text());
    assert!(refused.load(Ordering::Relaxed) > 0);

    // One job is withheld: it is named, and so are the figures.
    let mut withheld = truth.clone();
    let missing = withheld.withhold(&nodes[0]);
    let api = Api::start(&withheld, &genesis, 100).await;
    let found = report(&asked(nodes[0], slot, &url, &api)).await;
    assert!(!found.matches());
    assert_eq!(
        found.differences()[0],
        Difference::Evidence {
            only: Side::Chain,
            evidence: missing
        }
    );
    let verdict = found.verdict();
    assert!(verdict.starts_with("MISMATCH node="), "{verdict}");
    for part in [
        show_key(&missing.job),
        show_signature(&missing.signature),
        "the API lacks it".to_owned(),
    ] {
        assert!(verdict.contains(&part), "{part}: {verdict}");
    }
    // One is made up.
    let mut invented = truth.clone();
    let made_up = invented.invent(&nodes[0]);
    let api = Api::start(&invented, &genesis, 100).await;
    let found = report(&asked(nodes[0], slot, &url, &api)).await;
    assert_eq!(
        found.differences()[0],
        Difference::Evidence {
            only: Side::Api,
            evidence: made_up
        }
    );

    refusals(&truth, &url, &genesis, nodes[0]).await;
    net.shutdown().await;
}

/// What is no answer is never a MISMATCH.
async fn refusals(truth: &Truth, url: &str, genesis: &str, node: Key) {
    let api = Api::start(truth, genesis, 100).await;
    let error = |ask: Audit| async move {
        audit(&ask, &Progress::default())
            .await
            .unwrap_err()
            .to_string()
    };
    let other = Api::start(truth, &show_key(&[5; 32]), 100).await;
    let text = error(asked(node, truth.slot, url, &other)).await;
    assert!(
        text.contains("serves the network with the genesis hash"),
        "{text}"
    );
    let text = error(asked(node, 390, url, &api)).await;
    assert!(text.contains("slot 390 is not final"), "{text}");
    let few = Audit {
        max_transactions: 3,
        ..asked(node, truth.slot, url, &api)
    };
    let text = error(few).await;
    assert!(text.contains("--max-transactions"), "{text}");
    let text = error(asked(node, truth.slot - 50, url, &api)).await;
    assert!(
        text.contains("it answers for slot 360 when asked for 310"),
        "{text}"
    );
    let gone = Audit {
        api: "http://127.0.0.1:9".to_owned(),
        ..asked(node, truth.slot, url, &api)
    };
    let text = error(gone).await;
    assert!(
        text.starts_with("proof from http://127.0.0.1:9: it does not answer"),
        "{text}"
    );
}
