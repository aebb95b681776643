//! `/api/index/…`: what the index holds, for those who check it rather than read its figures.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use hypernode_analytics::Finality;
use hypernode_analytics::certificates::{self, MAX_CERTIFICATES};
use hypernode_analytics::changes::{self, Cursor, MAX_CHANGES};
use hypernode_analytics::digest::{self, At, DigestText};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{AS_OF_SLOT, FINALITY};
use crate::error::Refusal;
use crate::state::ApiState;

/// Slots of an answer that says nothing of its range, and of the widest.
const SLOTS: u64 = 1_000;
const MOST_SLOTS: u64 = 1_000_000;
/// Certificates, or changes, of an answer that says nothing of their number.
const LIMIT: u64 = 100;

/// `?from=&to=&limit=&finality=`.
#[derive(Debug, Deserialize)]
pub(crate) struct InRange {
    from: Option<String>,
    to: Option<String>,
    limit: Option<String>,
    finality: Option<String>,
}

/// Certificates of a range of slots, in slot order.
pub(crate) async fn certificates(
    State(state): State<ApiState>,
    query: Result<Query<InRange>, QueryRejection>,
) -> Response {
    const FAILURE: &str = "Failed to read certificates";
    let Ok(Query(query)) = query else {
        return Refusal::bad_query("the query string cannot be read").into_response();
    };
    let (from, to) = match (number(query.from.as_deref()), number(query.to.as_deref())) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(()), _) => return Refusal::bad_query("from must be a whole number").into_response(),
        (_, Err(())) => return Refusal::bad_query("to must be a whole number").into_response(),
    };
    let limit = match limit(query.limit.as_deref(), MAX_CERTIFICATES) {
        Ok(limit) => limit,
        Err(refusal) => return refusal.into_response(),
    };
    let finality = match query.finality.as_deref().map(str::parse).transpose() {
        Ok(finality) => finality.unwrap_or_default(),
        Err(_) => {
            return Refusal::bad_query("finality must be confirmed or finalized").into_response();
        }
    };
    let snapshot = match state.snapshots.current(finality).await {
        Ok(snapshot) => snapshot,
        Err(error) => return failed(&error, FAILURE),
    };
    let to = to.unwrap_or(snapshot.as_of).min(snapshot.as_of);
    let from = from.unwrap_or(to.saturating_sub(SLOTS - 1));
    if to.saturating_sub(from) >= MOST_SLOTS {
        return Refusal::bad_query("from and to may lie 1,000,000 slots apart at most")
            .into_response();
    }
    // One more than wanted: where the next answer begins.
    let found = certificates::certificates(&state.client, from, to, snapshot.as_of, limit + 1);
    let mut found = match found.await {
        Ok(found) => found,
        Err(error) => return failed(&error, FAILURE),
    };
    let next = found
        .get(usize::try_from(limit).unwrap_or(usize::MAX))
        .map(|one| one.from);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let body = json!({ "certificates": found, "next_from": next });
    stated(snapshot.as_of, finality, body)
}

/// `?cursor=&limit=`.
#[derive(Debug, Deserialize)]
pub(crate) struct Since {
    cursor: Option<String>,
    limit: Option<String>,
}

/// What has changed since a cursor.
pub(crate) async fn changes(
    State(state): State<ApiState>,
    query: Result<Query<Since>, QueryRejection>,
) -> Response {
    const FAILURE: &str = "Failed to read changes";
    let Ok(Query(query)) = query else {
        return Refusal::bad_query("the query string cannot be read").into_response();
    };
    let cursor = query.cursor.as_deref().unwrap_or("0").parse::<Cursor>();
    let Ok(cursor) = cursor else {
        return Refusal::bad_query("cursor must be 0, or the `next` of an answer").into_response();
    };
    let limit = match limit(query.limit.as_deref(), MAX_CHANGES) {
        Ok(limit) => limit,
        Err(refusal) => return refusal.into_response(),
    };
    let snapshot = match state.snapshots.current(Finality::Confirmed).await {
        Ok(snapshot) => snapshot,
        Err(error) => return failed(&error, FAILURE),
    };
    match changes::knows(&state.client, cursor).await {
        Ok(true) => {}
        // A consumer that came from another index would wait for ever, and miss what comes until then.
        Ok(false) => {
            let text =
                "this index has given no such cursor: is it another one? begin again with cursor=0";
            return Refusal::bad_query(text).into_response();
        }
        Err(error) => return failed(&error, FAILURE),
    }
    match changes::changes(&state.client, cursor, limit).await {
        Ok(told) => stated(snapshot.as_of, Finality::Confirmed, json!(told)),
        Err(error) => failed(&error, FAILURE),
    }
}

pub(crate) fn number(text: Option<&str>) -> Result<Option<u64>, ()> {
    match text {
        None => Ok(None),
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().map(Some).map_err(drop)
        }
        Some(_) => Err(()),
    }
}

/// More than `most` gives `most`, as elsewhere.
pub(crate) fn limit(text: Option<&str>, most: u64) -> Result<u64, Refusal> {
    let limit = number(text).ok().map(|limit| limit.unwrap_or(LIMIT));
    limit
        .filter(|limit| *limit > 0)
        .map(|limit| limit.min(most))
        .ok_or_else(|| Refusal::bad_query("limit must be a whole number from 1 on"))
}

pub(crate) fn failed(error: &hypernode_analytics::Error, text: &'static str) -> Response {
    tracing::warn!(%error, "answered: {text}");
    Refusal::failed(text).into_response()
}

/// `?slot=`; without it the newest.
#[derive(Debug, Deserialize)]
pub(crate) struct AtSlot {
    slot: Option<u64>,
}

/// The index digest at a slot. Before there is one every member is null; a slot without one is 404 and says which have.
pub(crate) async fn digest(
    State(state): State<ApiState>,
    query: Result<Query<AtSlot>, QueryRejection>,
) -> Response {
    let Ok(Query(AtSlot { slot })) = query else {
        return Refusal::bad_query("slot must be a whole number").into_response();
    };
    match digest::at(&state.client, slot).await {
        Ok(At::Known(digest)) => answer(digest.slot, &DigestText::new(Some(&digest))),
        Ok(At::Outside(None)) if slot.is_none() => answer(0, &DigestText::new(None)),
        Ok(At::Outside(range)) => {
            let text = range.map_or_else(
                || "no digest yet: it covers finalized blocks only".to_owned(),
                |(first, last)| format!("the digest is known for slots {first} to {last}"),
            );
            (StatusCode::NOT_FOUND, Json(json!({ "error": text }))).into_response()
        }
        Err(error) => failed(&error, "Failed to read the index digest"),
    }
}

/// The digest is of finalized facts only.
fn answer(slot: u64, digest: &DigestText) -> Response {
    stated(slot, Finality::Finalized, json!(digest))
}

/// An answer that says which slot it speaks of.
pub(crate) fn stated(slot: u64, finality: Finality, mut body: Value) -> Response {
    if let Some(object) = body.as_object_mut() {
        object.insert("as_of_slot".into(), slot.into());
        object.insert("finality".into(), finality.as_str().into());
    }
    let headers = [
        (AS_OF_SLOT, slot.to_string()),
        (FINALITY, finality.as_str().to_owned()),
        (CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (headers, Json(body)).into_response()
}
