//! Two servers that a test plays: an API that publishes what it is told, and a JSON-RPC server of an old version.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hypernode_audit::{Evidence, Key, parse_key, show_key, show_signature};
use hypernode_decoder::idl;
use hypernode_score::day;
use serde_json::{Value, json};

use crate::truth::{Truth, accounts};

/// An API on a port of its own.
pub struct Api {
    pub url: String,
}

struct Served {
    truth: Truth,
    genesis: String,
    /// Pieces of evidence on a page.
    size: usize,
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

impl Api {
    /// Publishes this, `size` pieces of evidence a page.
    pub async fn start(truth: &Truth, genesis: &str, size: usize) -> Self {
        let served = Served {
            truth: truth.clone(),
            genesis: genesis.to_owned(),
            size,
        };
        let router = Router::new()
            .route("/api/nodes/{id}/reputation/proof", get(proof))
            .with_state(Arc::new(served));
        Self {
            url: serve(router).await,
        }
    }
}

async fn proof(
    State(served): State<Arc<Served>>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Json<Value> {
    let node: Key = parse_key(&id).unwrap();
    let truth = &served.truth;
    let number: usize = query["page"].parse().unwrap();
    let known = truth.nodes.get(&node);
    let registered = known.is_some_and(|node| node.3);
    let mut evidence: Vec<Evidence> = Vec::new();
    if registered {
        evidence.extend(truth.evidence.get(&node).into_iter().flatten());
    }
    evidence.sort_unstable();
    let pages: Vec<&[Evidence]> = evidence.chunks(served.size).collect();
    let page = pages.get(number - 1).copied().unwrap_or_default();
    let entries: Vec<Value> = page
        .chunk_by(|a, b| (a.requester, a.day) == (b.requester, b.day))
        .map(entry)
        .collect();
    let score = truth.figures(&node);
    Json(json!({
        "node_id": id, "label": known.map_or("", |node| &node.2), "owner": known.map(|node| show_key(&node.1)),
        "slot": truth.slot, "block_time": truth.time, "day": day(truth.time), "version": 1, "registered": registered,
        "score": score.value, "good": score.evidence.good.to_string(), "bad": score.evidence.bad.to_string(),
        "network": network(&served.genesis), "entries": entries, "page": number, "pages": pages.len().max(1),
        "as_of_slot": truth.slot, "finality": "finalized",
    }))
}

fn entry(jobs: &[Evidence]) -> Value {
    let evidence: Vec<Value> = jobs
        .iter()
        .map(|one| {
            json!({
                "job": show_key(&one.job), "program": show_key(&one.program), "kind": one.kind.name(),
                "units": one.units.to_string(), "signature": show_signature(&one.signature),
            })
        })
        .collect();
    let good: u64 = jobs.iter().map(|one| one.units).sum();
    json!({
        "requester": show_key(&jobs[0].requester), "day": jobs[0].day, "good": good.to_string(), "bad": "0",
        "evidence": evidence,
    })
}

fn network(genesis: &str) -> Value {
    let program = |(label, text): &(&str, &str)| {
        let idl = idl::parse(label, "t", text.as_bytes()).unwrap();
        let id = hypernode_schemas::localnet::program_id(label);
        json!({"label": label, "id": show_key(&id), "idls": [{"from_slot": 0, "sha256": hex::encode(idl.hash())}]})
    };
    let programs: Vec<Value> = hypernode_schemas::idl::builtin()
        .iter()
        .map(program)
        .collect();
    let own = accounts();
    json!({
        "genesis": genesis, "programs": programs,
        "fee_accounts": [{"first_slot": 0, "last_slot": null, "treasury": show_key(&own.treasury), "incentive": show_key(&own.incentive)}],
    })
}

/// A server before `url` that states no places of transactions and refuses every seventh request; with how often it did.
pub async fn old_server(url: &str) -> (String, Arc<AtomicU64>) {
    let requests = AtomicU64::new(0);
    let refused = Arc::new(AtomicU64::new(0));
    let state = Arc::new((url.to_owned(), requests, Arc::clone(&refused)));
    let forward = |State(state): State<Arc<(String, AtomicU64, Arc<AtomicU64>)>>, body: String| async move {
        let (url, requests, refused) = &*state;
        if requests.fetch_add(1, Ordering::Relaxed) % 7 == 3 {
            refused.fetch_add(1, Ordering::Relaxed);
            let wait = [("retry-after", "0")];
            return (StatusCode::TOO_MANY_REQUESTS, wait, "slow down").into_response();
        }
        let request = reqwest::Client::new().post(url).body(body);
        let request = request.header("content-type", "application/json");
        let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
        let mut entries = answer["result"].as_array_mut();
        for entry in entries.iter_mut().flat_map(|list| list.iter_mut()) {
            if let Some(entry) = entry.as_object_mut() {
                entry.remove("transactionIndex");
            }
        }
        let response: Response = Json(answer).into_response();
        response
    };
    let router = Router::new().route("/", post(forward)).with_state(state);
    (serve(router).await, refused)
}
