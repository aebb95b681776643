//! Reading a request's parameters.

use std::str::FromStr;

use serde_json::{Map, Value};
use solana_sdk::{pubkey::Pubkey, signature::Signature};

use super::error::RpcError;
use crate::chain::Commitment;

/// The positional parameters of a request.
#[derive(Debug)]
pub(super) struct Params(pub(super) Vec<Value>);

/// An options object; absent and null are the same as empty.
#[derive(Debug, Default)]
pub(super) struct Config(Map<String, Value>);

impl Params {
    /// A required string.
    pub(super) fn text(&self, at: usize) -> Result<&str, RpcError> {
        match self.0.get(at) {
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(RpcError::params(format!(
                "Invalid params: invalid type: {}, expected a string.",
                kind(other)
            ))),
            None => Err(RpcError::params(
                "`params` should have at least 1 argument(s)",
            )),
        }
    }

    /// A required address.
    pub(super) fn address(&self, at: usize) -> Result<Pubkey, RpcError> {
        Pubkey::from_str(self.text(at)?).map_err(|_| RpcError::params("Invalid param: Invalid"))
    }

    /// A required unsigned number.
    pub(super) fn number(&self, at: usize) -> Result<u64, RpcError> {
        match self.0.get(at) {
            Some(value) => value.as_u64().ok_or_else(|| {
                RpcError::params(format!(
                    "Invalid params: invalid type: {}, expected u64.",
                    kind(value)
                ))
            }),
            None => Err(RpcError::params(
                "`params` should have at least 1 argument(s)",
            )),
        }
    }

    /// An optional options object.
    pub(super) fn config(&self, at: usize) -> Result<Config, RpcError> {
        match self.0.get(at) {
            None | Some(Value::Null) => Ok(Config::default()),
            Some(Value::Object(map)) => Ok(Config(map.clone())),
            Some(other) => Err(RpcError::params(format!(
                "Invalid params: invalid type: {}, expected an options object.",
                kind(other)
            ))),
        }
    }
}

impl Config {
    /// An options object around a value that stands for itself (the short forms of old clients).
    pub(super) fn single(key: &str, value: Value) -> Self {
        Self(Map::from_iter([(key.to_owned(), value)]))
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, RpcError> {
        self.get(key)
            .map(|value| value.as_str().ok_or_else(|| invalid(key, "a string")))
            .transpose()
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<u64>, RpcError> {
        self.get(key)
            .map(|value| {
                value
                    .as_u64()
                    .ok_or_else(|| invalid(key, "an unsigned number"))
            })
            .transpose()
    }

    pub(super) fn flag(&self, key: &str, default: bool) -> Result<bool, RpcError> {
        self.get(key).map_or(Ok(default), |value| {
            value.as_bool().ok_or_else(|| invalid(key, "true or false"))
        })
    }

    /// A signature.
    pub(super) fn signature(&self, key: &str) -> Result<Option<Signature>, RpcError> {
        self.text(key)?
            .map(|text| {
                Signature::from_str(text).map_err(|_| RpcError::params("Invalid param: Invalid"))
            })
            .transpose()
    }

    /// The commitment under a key; finalized where the request names none.
    pub(super) fn level(&self, key: &str) -> Result<Commitment, RpcError> {
        match self.text(key)? {
            None => Ok(Commitment::Finalized),
            Some(text) => level(text),
        }
    }

    /// The commitment, at least confirmed: what methods about blocks and transactions accept.
    pub(super) fn block_level(&self) -> Result<Commitment, RpcError> {
        match self.level("commitment")? {
            Commitment::Processed => Err(RpcError::params(
                "Method does not support commitment below `confirmed`",
            )),
            level => Ok(level),
        }
    }
}

/// A commitment by its name; names of earlier versions are gone.
pub(super) fn level(text: &str) -> Result<Commitment, RpcError> {
    match text {
        "processed" => Ok(Commitment::Processed),
        "confirmed" => Ok(Commitment::Confirmed),
        "finalized" => Ok(Commitment::Finalized),
        other => Err(RpcError::params(format!(
            "Invalid params: unknown variant `{other}`, expected one of `processed`, `confirmed`, `finalized`."
        ))),
    }
}

fn invalid(key: &str, expected: &str) -> RpcError {
    RpcError::params(format!("Invalid params: `{key}` should be {expected}."))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "sequence",
        Value::Object(_) => "map",
    }
}
