//! The proxy for JSON-RPC.

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Seen;
use super::plan::{RpcFault, Shared};

#[derive(Debug, Clone)]
pub(super) struct Front {
    url: String,
    client: reqwest::Client,
    mischief: Shared,
    seen: Arc<Seen>,
}

impl Front {
    pub(super) fn new(url: &str, mischief: Shared, seen: Arc<Seen>) -> Result<Self> {
        // A second call finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            url: url.to_owned(),
            client: reqwest::Client::builder().no_proxy().build()?,
            mischief,
            seen,
        })
    }

    async fn ask(&self, body: Bytes) -> Result<Vec<u8>, reqwest::Error> {
        let request = self
            .client
            .post(&self.url)
            .header("content-type", "application/json")
            .body(body);
        Ok(request.send().await?.bytes().await?.to_vec())
    }
}

pub(super) async fn serve(listener: TcpListener, front: Front, stop: CancellationToken) {
    let router = Router::new().fallback(answer).with_state(front);
    tokio::select! {
        result = axum::serve(listener, router).into_future() => if let Err(error) = result {
            tracing::error!(%error, "the JSON-RPC proxy stopped");
        },
        () = stop.cancelled() => {}
    }
}

async fn answer(State(front): State<Front>, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let method = request["method"].as_str().unwrap_or_default();
    front.seen.method(method);
    let fault = front.mischief.answer(method);
    match &fault {
        Some(RpcFault::TooMany(seconds)) => {
            let headers = [(header::RETRY_AFTER, seconds.to_string())];
            return (StatusCode::TOO_MANY_REQUESTS, headers, "slow down").into_response();
        }
        Some(RpcFault::Broken(status)) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
            return (status, "upstream error").into_response();
        }
        Some(RpcFault::Late(time)) => {
            tokio::time::sleep(*time).await;
            return StatusCode::GATEWAY_TIMEOUT.into_response();
        }
        Some(RpcFault::Refused(code, message)) => {
            let error = json!({"code": code, "message": message});
            return told(&json!({"jsonrpc": "2.0", "error": error, "id": request["id"]}));
        }
        Some(RpcFault::Null) => {
            return told(&json!({"jsonrpc": "2.0", "result": null, "id": request["id"]}));
        }
        Some(RpcFault::Truncated | RpcFault::NullMeta) | None => {}
    }
    let Ok(bytes) = front.ask(body).await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    match fault {
        Some(RpcFault::Truncated) => broken_off(bytes),
        Some(RpcFault::NullMeta) => without_meta(&bytes),
        _ => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
    }
}

fn told(answer: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json")];
    (headers, answer.to_string()).into_response()
}

/// The first half of a body whose length is told whole.
fn broken_off(mut bytes: Vec<u8>) -> Response {
    let whole = bytes.len();
    bytes.truncate(whole / 2);
    let broken = futures::stream::iter([
        Ok(Bytes::from(bytes)),
        Err(std::io::Error::other("the connection ends here")),
    ]);
    let mut response = Response::new(Body::from_stream(broken));
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, whole.into());
    response
}

fn without_meta(bytes: &[u8]) -> Response {
    let mut answer: Value = serde_json::from_slice(bytes).unwrap_or_default();
    // Other answers than blocks have none.
    let transactions = answer.pointer_mut("/result/transactions");
    let transactions = transactions.and_then(Value::as_array_mut);
    for transaction in transactions.into_iter().flatten() {
        if let Some(meta) = transaction.get_mut("meta") {
            *meta = Value::Null;
        }
    }
    told(&answer)
}
