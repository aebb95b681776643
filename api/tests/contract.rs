//! What clients in the field read, read as they read it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]
#![allow(clippy::float_cmp, reason = "exact figures are expected")]

mod support;

use hypernode_analytics::reputation::{Keeper, fee_accounts};
use serde_json::{Value, json};
use support::history::{self, LAST, base58, signature};

#[tokio::test]
async fn pages_in_the_field_find_what_they_read() {
    let Some((client, engine)) = history::engine().await else {
        return;
    };
    let server = support::serve(&engine.reader, support::network()).await;
    an_empty_network_breaks_no_page(&server).await;

    history::write_history(&client, LAST, 5).await;
    let mut scores = Keeper::new(
        client.clone(),
        fee_accounts(&format!("{}/{}", base58("treasury"), base58("incentive"))).expect("accounts"),
    );
    while scores.step().await.expect("a step").slot.is_some() {}
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    validation_page(&server).await;
    automation_engine_pages(&server).await;
    service_client(&server).await;
    finalized_answers_speak_of_an_earlier_slot(&server).await;
    the_page_without_javascript(&server).await;
    transaction_pages(&server).await;
}

/// `totalHyperPaid.toFixed(2)` and `programIds.nodeRegistry` throw on anything else.
fn number(value: &Value) -> f64 {
    assert!(value.is_number(), "a JSON number: {value}");
    value.as_f64().expect("a number")
}

fn string(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("a string: {value}"))
}

async fn an_empty_network_breaks_no_page(server: &support::Server) {
    let metrics = server.json("/api/metrics").await;
    assert_eq!(
        number(&metrics["metrics"]["network"]["totalHyperPaid"]),
        0.0
    );
    assert_eq!(
        number(&metrics["metrics"]["network"]["totalValueLocked"]),
        0.0
    );
    assert_eq!(metrics["recentExecutions"], json!([]));
    let validation = server.json("/api/metrics/validation").await;
    assert_eq!(validation["validation"]["recentReceipts"], json!([]));
    assert_eq!(
        validation["validation"]["summary"]["lastBlockVerified"],
        Value::Null
    );
    assert_eq!(validation["as_of_slot"], 0);
    let page = server.text("/").await;
    assert!(page.contains("No job has been completed yet."));
}

/// The Backend's validation page: `GET /api/metrics` and `GET /api/metrics/validation`.
async fn validation_page(server: &support::Server) {
    let metrics = server.json("/api/metrics").await;
    assert_eq!(metrics["success"], true);
    let network = &metrics["metrics"]["network"];
    assert_eq!(number(&network["activeNodes"]), 4.0);
    assert_eq!(number(&network["totalNodes"]), 5.0);
    assert_eq!(number(&network["completedJobs"]), 4.0);
    assert_eq!(number(&network["totalJobs"]), 8.0);
    assert_eq!(number(&network["totalHyperPaid"]), 3.8);
    assert_eq!(network["totalHyperPaidRaw"], "3800000");
    assert_eq!(number(&network["totalValueLocked"]), 13.0);
    assert_eq!(network["lastUpdated"], "2024-05-01T12:00:00.123Z");
    let week = &metrics["metrics"]["recentActivity"]["last7d"];
    assert_eq!(
        (&week["jobs"], &week["nodesRegistered"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (&metrics["as_of_slot"], &metrics["finality"]),
        (&json!(8), &json!("confirmed"))
    );

    let answer = server.json("/api/metrics/validation").await;
    assert_eq!(answer["success"], true);
    let validation = &answer["validation"];
    let blockchain = &validation["blockchain"];
    assert_eq!(blockchain["network"], "localnet (simulated)");
    assert_eq!(blockchain["explorerUrl"], "http://127.0.0.1:3001");
    assert_eq!(blockchain["hyperTokenMint"], base58("mint"));
    assert_eq!(blockchain["programIds"]["nodeRegistry"], base58("registry"));
    assert_eq!(blockchain["programIds"]["jobReceipt"], base58("receipt"));
    assert_eq!(
        string(&blockchain["programIds"]["paymentSplitter"]),
        "not configured"
    );
    let summary = &validation["summary"];
    assert_eq!(summary["totalJobsOnChain"], 6);
    assert_eq!(number(&summary["totalHyperPaidOnChain"]), 3.8);
    assert_eq!(summary["activeNodesOnChain"], 4);
    assert_eq!(summary["lastBlockVerified"], 8);
    assert_eq!(summary["lastVerificationTime"], "2024-05-01T12:00:00.123Z");

    let receipts = validation["recentReceipts"].as_array().expect("receipts");
    assert_eq!(receipts.len(), 4);
    for receipt in receipts {
        assert!(
            string(&receipt["jobId"]).chars().take(12).count() == 12,
            "sliced to 12"
        );
        string(&receipt["type"]);
        string(&receipt["timestamp"]);
        string(&receipt["txSignature"]);
        number(&receipt["cost"]);
    }
    let oldest = &receipts[3];
    assert_eq!(oldest["jobId"], base58("job-a"));
    assert_eq!(oldest["timestamp"], "2023-11-14T22:14:10.000Z");
    assert_eq!(oldest["type"], "llm_inference");
    assert_eq!(
        (&oldest["cost"], &oldest["costRaw"]),
        (&json!(1.0), &json!("1000000"))
    );
    assert_eq!(oldest["txSignature"], signature(5, 1));
    assert_eq!(oldest["nodeId"], base58("node-1"));
    assert_eq!(receipts[2]["nodeId"], Value::Null, "an impostor's");

    let two = server.json("/api/metrics/validation?limit=2").await;
    assert_eq!(
        two["validation"]["recentReceipts"]
            .as_array()
            .map(Vec::as_slice),
        Some(&receipts[..2])
    );
}

/// Two pages with one name: one reads `jobId` and `executionHash`, the other `id` and `hash`.
async fn automation_engine_pages(server: &support::Server) {
    let body = server.json("/api/metrics").await;
    assert_eq!(body["blockchain"]["lastBlock"], 8);
    assert_eq!(body["blockchain"]["programId"], base58("receipt"));
    assert_eq!(
        body["blockchain"]["lastSyncTime"],
        "2024-05-01T12:00:00.123Z"
    );
    assert_eq!(body["jobs"]["total"], 8);
    assert_eq!(body["jobs"]["completed"], 4);
    assert_eq!(body["jobs"]["running"], 1);
    assert_eq!(number(&body["jobs"]["totalValuePaid"]), 3.8);
    assert_eq!(
        body["nodes"],
        json!({ "active": 4, "byType": { "GPU": 4, "CPU": 0 } })
    );
    let execution = &body["recentExecutions"][3];
    assert_eq!(
        (&execution["jobId"], &execution["id"]),
        (&json!(base58("job-a")), &json!(base58("job-a")))
    );
    assert_eq!(
        (&execution["executionHash"], &execution["hash"]),
        (&json!("hash-a"), &json!("hash-a"))
    );
    assert_eq!(execution["nodeId"], base58("node-1"));
    assert_eq!(execution["completedAt"], "2023-11-14T22:14:10.000Z");

    let current = server.json("/api/metrics/current").await;
    assert_eq!(current, server.json("/internal/metrics/current").await);
    assert_eq!(current["totalNodes"], 5);
    assert_eq!(current["activeNodes"], 4);
    assert_eq!(current["totalJobs"], 8);
    assert_eq!(current["jobsCompleted"], 4);
    assert_eq!(current["jobsFailed"], 1);
    // (10,000 + 12,000 + 518,360,000) / 3, to a tenth.
    assert_eq!(number(&current["avgJobDuration"]), 172_794_000.0);
    assert_eq!(number(&current["totalHyperPaid"]), 3.8);

    let lists = server.json("/api/validation").await;
    assert_eq!(lists["lastUpdated"], "2024-05-01T12:00:00.123Z");
    let newest = &lists["recentJobs"][0];
    assert_eq!(
        (&newest["job_id"], &newest["status"]),
        (&json!(base58("job-h")), &json!("running"))
    );
    assert_eq!(
        (&newest["price"], &newest["price_raw"]),
        (&json!(6.0), &json!("6000000"))
    );
    assert_eq!(newest["completed_at"], Value::Null);
    let node = &lists["recentNodes"][0];
    assert_eq!(
        (&node["node_id"], &node["status"]),
        (&json!(base58("node-3")), &json!("online"))
    );
}

/// `HypernodeAPI.getNodeMetrics`, `getJobMetrics`, `healthCheck`.
async fn service_client(server: &support::Server) {
    let nodes = &server.json("/api/metrics/nodes").await["metrics"];
    assert_eq!(
        (&nodes["total"], &nodes["active"], &nodes["offline"]),
        (&json!(5), &json!(4), &json!(1))
    );
    assert_eq!(
        nodes["byGPU"],
        json!({ "RTX 4090": 0, "RTX 4080": 0, "RTX 3090": 0, "Other": 5 })
    );
    assert_eq!(nodes["byLocation"]["Other"], 5);

    let jobs = &server.json("/api/metrics/jobs").await["metrics"];
    assert_eq!((&jobs["total"], &jobs["completed"]), (&json!(8), &json!(4)));
    assert_eq!(
        (&jobs["failed"], &jobs["cancelled"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(jobs["byType"]["llm_inference"], 2);
    assert_eq!(jobs["byType"]["other"], 3);
    assert_eq!(number(&jobs["totalCost"]), 6.000_007);
    assert_eq!(jobs["durations"]["p50"], 12_000);

    let health = server.json("/health").await;
    assert_eq!(
        (&health["status"], &health["service"]),
        (&json!("healthy"), &json!("hypernode-backend"))
    );
    assert!(string(&health["timestamp"]).ends_with('Z'));
    let counted = server.json("/api/metrics/health").await;
    assert_eq!(
        counted["metricsCount"],
        json!({ "nodes": 5, "jobs": 8, "receipts": 4 })
    );
}

async fn finalized_answers_speak_of_an_earlier_slot(server: &support::Server) {
    let answer = server.get("/api/metrics?finality=finalized").await;
    assert_eq!(answer.headers()["x-as-of-slot"], "5");
    assert_eq!(answer.headers()["x-finality"], "finalized");
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(
        (&body["as_of_slot"], &body["finality"]),
        (&json!(5), &json!("finalized"))
    );
    assert_eq!(body["metrics"]["network"]["totalNodes"], 4);
    assert_eq!(body["metrics"]["network"]["completedJobs"], 1);
    assert_eq!(
        number(&body["metrics"]["network"]["totalValueLocked"]),
        11.0
    );
}

async fn the_page_without_javascript(server: &support::Server) {
    let page = server.text("/").await;
    assert!(page.len() < 100_000, "{} bytes", page.len());
    assert!(page.contains("localnet (simulated)"));
    assert!(page.contains("Simulated network."));
    for (id, figure) in [
        ("nodes_active", "4"),
        ("nodes_registered", "5"),
        ("jobs_completed", "4"),
        ("paid_total", "3.80"),
        ("locked", "13.00"),
    ] {
        assert!(
            page.contains(&format!(
                "<span id=\"{id}\" data-live=\"{id}\">{figure}</span>"
            )),
            "{id}"
        );
    }
    assert!(
        page.contains(&format!("href=\"/tx/{}\"", signature(5, 1))),
        "links stay here"
    );
    assert!(!page.contains("{{"), "every slot is filled");
    scores_on_the_page(server, &page).await;
}

/// The list says what the route for one node says, and the formula what follows from it.
async fn scores_on_the_page(server: &support::Server, page: &str) {
    let node = base58("node-1");
    let score = server
        .json(&format!("/api/nodes/{node}/reputation?slot=5"))
        .await;
    let number = score["score"].as_u64().expect("a score");
    assert!(
        page.contains(&format!("<strong>{number}</strong>")),
        "{number}"
    );
    assert!(page.contains(&format!("/api/nodes/{node}/reputation/proof?slot=5")));
    assert!(page.contains("As of final slot 5."));
    // The label of node 6 is markup.
    assert!(page.contains("&lt;b&gt;&amp;") && !page.contains("<b>"));
    // Any node may be looked at, known or not.
    let stranger = server.text(&format!("/?node={}", base58("stranger"))).await;
    assert!(stranger.contains("not registered") && stranger.contains("<strong>364</strong>"));
    assert_eq!(server.get("/?node=nobody").await.status(), 400);
    let many = server
        .text("/?limit=500&node=11111111111111111111111111111111")
        .await;
    assert!(many.len() < 100_000, "{} bytes", many.len());
}

async fn transaction_pages(server: &support::Server) {
    let page = server.text(&format!("/tx/{}", signature(5, 2))).await;
    assert!(
        page.contains("Succeeded")
            && page.contains("PaymentDistributed")
            && page.contains(&base58("job-a"))
    );
    assert!(page.contains("0.95") && page.contains("simulated"));
    // The label of node 6 is markup.
    let page = server.text(&format!("/tx/{}", signature(2, 3))).await;
    assert!(page.contains("&lt;b&gt;&amp;") && !page.contains("<b>"));

    for unknown in [
        signature(1, 999),
        "nonsense".into(),
        "%3Cscript%3E".into(),
        "1".repeat(5000),
    ] {
        let answer = server.get(&format!("/tx/{unknown}")).await;
        assert_eq!(answer.status(), 404, "{unknown}");
        let text = answer.text().await.expect("text");
        assert!(!text.contains("<script>"));
    }
}
