//! Questions to the network itself, past all proxies.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// The result of a call of JSON-RPC.
///
/// # Errors
/// When the network does not answer, or refuses.
pub(crate) async fn call(rpc: &str, method: &str, params: Value) -> Result<Value> {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let request = reqwest::Client::new()
        .post(rpc)
        .header("content-type", "application/json")
        .body(body.to_string());
    let mut answer: Value = request.send().await?.json().await?;
    match answer.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => anyhow::bail!("{method}: {answer}"),
    }
}

/// The last slot that the network has confirmed.
///
/// # Errors
/// As [`call`].
pub(crate) async fn confirmed(rpc: &str) -> Result<u64> {
    let slot = call(rpc, "getSlot", json!([{"commitment": "confirmed"}])).await?;
    slot.as_u64().context("getSlot gives no number")
}
