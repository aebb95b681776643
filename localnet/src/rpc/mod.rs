//! JSON-RPC over the localnet chain, in the shapes and with the error codes of a Solana node.

mod accounts;
mod blocks;
mod encode;
mod error;
mod params;
mod send;
mod signatures;
mod wire;

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use crate::chain::Chain;
use error::{Answer, RpcError};
use params::Params;

/// Bytes of a request; a node's own limit.
const MAX_BODY: usize = 50 * 1024;
/// Requests of a batch.
const MAX_BATCH: usize = 1_000;
/// Requests that are worked on at once: each holds a block or more in memory.
const MAX_WORKING: usize = 8;

/// What every method works with.
#[derive(Debug)]
struct Context {
    chain: Chain,
}

#[derive(Debug, Clone)]
struct Server {
    context: Arc<Context>,
    working: Arc<Semaphore>,
}

/// Serves until `shutdown`.
pub(crate) async fn serve(listener: TcpListener, chain: Chain, shutdown: CancellationToken) {
    let server = Server {
        context: Arc::new(Context { chain }),
        working: Arc::new(Semaphore::new(MAX_WORKING)),
    };
    let router = Router::new()
        .route("/", post(answer))
        .route("/health", get(health))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(server);
    let served =
        axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let late = async {
        shutdown.cancelled().await;
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    };
    tokio::select! {
        result = served.into_future() => if let Err(error) = result {
            tracing::error!(%error, "the JSON-RPC server stopped");
        },
        // An idle kept-alive connection must not hold up the shutdown.
        () = late => {}
    }
}

async fn health(State(server): State<Server>) -> &'static str {
    match server.context.chain.failure() {
        None => "ok",
        Some(_) => "unknown",
    }
}

async fn answer(State(server): State<Server>, body: Bytes) -> Response {
    let Ok(_permit) = server.working.acquire().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let context = Arc::clone(&server.context);
    match tokio::task::spawn_blocking(move || context.respond(&body)).await {
        Ok(Some(text)) => (
            [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
            text,
        )
            .into_response(),
        Ok(None) => StatusCode::OK.into_response(),
        Err(error) => {
            tracing::error!(%error, "a JSON-RPC method failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl Context {
    /// Answers a body: one request or a batch. `None` where only notifications came.
    fn respond(&self, body: &[u8]) -> Option<String> {
        let answer = match serde_json::from_slice(body) {
            Err(_) => Some(failure(&Value::Null, &RpcError::parse())),
            Ok(Value::Array(batch)) if batch.is_empty() || batch.len() > MAX_BATCH => {
                Some(failure(&Value::Null, &RpcError::invalid_request()))
            }
            Ok(Value::Array(batch)) => {
                let answers: Vec<Value> = batch
                    .into_iter()
                    .filter_map(|request| self.one(request))
                    .collect();
                (!answers.is_empty()).then_some(Value::Array(answers))
            }
            Ok(request) => self.one(request),
        };
        answer.map(|answer| answer.to_string())
    }

    /// Answers one request; a notification (without id) gets no answer.
    fn one(&self, mut request: Value) -> Option<Value> {
        let Some(object) = request.as_object_mut() else {
            return Some(failure(&Value::Null, &RpcError::invalid_request()));
        };
        let id = object.remove("id");
        let method = object.remove("method");
        let params = match object.remove("params") {
            None | Some(Value::Null) => Params(Vec::new()),
            Some(Value::Array(list)) => Params(list),
            Some(_) => {
                let id = id.unwrap_or(Value::Null);
                return Some(failure(
                    &id,
                    &RpcError::params("`params` should be an array"),
                ));
            }
        };
        let Some(Value::String(method)) = method else {
            return Some(failure(
                &id.unwrap_or(Value::Null),
                &RpcError::invalid_request(),
            ));
        };
        let result = self.call(&method, &params);
        let id = id?;
        Some(match result {
            Ok(result) => json!({"jsonrpc": "2.0", "result": result, "id": id}),
            Err(error) => failure(&id, &error),
        })
    }

    fn call(&self, method: &str, params: &Params) -> Answer {
        match method {
            "getAccountInfo" => self.get_account_info(params),
            "getBalance" => self.get_balance(params),
            "getBlock" => self.get_block(params),
            "getBlockHeight" => self.get_block_height(params),
            "getBlockTime" => self.get_block_time(params),
            "getBlocks" => self.get_blocks(params),
            "getBlocksWithLimit" => self.get_blocks_with_limit(params),
            "getEpochInfo" => self.get_epoch_info(params),
            "getFirstAvailableBlock" | "minimumLedgerSlot" => self.get_first_available_block(),
            "getGenesisHash" => self.get_genesis_hash(),
            "getHealth" => match self.chain.failure() {
                None => Ok(json!("ok")),
                Some(_) => Err(RpcError::unhealthy()),
            },
            "getLatestBlockhash" => self.get_latest_blockhash(params),
            "getMinimumBalanceForRentExemption" => self.get_rent_exemption(params),
            "getMultipleAccounts" => self.get_multiple_accounts(params),
            "getProgramAccounts" => self.get_program_accounts(params),
            "getSignatureStatuses" => self.get_signature_statuses(params),
            "getSignaturesForAddress" => self.get_signatures_for_address(params),
            "getSlot" => self.get_slot(params),
            "getTransaction" => self.get_transaction(params),
            "getVersion" => Ok(json!({"solana-core": crate::SOLANA_VERSION, "feature-set": 0})),
            "isBlockhashValid" => self.is_blockhash_valid(params),
            "sendTransaction" => self.send_transaction(params),
            "simulateTransaction" => self.simulate_transaction(params),
            _ => Err(RpcError::no_method()),
        }
    }
}

fn failure(id: &Value, error: &RpcError) -> Value {
    json!({"jsonrpc": "2.0", "error": error.to_json(), "id": id})
}
