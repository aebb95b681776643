//! A served application over a real engine with the history written by hand.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]

pub mod access;
pub mod dispatch;
#[path = "../../../analytics/tests/support/mod.rs"]
pub mod history;
pub mod schema;
pub mod stream;

use std::sync::Arc;

use hypernode_api::{ApiState, IndexedProgram, NetworkInfo, Posting, ProgramIds, Report};
use hypernode_warehouse::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A server under test; stops when dropped.
pub struct Server {
    pub base: String,
    pub web: reqwest::Client,
    stop: CancellationToken,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub fn network() -> NetworkInfo {
    NetworkInfo {
        name: "localnet (simulated)".into(),
        simulated: true,
        open_dev: false,
        genesis: history::base58("genesis"),
        explorer: "http://127.0.0.1:3001".into(),
        programs: ProgramIds {
            node_registry: Some(history::base58("registry")),
            job_receipt: Some(history::base58("receipt")),
            payment_splitter: None,
            indexed: vec![IndexedProgram {
                label: "job_receipt".into(),
                id: "a".into(),
                idls: vec![(0, "00".into())],
            }],
        },
        mint: Some(history::base58("mint")),
        decimals: 6,
    }
}

/// What `hypernode status --json` is promised to look like.
pub fn status() -> Value {
    json!({
        "version": "0.1.0",
        "network": "localnet (simulated)",
        "roles": { "indexer": { "state": "running", "as_of_slot": 8 } },
        "endpoints": { "api": "http://127.0.0.1:3001", "rpc": null },
    })
}

/// An instance that tells the same at all times.
pub struct Told;

impl Report for Told {
    fn status(&self) -> Value {
        status()
    }

    fn metrics(&self) -> Result<String, std::fmt::Error> {
        Ok("# EOF\n".to_owned())
    }
}

pub async fn serve(client: &Client, network: NetworkInfo) -> Server {
    serve_state(ApiState::new(client.clone(), network, Arc::new(Told))).await
}

/// A server that takes posted figures.
pub async fn serve_posting(client: &Client, posting: Posting) -> Server {
    let state = ApiState::new(client.clone(), network(), Arc::new(Told));
    serve_state(state.posting(posting)).await
}

pub async fn serve_state(state: ApiState) -> Server {
    // Fails when another test of this process was first, which is as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let stop = CancellationToken::new();
    tokio::spawn(hypernode_api::serve(listener, None, state, stop.clone()));
    Server {
        base,
        web: reqwest::Client::new(),
        stop,
    }
}

impl Server {
    pub async fn get(&self, path: &str) -> reqwest::Response {
        let answer = self.web.get(format!("{}{path}", self.base)).send().await;
        answer.expect("an answer")
    }

    /// A JSON answer that must be a success.
    pub async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }

    pub async fn text(&self, path: &str) -> String {
        self.get(path).await.text().await.expect("text")
    }
}
