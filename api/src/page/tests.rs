use hypernode_analytics::metrics::Figures;
use hypernode_analytics::validation::Receipt;
use serde_json::Value;

use super::*;
use crate::cache::Snapshots;
use crate::network::ProgramIds;
use hypernode_warehouse::{Client, Endpoint, Secret};

fn network(simulated: bool) -> NetworkInfo {
    NetworkInfo {
        name: "net <b> (simulated)".into(),
        simulated,
        open_dev: false,
        genesis: "g".into(),
        explorer: "https://explorer.example".into(),
        programs: ProgramIds::default(),
        mint: None,
        decimals: 6,
    }
}

fn receipt() -> Receipt {
    Receipt {
        job_id: "J".repeat(44),
        label: "<script>alert(1)</script>".into(),
        job_type: "<img src=x onerror=alert(1)>".repeat(40),
        price: u64::MAX,
        node_id: "N".repeat(44),
        completed_by: "C".repeat(44),
        result_hash: "\"><script>".into(),
        slot: 7,
        block_time: 1_714_564_800,
        signature: "S".repeat(88),
    }
}

async fn page(network: &NetworkInfo, receipts: &[Receipt]) -> String {
    let endpoint = Endpoint {
        url: "http://127.0.0.1:9".into(),
        user: "nobody".into(),
        password: Secret::new(String::new()),
        database: "none".into(),
    };
    let snapshots = Snapshots::new(Client::new(&endpoint).expect("a client"));
    let now = snapshots.empty(hypernode_analytics::Finality::Confirmed);
    render(&Content {
        network,
        now: &now,
        figures: &Figures::default(),
        receipts,
        standing: &Standing::default(),
        node: Err(()),
        status: &Value::Null,
        at: 0,
    })
}

#[tokio::test]
async fn words_from_the_chain_are_text() {
    let html = page(&network(true), &[receipt()]).await;
    assert!(html.contains("net &lt;b&gt; (simulated)"));
    assert!(html.contains("&lt;img src=x onerror"));
    assert!(!html.contains("<img") && !html.contains("<b>") && !html.contains("alert(1)</script>"));
    assert!(!html.contains("{{"), "every slot is filled");
}

#[tokio::test]
async fn a_simulated_network_says_so_and_a_real_one_does_not() {
    let html = page(&network(true), &[receipt()]).await;
    assert!(html.contains("Simulated network.") && html.contains("class=\"simulated\""));
    assert!(
        html.contains(&format!("href=\"/tx/{}\"", "S".repeat(88))),
        "links stay here"
    );
    let html = page(&network(false), &[receipt()]).await;
    assert!(!html.contains("Simulated network.") && html.contains("class=\"real\""));
    assert!(html.contains("href=\"https://explorer.example/tx/S"));
}

#[tokio::test]
async fn before_the_first_slot_and_without_a_part_the_page_is_whole() {
    let html = page(&network(true), &[]).await;
    assert!(html.contains("No job has been completed yet."));
    assert!(html.contains("cannot be read just now"));
    for name in figures::SHOWN.iter().map(|of| of.name) {
        assert!(html.contains(&format!("data-live=\"{name}\"")), "{name}");
        assert!(
            html.contains(&format!("href=\"/api/validation/figures/{name}\"")),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_page_stays_small_however_much_there_is_to_show() {
    let html = page(&network(true), &vec![receipt(); 500]).await;
    assert_eq!(html.matches("data-label=\"Completed\"").count(), 50);
    assert!(html.len() < 100_000, "{} bytes", html.len());
}
