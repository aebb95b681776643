//! An answer of one slot: body, headers, and 304 for those who have it already.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use hypernode_analytics::Error;
use serde_json::Value;

use crate::ask::Ask;
use crate::cache::Snapshot;
use crate::error::Refusal;
use crate::state::ApiState;

/// The slot that an answer speaks of.
pub(crate) const AS_OF_SLOT: HeaderName = HeaderName::from_static("x-as-of-slot");
/// Whether it rests on confirmed or finalized blocks.
pub(crate) const FINALITY: HeaderName = HeaderName::from_static("x-finality");

/// Changes of what is not on chain (hosts, jobs of the matchmaker). There are none yet.
const OFF_CHAIN_SEQUENCE: u64 = 0;

/// Answers with the JSON object that `body` makes of the current snapshot, or with `failure` when there is no data.
pub(crate) async fn object(
    state: &ApiState,
    ask: &Ask,
    failure: &'static str,
    body: impl AsyncFnOnce(&Snapshot) -> Result<Value, Error>,
) -> Response {
    let (snapshot, head) = match open(state, ask, failure).await {
        Ok(opened) => opened,
        Err(response) => return response,
    };
    match body(&snapshot).await {
        Ok(mut value) => {
            stamp(&mut value, &snapshot);
            (head, Json(value)).into_response()
        }
        Err(error) => failed(&error, failure),
    }
}

/// As [`object`], for what many ask for: the answer is made once for each slot and number of receipts, and sent as it is.
pub(crate) async fn kept(
    state: &ApiState,
    ask: &Ask,
    route: &'static str,
    failure: &'static str,
    body: impl AsyncFnOnce(&Snapshot) -> Result<Value, Error>,
) -> Response {
    let (snapshot, head) = match open(state, ask, failure).await {
        Ok(opened) => opened,
        Err(response) => return response,
    };
    if let Some(body) = snapshot.body(route, ask.limit) {
        return json(head, body);
    }
    match body(&snapshot).await {
        Ok(mut value) => {
            stamp(&mut value, &snapshot);
            let body = Bytes::from(value.to_string());
            snapshot.keep(route, ask.limit, &body);
            json(head, body)
        }
        Err(error) => failed(&error, failure),
    }
}

/// The head becomes the answer's own: what many ask for is not put together name by name.
fn json(mut head: HeaderMap, body: Bytes) -> Response {
    head.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut response = Response::new(body.into());
    *response.headers_mut() = head;
    response
}

/// Every answer says what slot it is of.
fn stamp(value: &mut Value, snapshot: &Snapshot) {
    if let Some(object) = value.as_object_mut() {
        object.insert("as_of_slot".into(), snapshot.as_of.into());
        object.insert("finality".into(), snapshot.finality.as_str().into());
    }
}

/// Answers with the page that `body` makes of the current snapshot.
pub(crate) async fn page(
    state: &ApiState,
    ask: &Ask,
    body: impl AsyncFnOnce(&Snapshot) -> Result<String, Error>,
) -> Response {
    const FAILURE: &str = "The figures cannot be read just now; try again in a moment";
    let (snapshot, head) = match open(state, ask, FAILURE).await {
        Ok(opened) => opened,
        Err(response) => return response,
    };
    match body(&snapshot).await {
        Ok(html) => (head, Html(html)).into_response(),
        Err(error) => failed(&error, FAILURE),
    }
}

/// The snapshot and the head of its answers, or the response that needs no more data: 304 or a failure.
async fn open(
    state: &ApiState,
    ask: &Ask,
    failure: &'static str,
) -> Result<(Arc<Snapshot>, HeaderMap), Response> {
    let snapshot = match state.snapshots.current(ask.finality).await {
        Ok(snapshot) => snapshot,
        Err(error) => return Err(failed(&error, failure)),
    };
    let head = snapshot
        .headers(|| headers(&snapshot, &tag(state, &snapshot)))
        .clone();
    let tag = head.get(ETAG).and_then(|tag| tag.to_str().ok());
    if let (Some(known), Some(tag)) = (&ask.known, tag)
        && matches(known, tag)
    {
        return Err((StatusCode::NOT_MODIFIED, head).into_response());
    }
    Ok((snapshot, head))
}

fn failed(error: &Error, text: &'static str) -> Response {
    tracing::warn!(%error, "answered: {text}");
    Refusal::failed(text).into_response()
}

/// A tag for one state of the data. Chains and versions that reach the same slot differ in it, too.
fn tag(state: &ApiState, snapshot: &Snapshot) -> String {
    let genesis: String = state
        .network()
        .genesis
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(8)
        .collect();
    format!(
        "\"{}-{genesis}-{}-{}-{:x}-{}-{OFF_CHAIN_SEQUENCE}\"",
        env!("CARGO_PKG_VERSION"),
        snapshot.as_of,
        snapshot.finality,
        snapshot.verified_at,
        snapshot.retracted
    )
}

/// Whether an `If-None-Match` value names the tag; weak and strong tags compare equal there.
fn matches(known: &str, tag: &str) -> bool {
    known
        .split(',')
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == "*" || one == tag)
}

fn headers(snapshot: &Snapshot, tag: &str) -> HeaderMap {
    // Room for what is added on the way out.
    let mut headers = HeaderMap::with_capacity(24);
    headers.insert(AS_OF_SLOT, snapshot.as_of.into());
    headers.insert(
        FINALITY,
        HeaderValue::from_static(snapshot.finality.as_str()),
    );
    // Anyone may keep an answer, but must ask whether it still holds.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(ETAG, tag);
    }
    headers
}

/// A file of ours that changes with the version only.
pub(crate) fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_tag_is_found_in_a_list() {
        assert!(matches("\"a\"", "\"a\""));
        assert!(matches("\"b\", W/\"a\"", "\"a\""));
        assert!(matches("*", "\"a\""));
        assert!(!matches("\"aa\"", "\"a\""));
        assert!(!matches("", "\"a\""));
    }
}
