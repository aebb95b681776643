//! A JSON-RPC endpoint of a Solana network, for the few questions that commands ask. Answers are bounded.

use std::time::Duration;

use serde_json::{Value, json};

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// An account holds 10 MiB at most, which base64 makes 14.
const MAX_ANSWER: usize = 16 << 20;

/// An endpoint. Its address may carry a key and appears in no message.
#[derive(Debug, Clone)]
pub(crate) struct Rpc {
    client: reqwest::Client,
    url: String,
}

impl Rpc {
    pub(crate) fn new(url: &str) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            client,
            url: url.to_owned(),
        })
    }

    /// The result of a method, or what went wrong with it.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Result<Value, String> {
        let fail = |error: reqwest::Error| format!("{method}: {}", error.without_url());
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = self.client.post(&self.url).json(&request);
        let mut answer = request.send().await.map_err(fail)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(fail)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(format!(
                    "{method}: the answer is larger than {} MiB",
                    MAX_ANSWER >> 20
                ));
            }
            body.extend_from_slice(&chunk);
        }
        let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else {
            return Err(format!("{method}: the answer ({status}) is not JSON"));
        };
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            let message = error["message"].as_str().unwrap_or("an error without text");
            return Err(format!("{method}: {message}"));
        }
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(format!("{method}: the answer ({status}) has no result")),
        }
    }
}
