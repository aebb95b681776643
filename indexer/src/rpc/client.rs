//! One request, one bounded answer.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

/// Longest answer: blocks of today have up to 15 MB.
const MAX_BODY: usize = 128 << 20;
/// How long an endpoint may take.
const TIME: Duration = Duration::from_secs(60);
/// Longest pause that an endpoint may ask for.
const MAX_PAUSE: Duration = Duration::from_secs(300);

/// Why there is no answer. Not a word about the chain: what failed is neither empty nor skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{method}: the RPC endpoint {what}")]
pub struct RpcError {
    /// What was asked.
    pub method: &'static str,
    /// What happened.
    pub what: String,
    /// Asking again may help.
    pub retryable: bool,
    /// When, if the endpoint said so.
    pub retry_after: Option<Duration>,
}

/// A JSON-RPC endpoint. Cheap to clone.
#[derive(Clone)]
pub struct Rpc {
    url: String,
    client: reqwest::Client,
}

impl std::fmt::Debug for Rpc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rpc").finish_non_exhaustive()
    }
}

/// The text of an answer that came whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) method: &'static str,
    pub(super) body: Vec<u8>,
}

/// What an endpoint says instead of a result.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    pub(super) code: i64,
    #[serde(default)]
    pub(super) message: String,
}

impl RpcError {
    /// An answer that is not what the method's answer looks like, or refuses for good.
    pub(super) fn lasting(method: &'static str, what: impl Into<String>) -> Self {
        Self {
            method,
            what: what.into(),
            retryable: false,
            retry_after: None,
        }
    }

    fn passing(method: &'static str, what: impl Into<String>) -> Self {
        Self {
            retryable: true,
            ..Self::lasting(method, what)
        }
    }
}

impl Rpc {
    /// An endpoint by its URL. Does not connect yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(url: &str) -> Result<Self, RpcError> {
        // Several TLS providers may be linked in; without a choice the library panics.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .timeout(TIME)
            .build()
            .map_err(|error| RpcError::lasting("client", plain(error)))?;
        Ok(Self {
            url: url.to_owned(),
            client,
        })
    }

    pub(super) async fn ask(
        &self,
        method: &'static str,
        params: &Value,
    ) -> Result<Answer, RpcError> {
        let broken =
            |error| RpcError::passing(method, format!("does not answer: {}", plain(error)));
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let sent = self.client.post(&self.url).json(&request).send().await;
        let mut response = sent.map_err(broken)?;
        let status = response.status();
        let retry_after = response
            .headers()
            .get(reqwest::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.trim().parse().ok())
            .map(|seconds| Duration::from_secs(seconds).min(MAX_PAUSE));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > MAX_BODY {
                let what = format!("sends more than {MAX_BODY} bytes");
                return Err(RpcError::lasting(method, what));
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() || refusal(&body).is_some() && status.as_u16() != 429 {
            return Ok(Answer { method, body });
        }
        let text: String = String::from_utf8_lossy(&body).chars().take(200).collect();
        Err(RpcError {
            method,
            what: format!("refuses: {status}: {text}"),
            retryable: status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429),
            retry_after,
        })
    }
}

/// The `error` of an answer.
pub(super) fn refusal(body: &[u8]) -> Option<Refusal> {
    #[derive(Deserialize)]
    struct Envelope {
        error: Option<Refusal>,
    }
    serde_json::from_slice::<Envelope>(body).ok()?.error
}

impl Refusal {
    pub(super) fn into_error(self, method: &'static str) -> RpcError {
        // Behind, unhealthy, overloaded or broken for the moment.
        let passes = matches!(self.code, -32005 | -32014 | -32016 | -32603 | 429);
        let message: String = self.message.chars().take(300).collect();
        RpcError {
            retryable: passes,
            ..RpcError::lasting(method, format!("refuses: {message} ({})", self.code))
        }
    }
}

/// The error and its causes without the address.
fn plain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
