//! Wallets in bodies and queries.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::PublicKey;
use hypernode_state::Address;
use serde_json::{Map, Value};

use super::body::{bad, is_said};
use crate::error::Refusal;

/// The wallet in a body's field; `missing` is what clients know for one that is not there.
pub(super) fn required(
    body: &Map<String, Value>,
    name: &str,
    missing: &'static str,
) -> Result<PublicKey, Response> {
    match body.get(name).filter(|value| is_said(value)) {
        None => Err(bad(missing)),
        Some(value) => value
            .as_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| {
                let text = format!("{name} must be an address of 32 bytes in base58");
                Refusal::told(StatusCode::BAD_REQUEST, text).into_response()
            }),
    }
}

/// The wallet in a query: what is no address is nobody's.
pub(super) fn asked(
    text: Option<&str>,
    missing: &'static str,
) -> Result<Option<Address>, Response> {
    match text.filter(|text| !text.is_empty()) {
        None => Err(bad(missing)),
        Some(text) => Ok(text.parse::<PublicKey>().ok().map(Into::into)),
    }
}
