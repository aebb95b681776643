//! Refusals and failures in the shape that clients in the field expect: `{"error":"text"}`.

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An answer that is not the one asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    text: Cow<'static, str>,
}

impl Refusal {
    pub(crate) const fn new(status: StatusCode, text: &'static str) -> Self {
        Self {
            status,
            text: Cow::Borrowed(text),
        }
    }

    /// The same with words that are made up on the way.
    pub(crate) const fn told(status: StatusCode, text: String) -> Self {
        Self {
            status,
            text: Cow::Owned(text),
        }
    }

    /// The data could not be had; `text` is what the route's clients know for it.
    pub(crate) const fn failed(text: &'static str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    /// The query asks for something that there is not.
    pub(crate) const fn bad_query(text: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.text }))).into_response()
    }
}
