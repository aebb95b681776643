//! JSON-RPC of the chain, as far as transactions are sent and watched.

use std::fmt;
use std::time::Duration;

use base64_simd::STANDARD;
use futures::future::{BoxFuture, FutureExt as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use solana_sdk::hash::Hash;
use solana_sdk::pubkey::Pubkey;

use super::send::Level;

/// Longest answer.
const MOST: usize = 256 << 10;
/// Longest wait for one.
const TIME: Duration = Duration::from_secs(20);

/// Why there is no answer. An endpoint's address may hold a key: it is not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{method}: the RPC endpoint {what}")]
pub struct RpcError {
    /// What was asked.
    pub method: &'static str,
    /// What happened.
    pub what: String,
}

/// What an endpoint knows of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The chain's error.
    pub error: Option<String>,
    /// How sure it is.
    pub level: Level,
}

/// What a transaction would come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tried {
    /// The chain's error.
    pub error: Option<String>,
    /// Base units that the token account would hold; `None`: there is no such account, or the transaction would fail.
    pub held: Option<u64>,
}

/// An endpoint.
pub trait Rpc: Send + Sync + fmt::Debug {
    /// A blockhash of now, and the last block height that takes it.
    fn blockhash(&self) -> BoxFuture<'_, Result<(Hash, u64), RpcError>>;

    /// The height of the newest block that stays.
    fn final_height(&self) -> BoxFuture<'_, Result<u64, RpcError>>;

    /// Sends a transaction in base64. That it was taken in says nothing; that it was not, neither.
    fn send<'a>(&'a self, transaction: &'a str) -> BoxFuture<'a, Result<(), RpcError>>;

    /// What the chain as it stands would make of a transaction in base64, whose signatures need not be there, and what the
    /// token account `purse` would hold then.
    fn simulate<'a>(
        &'a self,
        transaction: &'a str,
        purse: &'a Pubkey,
    ) -> BoxFuture<'a, Result<Tried, RpcError>>;

    /// What is known of a signature, after the whole history was searched.
    fn status<'a>(&'a self, signature: &'a str) -> BoxFuture<'a, Result<Option<Status>, RpcError>>;
}

/// An endpoint over HTTP.
#[derive(Clone)]
pub struct HttpRpc {
    url: String,
    client: reqwest::Client,
}

impl fmt::Debug for HttpRpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpRpc")
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    result: Value,
    #[serde(default)]
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Valued<T> {
    value: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Latest {
    blockhash: String,
    last_valid_block_height: u64,
}

#[derive(Deserialize)]
struct Simulated {
    #[serde(default)]
    err: Value,
    #[serde(default)]
    accounts: Option<Vec<Option<Shown>>>,
}

#[derive(Deserialize)]
struct Shown {
    /// In base64, with the word for that.
    data: (String, String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    #[serde(default)]
    err: Value,
    #[serde(default)]
    confirmation_status: Option<String>,
}

impl HttpRpc {
    /// The endpoint of a URL. Does not connect yet.
    ///
    /// # Errors
    /// When there is no client: no TLS, no resolver.
    pub fn new(url: &str) -> Result<Self, RpcError> {
        // Several TLS providers may be linked in; without a choice the library panics. A second call finds it chosen.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .timeout(TIME)
            .build();
        Ok(Self {
            url: url.to_owned(),
            client: client.map_err(|error| RpcError {
                method: "client",
                what: error.without_url().to_string(),
            })?,
        })
    }

    /// Lamports that an address holds, at confirmed.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn balance(&self, address: &str) -> Result<u64, RpcError> {
        let params = json!([address, {"commitment": "confirmed"}]);
        let Valued { value } = self.ask::<Valued<u64>>("getBalance", params).await?;
        Ok(value)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<T, RpcError> {
        let failed = |what: String| RpcError { method, what };
        let gone =
            |error: reqwest::Error| failed(format!("does not answer: {}", error.without_url()));
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut response = self
            .client
            .post(&self.url)
            .json(&body)
            .send()
            .await
            .map_err(gone)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(gone)? {
            if bytes.len() + chunk.len() > MOST {
                return Err(failed("answers too much".to_owned()));
            }
            bytes.extend_from_slice(&chunk);
        }
        let status = response.status();
        let envelope: Envelope = serde_json::from_slice(&bytes)
            .map_err(|_| failed(format!("answers {status} and no JSON-RPC")))?;
        if let Some(Refusal { code, message }) = envelope.error {
            let message: String = message.chars().take(200).collect();
            return Err(failed(format!("refuses: {message} ({code})")));
        }
        serde_json::from_value(envelope.result)
            .map_err(|_| failed("answers something else than asked for".to_owned()))
    }
}

impl Rpc for HttpRpc {
    fn blockhash(&self) -> BoxFuture<'_, Result<(Hash, u64), RpcError>> {
        async move {
            let method = "getLatestBlockhash";
            let config = json!([{"commitment": "confirmed"}]);
            let Valued { value } = self.ask::<Valued<Latest>>(method, config).await?;
            let hash = value.blockhash.parse().map_err(|_| RpcError {
                method,
                what: "answers no blockhash".to_owned(),
            })?;
            Ok((hash, value.last_valid_block_height))
        }
        .boxed()
    }

    fn final_height(&self) -> BoxFuture<'_, Result<u64, RpcError>> {
        self.ask("getBlockHeight", json!([{"commitment": "finalized"}]))
            .boxed()
    }

    fn send<'a>(&'a self, transaction: &'a str) -> BoxFuture<'a, Result<(), RpcError>> {
        async move {
            // What a simulation says is another state's: the block decides.
            let config = json!({"encoding": "base64", "skipPreflight": true, "maxRetries": 0});
            self.ask::<Value>("sendTransaction", json!([transaction, config]))
                .await
                .map(|_| ())
        }
        .boxed()
    }

    fn simulate<'a>(
        &'a self,
        transaction: &'a str,
        purse: &'a Pubkey,
    ) -> BoxFuture<'a, Result<Tried, RpcError>> {
        async move {
            let accounts = json!({"encoding": "base64", "addresses": [purse.to_string()]});
            let config = json!({
                "encoding": "base64", "sigVerify": false, "commitment": "confirmed", "accounts": accounts,
            });
            let params = json!([transaction, config]);
            let Valued { value } = self
                .ask::<Valued<Simulated>>("simulateTransaction", params)
                .await?;
            let shown = value.accounts.and_then(|all| all.into_iter().next());
            Ok(Tried {
                error: said(&value.err),
                held: shown.flatten().and_then(|account| amount(&account.data.0)),
            })
        }
        .boxed()
    }

    fn status<'a>(&'a self, signature: &'a str) -> BoxFuture<'a, Result<Option<Status>, RpcError>> {
        async move {
            let method = "getSignatureStatuses";
            let params = json!([[signature], {"searchTransactionHistory": true}]);
            let Valued { value } = self
                .ask::<Valued<Vec<Option<Known>>>>(method, params)
                .await?;
            let [known] = <[_; 1]>::try_from(value).map_err(|_| RpcError {
                method,
                what: "answers of another number of signatures".to_owned(),
            })?;
            Ok(known.map(|known| Status {
                error: said(&known.err),
                level: match known.confirmation_status.as_deref() {
                    // Rooted entries of old nodes carry no word.
                    Some("finalized") | None => Level::Finalized,
                    Some("confirmed") => Level::Confirmed,
                    Some(_) => Level::Processed,
                },
            }))
        }
        .boxed()
    }
}

/// The chain's error, as a text: a bare word, or JSON.
fn said(error: &Value) -> Option<String> {
    match error {
        Value::Null => None,
        Value::String(word) => Some(word.chars().take(200).collect()),
        error => Some(error.to_string().chars().take(200).collect()),
    }
}

/// What a token account holds: the SPL token program's layout has the amount behind mint and owner.
fn amount(data: &str) -> Option<u64> {
    let data = STANDARD.decode_to_vec(data).ok()?;
    let bytes = data.get(64..72)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}
