//! Bodies of requests, bounded and read with a clear refusal.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::PublicKey;
use serde::de::DeserializeOwned;

use crate::error::Refusal;
use crate::measure::{self, MAX_ACCOUNT_BODY};

/// A body as it was sent.
#[derive(Debug)]
pub(crate) struct Sent(Bytes);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let most = measure::most(request.uri().path());
        // What the extractor itself says is not JSON.
        let refuse = |rejection: BytesRejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => measure::too_large(most).into_response(),
            _ => bad("The body did not arrive whole".into()),
        };
        let bytes = Bytes::from_request(request, state).await;
        bytes.map(Self).map_err(refuse)
    }
}

impl Sent {
    /// The bytes, at most [`measure::MAX_BODY`].
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The body as JSON; an empty one is an empty object.
pub(super) fn read<T: DeserializeOwned>(Sent(body): &Sent) -> Result<T, Response> {
    if body.len() > MAX_ACCOUNT_BODY {
        return Err(too_large());
    }
    let text: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(text).map_err(|error| bad(format!("The body cannot be read: {error}")))
}

/// An address in a body.
pub(super) fn key(name: &str, text: &str) -> Result<PublicKey, Response> {
    text.parse()
        .map_err(|_| bad(format!("{name} must be an address of 32 bytes in base58")))
}

fn too_large() -> Response {
    measure::too_large(MAX_ACCOUNT_BODY).into_response()
}

pub(super) fn bad(text: String) -> Response {
    Refusal::told(StatusCode::BAD_REQUEST, text).into_response()
}
