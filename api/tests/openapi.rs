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
        .replace("{group}", "jobs")
        .replace("{panel}", "hyper_paid")
}

async fn walk(document: &Value, server: &support::Server, empty: bool) {
    for (path, item) in document["paths"].as_object().expect("paths") {
        if item["get"].is_null() || (empty && path.contains('{')) {
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

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => {
            let target = document.pointer(reference.trim_start_matches('#'));
            target.unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => schema,
    }
}

/// The part of JSON Schema that the document uses; beyond it, keys that are not documented are a problem.
fn check(document: &Value, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
    let schema = resolve(document, schema);
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => {
            problems.push(format!("{at}: the schema has no type"));
            return;
        }
    };
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        _ => false,
    };
    if !kinds.iter().any(|kind| is(kind)) {
        problems.push(format!("{at}: {value} is not {kinds:?}"));
        return;
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        problems.push(format!("{at}: {value} is not one of {allowed:?}"));
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_f64(), value.as_f64())
        && number < least
    {
        problems.push(format!("{at}: {number} is less than {least}"));
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str()) {
        assert_eq!(
            pattern, "^[0-9]+$",
            "the only pattern that this checker knows"
        );
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            problems.push(format!("{at}: {text} is no integer"));
        }
    }
    if let Some(object) = value.as_object()
        && let Some(properties) = schema["properties"].as_object()
    {
        for required in schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if !object.contains_key(required) {
                problems.push(format!("{at}: {required} is missing"));
            }
        }
        for (key, member) in object {
            match properties.get(key) {
                Some(known) => check(document, known, member, &format!("{at}.{key}"), problems),
                None => problems.push(format!("{at}: {key} is not documented")),
            }
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(
            document,
            &schema["items"],
            item,
            &format!("{at}[{index}]"),
            problems,
        );
    }
}
