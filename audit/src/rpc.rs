//! A JSON-RPC endpoint, asked until it answers. Its address is never shown: it may hold a key.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::http;
use crate::progress::Progress;

/// Longest answer: half a million slots, or a block's signatures, are a few megabytes.
const MAX_BODY: usize = 64 << 20;
/// Attempts for one answer.
const ATTEMPTS: u32 = 12;
/// First pause after a failure; each is twice the one before, up to the longest.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Longest pause that the endpoint itself may ask for.
const MAX_WISH: Duration = Duration::from_secs(120);

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{method}: the RPC endpoint {what}")]
pub struct RpcError {
    /// What was asked.
    pub method: &'static str,
    /// What happened.
    pub what: String,
    /// The number of the refusal, if it was one.
    pub code: Option<i64>,
}

/// An endpoint.
pub(crate) struct Rpc<'a> {
    url: String,
    client: reqwest::Client,
    /// Before which nothing is asked: one that says "too many" means every request.
    gate: Mutex<Instant>,
    /// It has answered before: one that never did is not waited for.
    answered: AtomicBool,
    progress: &'a Progress,
}

/// A failed attempt.
struct Failed {
    error: RpcError,
    passing: bool,
    /// It wants fewer questions.
    slower: bool,
    wish: Option<Duration>,
}

#[derive(Deserialize)]
struct Envelope<T> {
    result: Option<T>,
}

#[derive(Deserialize)]
struct Refused {
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

impl RpcError {
    pub(crate) fn new(method: &'static str, what: impl Into<String>) -> Self {
        Self {
            method,
            what: what.into(),
            code: None,
        }
    }
}

impl<'a> Rpc<'a> {
    /// An endpoint by its URL. Does not connect yet.
    pub(crate) fn new(url: &str, progress: &'a Progress) -> Result<Self, RpcError> {
        Ok(Self {
            url: url.to_owned(),
            client: http::client(None).map_err(|what| RpcError::new("client", what))?,
            gate: Mutex::new(Instant::now()),
            answered: AtomicBool::new(false),
            progress,
        })
    }

    /// The result of a method; `None` where it is null.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: &Value,
    ) -> Result<Option<T>, RpcError> {
        let mut pause = PAUSE;
        for attempt in 1.. {
            let open = *self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            tokio::time::sleep_until(open).await;
            match self.once(method, params).await {
                Ok(answer) => {
                    self.answered.store(true, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(failed) if failed.passing && attempt < ATTEMPTS => {
                    let wish = failed.wish.unwrap_or(pause).min(MAX_WISH);
                    if failed.slower || failed.wish.is_some() {
                        self.close(wish);
                    } else {
                        tokio::time::sleep(pause).await;
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(failed) => return Err(failed.error),
            }
        }
        Err(RpcError::new(method, "does not answer"))
    }

    /// The result of a method that is never null.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: &Value,
    ) -> Result<T, RpcError> {
        let answer = self.ask(method, params).await?;
        answer.ok_or_else(|| RpcError::new(method, "answers without a result"))
    }

    fn close(&self, pause: Duration) {
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        *gate = (*gate).max(Instant::now() + pause);
    }

    async fn once<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: &Value,
    ) -> Result<Option<T>, Failed> {
        let lasting = |what: String| Failed {
            error: RpcError::new(method, what),
            passing: false,
            slower: false,
            wish: None,
        };
        let passing = |error: reqwest::Error| Failed {
            passing: !error.is_connect() || self.answered.load(Ordering::Relaxed),
            ..lasting(format!("does not answer: {}", http::plain(error)))
        };
        self.progress.asked();
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let sent = self.client.post(&self.url).json(&request).send().await;
        let response = sent.map_err(passing)?;
        let status = response.status();
        let wish = response.headers().get(reqwest::header::RETRY_AFTER);
        let wish = wish
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let body = http::body(response, MAX_BODY).await.map_err(passing)?;
        let body = body.map_err(lasting)?;
        let busy = status.as_u16() == 429;
        if let Some(refusal) = refusal(&body) {
            let failed = refusal.failed(method, wish);
            return Err(Failed {
                passing: failed.passing || busy,
                slower: failed.slower || busy,
                ..failed
            });
        }
        if !status.is_success() {
            let text: String = String::from_utf8_lossy(&body).chars().take(200).collect();
            return Err(Failed {
                passing: status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429),
                slower: busy,
                wish,
                ..lasting(format!("refuses: {status}: {text}"))
            });
        }
        let envelope: Envelope<T> = serde_json::from_slice(&body)
            .map_err(|error| lasting(format!("answers wrongly: {error}")))?;
        Ok(envelope.result)
    }
}

fn refusal(body: &[u8]) -> Option<Refusal> {
    serde_json::from_slice::<Refused>(body).ok()?.error
}

impl Refusal {
    fn failed(self, method: &'static str, wish: Option<Duration>) -> Failed {
        // Behind, unhealthy, overloaded, not there yet, or broken for the moment.
        let passing = matches!(self.code, -32004 | -32005 | -32014 | -32016 | -32603 | 429);
        let message: String = self.message.chars().take(300).collect();
        Failed {
            error: RpcError {
                code: Some(self.code),
                ..RpcError::new(method, format!("refuses: {message} ({})", self.code))
            },
            passing,
            slower: self.code == 429,
            wish,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_asked_again_and_what_lasts_is_not() {
        let failed = |body: &str| refusal(body.as_bytes()).map(|one| one.failed("m", None));
        let behind = failed(r#"{"error":{"code":-32016,"message":"behind"}}"#).unwrap();
        assert!(behind.passing && behind.error.code == Some(-32016));
        let wrong = failed(r#"{"error":{"code":-32602,"message":"Invalid params"}}"#).unwrap();
        assert!(!wrong.passing && wrong.error.to_string().contains("Invalid params"));
        assert!(failed(r#"{"result":null,"error":null}"#).is_none());
        assert!(failed(r#"{"result":[{"err":null}]}"#).is_none());
    }
}
