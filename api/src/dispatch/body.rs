//! Bodies as old clients send them: an object, or nothing; what is no JSON is the old server's 500.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value};

use crate::auth::Sent;
use crate::error::Refusal;

/// The object in a body; an empty body, a list or a bare value is an object without fields.
pub(super) fn object(sent: &Sent) -> Result<Map<String, Value>, Response> {
    let bytes = sent.bytes();
    if bytes.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Ok(Map::new()),
        Err(error) if error.to_string().contains("recursion limit") => {
            Err(bad("The body is nested too deeply: 127 levels at most"))
        }
        Err(_) => Err(Refusal::failed("Internal server error").into_response()),
    }
}

/// What JavaScript holds for true.
pub(super) fn is_said(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && *value != "" && *value != 0
}

pub(super) fn bad(text: &'static str) -> Response {
    Refusal::new(StatusCode::BAD_REQUEST, text).into_response()
}
