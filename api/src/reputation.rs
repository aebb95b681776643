//! `/api/nodes/{id}/reputation` and its proof: as of any final slot since the first.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hypernode_analytics::Finality;
use hypernode_analytics::reputation::{self, At};
use serde::Deserialize;
use serde_json::json;

use crate::error::Refusal;
use crate::index::{failed, number, stated};
use crate::shapes;
use crate::state::ApiState;

const FAILURE: &str = "Failed to read the reputation";

/// `?slot=&page=`.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    slot: Option<String>,
    page: Option<String>,
}

/// What is asked, checked.
struct Question {
    node: [u8; 32],
    slot: Option<u64>,
    page: u64,
}

impl Question {
    fn new(id: &str, query: Result<Query<Asked>, QueryRejection>) -> Result<Self, Refusal> {
        let mut node = [0; 32];
        if five8::decode_32(id, &mut node).is_err() {
            let text = "a node's id is the address of its account: 32 bytes in base58";
            return Err(Refusal::bad_query(text));
        }
        let Ok(Query(query)) = query else {
            return Err(Refusal::bad_query("the query string cannot be read"));
        };
        let slot = number(query.slot.as_deref())
            .map_err(|()| Refusal::bad_query("slot must be a whole number"))?;
        let page = number(query.page.as_deref())
            .ok()
            .map(|page| page.unwrap_or(1));
        let page = page
            .filter(|page| (1..=u64::from(u32::MAX)).contains(page))
            .ok_or(Refusal::bad_query("page must be a whole number from 1 on"))?;
        Ok(Self { node, slot, page })
    }
}

/// The score of a node. One that is not registered has the prior score.
pub(crate) async fn score(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = match Question::new(&id, query) {
        Ok(asked) => asked,
        Err(refusal) => return refusal.into_response(),
    };
    match reputation::at(&state.client, &asked.node, asked.slot).await {
        Ok(At::Known(known)) => {
            let body = shapes::reputation::reputation(&known);
            stated(known.slot, Finality::Finalized, body)
        }
        Ok(At::Outside(range)) => outside(range),
        Err(error) => failed(&error, FAILURE),
    }
}

/// What the score follows from, a page at a time.
pub(crate) async fn proof(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = match Question::new(&id, query) {
        Ok(asked) => asked,
        Err(refusal) => return refusal.into_response(),
    };
    match reputation::proof(&state.client, &asked.node, asked.slot, asked.page).await {
        Ok(Ok(proof)) => {
            let body = shapes::reputation::proof(&state.network(), &proof);
            stated(proof.reputation.slot, Finality::Finalized, body)
        }
        Ok(Err(range)) => outside(range),
        Err(error) => failed(&error, FAILURE),
    }
}

fn outside(range: Option<(u64, u64)>) -> Response {
    let text = range.map_or_else(
        || "no scores yet: they are of finalized blocks only".to_owned(),
        |(first, last)| format!("scores are known for slots {first} to {last}"),
    );
    (StatusCode::NOT_FOUND, Json(json!({ "error": text }))).into_response()
}
