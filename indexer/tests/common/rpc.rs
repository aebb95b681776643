//! A JSON-RPC server that answers as a test says.
#![allow(dead_code, reason = "each test file uses its part")]

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What one request gets.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Bytes,
    pub(crate) delay: Duration,
}

impl Reply {
    pub(crate) fn result(value: &Value) -> Self {
        Self::text(json!({"jsonrpc": "2.0", "id": 1, "result": value}).to_string())
    }

    pub(crate) fn error(code: i64, message: &str) -> Self {
        let error = json!({"code": code, "message": message});
        Self::text(json!({"jsonrpc": "2.0", "id": 1, "error": error}).to_string())
    }

    pub(crate) fn text(body: impl Into<Bytes>) -> Self {
        Self {
            status: 200,
            retry_after: None,
            body: body.into(),
            delay: Duration::ZERO,
        }
    }

    pub(crate) fn status(status: u16, retry_after: Option<&str>) -> Self {
        Self {
            status,
            retry_after: retry_after.map(str::to_owned),
            ..Self::text("no")
        }
    }
}

/// A running server; it ends with the test.
#[derive(Clone)]
pub(crate) struct RpcServer {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    busy: Arc<AtomicUsize>,
    busiest: Arc<AtomicUsize>,
}

impl RpcServer {
    pub(crate) async fn start(
        answer: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let server = Self {
            url: format!("http://{}", listener.local_addr().expect("address")),
            asked: Arc::default(),
            busy: Arc::default(),
            busiest: Arc::default(),
        };
        let (shared, answer) = (server.clone(), Arc::new(answer));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("accept");
                let (shared, answer) = (shared.clone(), Arc::clone(&answer));
                let service = service_fn(move |request| {
                    let (shared, answer) = (shared.clone(), Arc::clone(&answer));
                    async move { Ok::<_, Infallible>(shared.one(request, &*answer).await) }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        server
    }

    async fn one(
        &self,
        request: Request<Incoming>,
        answer: &(dyn Fn(&str, &Value) -> Reply + Send + Sync),
    ) -> Response<Full<Bytes>> {
        let busy = self.busy.fetch_add(1, Ordering::SeqCst) + 1;
        self.busiest.fetch_max(busy, Ordering::SeqCst);
        let body = request.into_body().collect().await.expect("a body");
        let request: Value = serde_json::from_slice(&body.to_bytes()).expect("JSON");
        let method = request["method"].as_str().expect("a method").to_owned();
        let params = request["params"].clone();
        let reply = answer(&method, &params);
        self.asked.lock().expect("lock").push((method, params));
        tokio::time::sleep(reply.delay).await;
        self.busy.fetch_sub(1, Ordering::SeqCst);
        let mut response = Response::builder().status(reply.status);
        if let Some(after) = &reply.retry_after {
            response = response.header("retry-after", after);
        }
        response.body(Full::new(reply.body)).expect("a response")
    }

    /// What was asked, in order.
    pub(crate) fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().expect("lock").clone()
    }

    /// Slots that blocks were asked of.
    pub(crate) fn blocks_asked(&self) -> Vec<u64> {
        let asked = self.asked();
        let blocks = asked.iter().filter(|(method, _)| method == "getBlock");
        blocks
            .map(|(_, params)| params[0].as_u64().expect("a slot"))
            .collect()
    }

    /// Requests that were under way at once.
    pub(crate) fn busiest(&self) -> usize {
        self.busiest.load(Ordering::SeqCst)
    }
}

/// The hash that stands for a slot, as the scripted Geyser server's.
pub(crate) fn hash(slot: u64) -> String {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&slot.to_le_bytes());
    bs58::encode(bytes).into_string()
}

/// An empty block as `getBlock` answers it.
pub(crate) fn block(slot: u64, parent: u64) -> Value {
    json!({
        "blockhash": hash(slot),
        "previousBlockhash": hash(parent),
        "parentSlot": parent,
        "blockTime": null,
        "blockHeight": null,
        "transactions": [],
    })
}

/// A chain without skipped slots up to `tip`, final up to `finalized`; `None` from `block` where the test answers itself.
pub(crate) fn chain(
    tip: u64,
    finalized: u64,
    special: impl Fn(u64) -> Option<Reply> + Send + Sync + 'static,
) -> impl Fn(&str, &Value) -> Reply + Send + Sync + 'static {
    move |method, params| {
        let level = |at: usize| match params[at]["commitment"].as_str() {
            Some("finalized") => finalized,
            _ => tip,
        };
        match method {
            "getSlot" => Reply::result(&json!(level(0))),
            "getBlocks" => {
                let from = params[0].as_u64().expect("from");
                let to = params[1].as_u64().expect("to").min(level(2));
                Reply::result(&json!((from..=to).collect::<Vec<_>>()))
            }
            "getBlock" => {
                let slot = params[0].as_u64().expect("slot");
                if let Some(reply) = special(slot) {
                    return reply;
                }
                if slot > level(1) {
                    return Reply::error(-32004, "Block not available for slot");
                }
                Reply::result(&block(slot, slot - 1))
            }
            _ => Reply::error(-32601, "Method not found"),
        }
    }
}
