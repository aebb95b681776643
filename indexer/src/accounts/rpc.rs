//! The two JSON-RPC questions about accounts. An endpoint's answer is bounded, and its address is never shown: it may
//! hold a key.

use std::borrow::Cow;
use std::io::Read as _;
use std::time::Duration;

use hypernode_decoder::chain::Pubkey;
use serde::Deserialize;
use serde_json::{Value, json};

/// Longest answer.
const MAX_BODY: usize = 512 << 20;
/// No account is longer (Solana's limit is 10 MiB).
const MAX_ACCOUNT: usize = 10 << 20;
/// Addresses of one getMultipleAccounts.
pub(super) const MAX_KEYS: usize = 100;
/// How long an endpoint may take.
const TIME: Duration = Duration::from_secs(120);

/// Why an endpoint did not tell.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// It cannot be reached, or breaks off.
    #[error("{method}: the RPC endpoint (rpc.url) does not answer: {reason}")]
    Transport {
        /// What was asked.
        method: &'static str,
        /// The cause.
        reason: String,
    },
    /// It refuses.
    #[error("{method}: the RPC endpoint (rpc.url) refuses: {reason}")]
    Refused {
        /// What was asked.
        method: &'static str,
        /// What it says.
        reason: String,
    },
    /// More than is taken.
    #[error(
        "{method}: the answer is longer than {MAX_BODY} bytes: index fewer programs, or set accounts.enabled = false"
    )]
    TooLong {
        /// What was asked.
        method: &'static str,
    },
    /// It is not what the method's answer looks like.
    #[error("{method}: the answer is not what it should be: {reason}")]
    Answer {
        /// What was asked.
        method: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// A JSON-RPC endpoint.
#[derive(Clone)]
pub(super) struct Rpc {
    url: String,
    client: reqwest::Client,
}

/// An answer that has not been taken apart yet.
pub(super) struct Answer {
    method: &'static str,
    body: Vec<u8>,
}

#[derive(Deserialize)]
struct Envelope<T> {
    result: Option<WithContext<T>>,
    error: Option<Value>,
}

/// Values and the slot at which they hold.
#[derive(Deserialize)]
pub(super) struct WithContext<T> {
    pub(super) context: Context,
    pub(super) value: Vec<T>,
}

#[derive(Deserialize)]
pub(super) struct Context {
    pub(super) slot: u64,
}

/// An entry of getProgramAccounts.
#[derive(Deserialize)]
pub(super) struct Keyed<'a> {
    #[serde(borrow)]
    pubkey: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) account: Account<'a>,
}

/// An account as the endpoint writes it.
#[derive(Deserialize)]
pub(super) struct Account<'a> {
    pub(super) lamports: u64,
    #[serde(borrow)]
    owner: Cow<'a, str>,
    #[serde(default)]
    pub(super) executable: bool,
    /// Content and its encoding.
    #[serde(borrow)]
    data: (Cow<'a, str>, Cow<'a, str>),
}

impl Rpc {
    pub(super) fn new(url: &str) -> Result<Self, RpcError> {
        // Several TLS providers may be linked in; without a choice the library panics.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .timeout(TIME)
            .build();
        let method = "client";
        let client = client.map_err(|error| RpcError::Transport {
            method,
            reason: plain(error),
        })?;
        Ok(Self {
            url: url.to_owned(),
            client,
        })
    }

    /// All accounts of a program at one slot.
    pub(super) async fn program_accounts(&self, program: &Pubkey) -> Result<Answer, RpcError> {
        let config =
            json!({"encoding": "base64+zstd", "commitment": "confirmed", "withContext": true});
        let params = json!([base58(program), config]);
        self.ask("getProgramAccounts", &params).await
    }

    /// Some accounts at one slot, which is not before `slot`.
    pub(super) async fn accounts(&self, keys: &[Pubkey], slot: u64) -> Result<Answer, RpcError> {
        let keys: Vec<String> = keys.iter().map(base58).collect();
        let config = json!({
            "encoding": "base64+zstd",
            "commitment": "confirmed",
            "minContextSlot": slot,
            "dataSlice": {"offset": 0, "length": 0},
        });
        self.ask("getMultipleAccounts", &json!([keys, config]))
            .await
    }

    async fn ask(&self, method: &'static str, params: &Value) -> Result<Answer, RpcError> {
        let transport = |error: reqwest::Error| RpcError::Transport {
            method,
            reason: plain(error),
        };
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let sent = self.client.post(&self.url).json(&request).send().await;
        let mut response = sent.map_err(transport)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(RpcError::TooLong { method });
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            let text: String = String::from_utf8_lossy(&body).chars().take(200).collect();
            return Err(RpcError::Refused {
                method,
                reason: format!("{status}: {text}"),
            });
        }
        Ok(Answer { method, body })
    }
}

impl Answer {
    /// The values, borrowed from the answer.
    pub(super) fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<WithContext<T>, RpcError> {
        let method = self.method;
        let envelope: Envelope<T> =
            serde_json::from_slice(&self.body).map_err(|error| RpcError::Answer {
                method,
                reason: error.to_string(),
            })?;
        match (envelope.result, envelope.error) {
            (Some(result), _) => Ok(result),
            (None, error) => Err(RpcError::Refused {
                method,
                reason: error
                    .unwrap_or_default()
                    .to_string()
                    .chars()
                    .take(300)
                    .collect(),
            }),
        }
    }
}

impl Keyed<'_> {
    pub(super) fn pubkey(&self) -> Result<Pubkey, RpcError> {
        key(&self.pubkey)
    }
}

impl Account<'_> {
    pub(super) fn owner(&self) -> Result<Pubkey, RpcError> {
        key(&self.owner)
    }

    /// Its content, unpacked.
    pub(super) fn data(&self) -> Result<Vec<u8>, RpcError> {
        let invalid = |reason: String| RpcError::Answer {
            method: "account data",
            reason,
        };
        let (text, encoding) = &self.data;
        let raw = base64_simd::STANDARD
            .decode_to_vec(text.as_bytes())
            .map_err(|error| invalid(error.to_string()))?;
        match encoding.as_ref() {
            "base64" => Ok(raw),
            "base64+zstd" => {
                let mut data = Vec::new();
                zstd::stream::Decoder::new(raw.as_slice())
                    .and_then(|packed| packed.take(MAX_ACCOUNT as u64 + 1).read_to_end(&mut data))
                    .map_err(|error| invalid(error.to_string()))?;
                if data.len() > MAX_ACCOUNT {
                    return Err(invalid(format!("more than {MAX_ACCOUNT} bytes")));
                }
                Ok(data)
            }
            other => Err(invalid(format!("encoding {other:?}"))),
        }
    }
}

fn key(text: &str) -> Result<Pubkey, RpcError> {
    let mut out = [0; 32];
    five8::decode_32(text, &mut out).map_err(|_| RpcError::Answer {
        method: "account",
        reason: "an address is not the base58 form of 32 bytes".to_owned(),
    })?;
    Ok(out)
}

fn base58(key: &Pubkey) -> String {
    let mut text = [0; 44];
    let length = five8::encode_32(key, &mut text);
    let text = text.iter().take(usize::from(length));
    text.map(|byte| char::from(*byte)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Answer {
        Answer {
            method: "getProgramAccounts",
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn both_encodings_are_read_and_errors_say_what_the_endpoint_said() {
        let packed = zstd::bulk::compress(&[7; 300], 0).unwrap();
        let packed = base64_simd::STANDARD.encode_to_string(&packed);
        let owner = base58(&[3; 32]);
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"result":{{"context":{{"apiVersion":"2","slot":77}},"value":[
                {{"pubkey":"{owner}","account":{{"lamports":5,"owner":"{owner}","data":["{packed}","base64+zstd"],
                  "executable":false,"rentEpoch":18446744073709551615,"space":300}}}},
                {{"pubkey":"{owner}","account":{{"lamports":5,"owner":"{owner}","data":["AQI=","base64"]}}}}]}}}}"#
        );
        let answer_ok = answer(&body);
        let read = answer_ok.read::<Keyed<'_>>().unwrap();
        assert_eq!(read.context.slot, 77);
        assert_eq!(read.value[0].account.data().unwrap(), [7; 300]);
        assert_eq!(read.value[1].account.data().unwrap(), [1, 2]);
        assert_eq!(read.value[0].pubkey().unwrap(), [3; 32]);
        let refused = answer(
            r#"{"error":{"code":-32010,"message":"excluded from account secondary indexes"}}"#,
        );
        let error = refused.read::<Keyed<'_>>().err().unwrap().to_string();
        assert!(error.contains("secondary indexes"), "{error}");
        assert!(answer("<html>").read::<Keyed<'_>>().is_err());
    }

    #[test]
    fn a_small_answer_does_not_unpack_to_a_large_one() {
        let bomb = zstd::bulk::compress(&vec![0; MAX_ACCOUNT + 1], 0).unwrap();
        let text = base64_simd::STANDARD.encode_to_string(&bomb);
        let account = Account {
            lamports: 1,
            owner: "".into(),
            executable: false,
            data: (text.into(), "base64+zstd".into()),
        };
        let error = account.data().unwrap_err().to_string();
        assert!(error.contains("more than"), "{error}");
        assert!(account.owner().is_err());
    }
}
