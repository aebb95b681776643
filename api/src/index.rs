//! `/api/index/…`: what the index holds, for those who check it rather than read its figures.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use hypernode_analytics::Finality;
use hypernode_analytics::digest::{self, At, DigestText};
use serde::Deserialize;
use serde_json::json;

use crate::answer::{AS_OF_SLOT, FINALITY};
use crate::error::Refusal;
use crate::state::ApiState;

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
        Err(error) => {
            const FAILURE: &str = "Failed to read the index digest";
            tracing::warn!(%error, "answered: {FAILURE}");
            Refusal::failed(FAILURE).into_response()
        }
    }
}

/// The digest is of finalized facts only.
fn answer(slot: u64, digest: &DigestText) -> Response {
    let mut body = json!(digest);
    if let Some(object) = body.as_object_mut() {
        object.insert("as_of_slot".into(), slot.into());
        object.insert("finality".into(), Finality::Finalized.as_str().into());
    }
    let headers = [
        (AS_OF_SLOT, slot.to_string()),
        (FINALITY, Finality::Finalized.as_str().to_owned()),
        (CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (headers, Json(body)).into_response()
}
