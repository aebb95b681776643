//! The document and the routes say the same: every path, every answer, every key.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::collections::BTreeSet;

use hypernode_analytics::reputation::Keeper;
use hypernode_api::{paths, written_paths};
use hypernode_schemas::openapi;
use serde_json::Value;
use support::history::{self, LAST, signature};
use support::schema::{check, resolve};

fn document() -> Value {
    serde_json::from_str(openapi::TEXT).expect("the document is JSON")
}

#[test]
fn document_and_router_name_the_same_paths() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let documented: BTreeSet<&str> = document["paths"]
        .as_object()
        .expect("paths")
        .keys()
        .map(String::as_str)
        .collect();
    let served = paths().into_iter().chain(written_paths());
    assert_eq!(documented, served.collect());
}

#[tokio::test]
async fn every_documented_answer_is_as_documented() {
    let document = document();
    let Some((client, engine)) = history::engine().await else {
        return;
    };
    let server = support::serve(&engine.reader, support::network()).await;
    walk(&document, &server, true).await;
    history::write_history(&client, LAST, 5).await;
    let mut scores = Keeper::new(client.clone(), Vec::new());
    while scores.step().await.expect("a step").slot.is_some() {}
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    walk(&document, &server, false).await;
    live_events(&document, &server).await;
    drop(server);

    let server = support::serve(&history::unreachable(), support::network()).await;
    failures(&document, &server).await;
}

/// A path with something that is there in place of its names.
fn address(path: &str) -> String {
    path.replace("{name}", "jobs_completed")
        .replace("{signature}", &signature(5, 1))
        .replace("{id}", &history::base58("node-1"))
        .replace("{wallet}", &history::base58("wallet"))
        .replace("{group}", "jobs")
        .replace("{panel}", "hyper_paid")
}

async fn walk(document: &Value, server: &support::Server, empty: bool) {
    for (path, item) in document["paths"].as_object().expect("paths") {
        // What is somebody's own is walked with each role (access.rs).
        let speaks_of_a_slot = item["get"]["responses"]["200"]["headers"].is_object();
        if !speaks_of_a_slot || (empty && path.contains('{')) {
            continue;
        }
        let address = address(path);
        let responses = &item["get"]["responses"];
        let answer = server.get(&address).await;
        assert_eq!(answer.status(), 200, "{path}");
        for (header, _) in responses["200"]["headers"].as_object().expect("headers") {
            assert!(
                answer.headers().contains_key(header.as_str()),
                "{path} lacks {header}"
            );
        }
        check_body(document, path, &responses["200"], answer).await;

        for parameter in item["get"]["parameters"].as_array().into_iter().flatten() {
            let name = resolve(document, parameter)["name"]
                .as_str()
                .expect("a name")
                .to_owned();
            if ["signature", "id", "name", "group", "panel"].contains(&name.as_str()) {
                continue;
            }
            let answer = server.get(&format!("{address}?{name}=nonsense")).await;
            assert_eq!(answer.status(), 400, "{path} and {name}");
            check_body(document, path, &responses["400"], answer).await;
        }
    }
}

async fn live_events(document: &Value, server: &support::Server) {
    let told = server.stream("").await.next().await.expect("an event");
    let schema = &document["components"]["schemas"]["LiveSnapshot"];
    let mut problems = Vec::new();
    check(document, schema, &told.data, "live", &mut problems);
    assert!(problems.is_empty(), "{problems:#?}");
}

/// With no warehouse, each route fails as documented, in the documented words.
async fn failures(document: &Value, server: &support::Server) {
    for (path, item) in document["paths"].as_object().expect("paths") {
        let responses = &item["get"]["responses"];
        if responses.is_null() {
            continue;
        }
        let answer = server.get(&address(path)).await;
        let status = answer.status().as_u16();
        let documented = &responses[status.to_string()];
        assert!(
            documented.is_object(),
            "{path} answered {status}, which is not documented"
        );
        let said = check_body(document, path, documented, answer).await;
        let example = &documented["content"]["application/json"]["example"];
        if status == 500 {
            assert_eq!(said.as_ref(), Some(example), "{path}");
        }
    }
}

async fn check_body(
    document: &Value,
    path: &str,
    documented: &Value,
    answer: reqwest::Response,
) -> Option<Value> {
    let sent = answer.headers()["content-type"]
        .to_str()
        .expect("text")
        .to_owned();
    let kind = sent.split(';').next().expect("a kind");
    let content = &documented["content"][kind];
    assert!(
        content.is_object(),
        "{path} sends {kind}, which is not documented"
    );
    if kind != "application/json" {
        return None;
    }
    let body: Value = answer.json().await.expect("JSON");
    let mut problems = Vec::new();
    check(document, &content["schema"], &body, path, &mut problems);
    assert!(problems.is_empty(), "{problems:#?}");
    Some(body)
}
