//! Whatever somebody sends, it is refused or done: nothing of ours breaks.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::access::{Doors, Wallet};
use crate::{submit, wanted};

/// Names that some route reads.
const NAMES: [&str; 36] = [
    "walletAddress",
    "wallet",
    "jobType",
    "model",
    "input",
    "requirements",
    "budget",
    "maxDuration",
    "maxRetries",
    "priority",
    "nonce",
    "manifest",
    "args",
    "minVRAM",
    "vramMin",
    "gpuModel",
    "capabilities",
    "minReputation",
    "minStake",
    "gamma",
    "ownHosts",
    "nodeId",
    "jobId",
    "result",
    "logs",
    "metrics",
    "status",
    "fence",
    "error",
    "kind",
    "vram",
    "location",
    "hostname",
    "gpus",
    "algorithm",
    "duration",
];

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0_u8..20).prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
        proptest::sample::select(vec![
            "render",
            "test",
            "generic_compute",
            "completed",
            "current_node_id",
            "10000000",
            "",
            "cheapest"
        ])
        .prop_map(Value::from),
        Just(json!("x".repeat(70_000))),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 24, 6, |inner| {
        let name = prop_oneof![3 => proptest::sample::select(NAMES.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,10}"];
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(name, inner, 0..6).prop_map(|fields| fields.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

fn body() -> impl Strategy<Value = Value> {
    let name = proptest::sample::select(NAMES.to_vec()).prop_map(str::to_owned);
    btree_map(name, value(), 0..10)
        .prop_map(|fields| fields.into_iter().collect::<serde_json::Map<_, _>>().into())
}

#[tokio::test]
async fn no_body_brings_about_a_failure_of_ours() {
    let doors = Doors::open().await;
    let me = Wallet::new(1);
    let mine = doors.session(&me).await;
    let (host, node) = doors.node(&Wallet::new(2)).await;
    let id = submit(&doors, &mine, &wanted(&me)).await;
    let routes = [
        ("/api/jobs".to_owned(), Method::POST, &mine),
        (format!("/api/jobs/{id}/result"), Method::POST, &host),
        (format!("/api/jobs/{id}/failure"), Method::POST, &host),
        ("/api/jobs/report".to_owned(), Method::POST, &host),
        ("/api/nodes/register".to_owned(), Method::POST, &mine),
        ("/api/nodes/issue-token".to_owned(), Method::POST, &mine),
        ("/api/nodes/heartbeat".to_owned(), Method::POST, &host),
        (format!("/api/nodes/{node}/heartbeat"), Method::POST, &host),
        ("/api/gpu/register".to_owned(), Method::POST, &mine),
        ("/api/matchmaker/match".to_owned(), Method::POST, &mine),
        (format!("/api/jobs/{id}/cancel"), Method::POST, &host),
    ];
    let mut runner = TestRunner::deterministic();
    for round in 0..60 {
        for (path, method, token) in &routes {
            let mut body = body().new_tree(&mut runner).expect("a body").current();
            // Half of them get past the first question.
            if round % 2 == 0 {
                for name in ["walletAddress", "wallet"] {
                    body[name] = json!(me.address());
                }
                body["jobType"] = json!("render");
            }
            let answer = doors
                .send(method.clone(), path, Some(token.as_str()), &body)
                .await;
            let status = answer.status().as_u16();
            let told: Value = answer.json().await.expect("JSON");
            // The one failure that old clients know.
            let known = path.ends_with("/match")
                && told["error"] == json!("Matchmaking failed")
                && !body["requirements"].is_object();
            assert!(status < 500 || known, "{path}: {status} {told} for {body}");
            assert!(status < 400 || told["error"].is_string(), "{path}: {told}");
        }
    }
    // It goes on.
    submit(&doors, &mine, &wanted(&me)).await;
}

#[tokio::test]
async fn what_is_no_json_is_refused_as_ever_and_depth_is_bounded() {
    let doors = Doors::open().await;
    let mine = doors.session(&Wallet::new(1)).await;
    let bearer = format!("Bearer {mine}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    for (path, body, status, says) in [
        ("/api/jobs", "{", 500, "Internal server error"),
        ("/api/jobs", "null nonsense", 500, "Internal server error"),
        ("/api/jobs", "", 400, "Wallet address is required"),
        ("/api/jobs", "[]", 400, "Wallet address is required"),
        ("/api/jobs", "null", 400, "Wallet address is required"),
        (
            "/api/nodes/issue-token",
            "7",
            400,
            "wallet address is required",
        ),
    ] {
        let answer = doors.ask(Method::POST, path, &headers, body).await;
        assert_eq!(answer.status(), status, "{path} {body}");
        let told: Value = answer.json().await.expect("JSON");
        assert_eq!(told, json!({"error": says}));
    }
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let answer = doors.ask(Method::POST, "/api/jobs", &headers, deep).await;
    assert_eq!(answer.status(), 400);
    let large = format!("{{\"input\": {:?}}}", "x".repeat(300_000));
    assert_eq!(
        doors
            .ask(Method::POST, "/api/jobs", &headers, large)
            .await
            .status(),
        413
    );
}
