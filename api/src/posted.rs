//! `POST /api/metrics/update`: what old tools post, for operators and those who hold the secret. It is kept apart and counts nowhere.

use std::fmt;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hypernode_accounts::rights::Right;
use hypernode_analytics::posted::{self, TYPES};
use hypernode_warehouse::Client;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::auth::Asked;
use crate::error::Refusal;
use crate::measure::{self, MAX_POSTED};
use crate::state::ApiState;

/// With which secret anybody may post, and where it is kept.
#[derive(Clone)]
pub struct Posting {
    client: Client,
    secret: Option<Arc<str>>,
}

impl fmt::Debug for Posting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Posting(***)")
    }
}

impl Posting {
    /// Keeps what comes from operators, or with `secret`, behind `client`, which must be allowed to write.
    #[must_use]
    pub fn new(client: Client, secret: Option<&str>) -> Self {
        Self {
            client,
            secret: secret.map(Into::into),
        }
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let given = given.and_then(|value| value.strip_prefix(b"Bearer "));
        let (Some(given), Some(secret)) = (given, &self.secret) else {
            return false;
        };
        // Hashes, whose comparison takes as long wherever they differ.
        blake3::hash(given) == blake3::hash(secret.as_bytes())
    }
}

#[derive(Deserialize)]
struct Update<'a> {
    #[serde(default)]
    r#type: Option<String>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

pub(crate) async fn update(
    State(state): State<ApiState>,
    asked: Result<Asked, Response>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !state
        .posting
        .as_ref()
        .is_some_and(|posting| posting.admits(&headers))
    {
        let Ok(asked) = asked else {
            // Without accounts the secret is all there is.
            let text = "Unauthorized: send Authorization: Bearer with the operator's secret (api.metrics_secret)";
            return Refusal::new(StatusCode::UNAUTHORIZED, text).into_response();
        };
        if let Err(refusal) = asked.caller.may(Right::PostEvents, None) {
            return refusal;
        }
    }
    let Some(posting) = &state.posting else {
        let text = "This server keeps nothing that is posted";
        return Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text).into_response();
    };
    if body.len() > MAX_POSTED {
        return measure::too_large(MAX_POSTED).into_response();
    }
    let Ok(update) = serde_json::from_slice::<Update<'_>>(&body) else {
        return Refusal::failed("Internal server error").into_response();
    };
    let known = update.r#type.as_deref();
    let Some(known) = known.filter(|of| TYPES.contains(of)) else {
        return Refusal::bad_query("Invalid update type").into_response();
    };
    let data = update.data.map_or("null", RawValue::get);
    match posted::keep(&posting.client, known, data).await {
        Ok(()) => {
            Json(json!({ "success": true, "message": "Metrics updated", "source": "posted" }))
                .into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "a posted figure is not kept");
            Refusal::failed("Failed to update metrics").into_response()
        }
    }
}
