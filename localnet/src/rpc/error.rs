//! JSON-RPC errors with the codes and texts of a Solana node.

use serde_json::{Value, json};

use crate::error::LocalnetError;

/// An error answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RpcError {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) data: Option<Value>,
}

/// What a method answers.
pub(super) type Answer = Result<Value, RpcError>;

impl RpcError {
    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    pub(super) fn with(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }

    pub(super) fn parse() -> Self {
        Self::new(-32700, "Parse error")
    }

    pub(super) fn invalid_request() -> Self {
        Self::new(-32600, "Invalid request")
    }

    pub(super) fn no_method() -> Self {
        Self::new(-32601, "Method not found")
    }

    pub(super) fn params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(-32603, message)
    }

    pub(super) fn signature_failure() -> Self {
        Self::new(-32003, "Transaction signature verification failure")
    }

    pub(super) fn block_not_available(slot: u64) -> Self {
        Self::new(-32004, format!("Block not available for slot {slot}"))
    }

    pub(super) fn unhealthy() -> Self {
        Self::new(-32005, "Node is unhealthy").with(json!({"numSlotsBehind": null}))
    }

    pub(super) fn skipped(slot: u64) -> Self {
        Self::new(
            -32007,
            format!("Slot {slot} was skipped, or missing due to ledger jump to recent snapshot"),
        )
    }

    pub(super) fn version(version: u8) -> Self {
        Self::new(
            -32015,
            format!(
                "Transaction version ({version}) is not supported by the requesting client. Please try the request again with the following configuration parameter: \"maxSupportedTransactionVersion\": {version}"
            ),
        )
    }

    pub(super) fn min_context(slot: u64) -> Self {
        Self::new(-32016, "Minimum context slot has not been reached")
            .with(json!({"contextSlot": slot}))
    }

    /// The error object.
    pub(super) fn to_json(&self) -> Value {
        match &self.data {
            None => json!({"code": self.code, "message": self.message}),
            Some(data) => json!({"code": self.code, "message": self.message, "data": data}),
        }
    }
}

impl From<LocalnetError> for RpcError {
    fn from(error: LocalnetError) -> Self {
        Self::internal(error.to_string())
    }
}
