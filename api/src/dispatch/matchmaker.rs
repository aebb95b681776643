//! `POST /api/matchmaker/match`: which node would get a job. Nothing is given to it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::rights::Right;
use hypernode_dispatch::board::Preview;
use serde_json::{Value, json};

use super::front::desk;
use super::{body, refuse};
use crate::auth::{Asked, Sent};
use crate::error::Refusal;
use crate::state::ApiState;

const FAILURE: &str = "Matchmaking failed";

/// The node that comes first for the job in the body.
pub(crate) async fn answer(
    State(state): State<ApiState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Response> {
    asked.caller.may(Right::PreviewMatch, None)?;
    let body = body::object(&sent)?;
    let Some(requirements @ Value::Object(_)) = body.get("requirements") else {
        // The old engine fails on a job without requirements; its clients know the text.
        return Err(Refusal::failed(FAILURE).into_response());
    };
    let algorithm = body.get("algorithm").unwrap_or(&Value::Null);
    let found = desk(&state)?.preview(requirements, algorithm).await;
    let found = found.map_err(|error| refuse::desk(&error, FAILURE))?;
    Ok(Json(match found {
        None => json!({ "success": false, "reason": "no_match" }),
        Some(found) => json!({ "success": true, "match": told(&found) }),
    })
    .into_response())
}

fn told(found: &Preview) -> Value {
    let (facts, candidate) = (&found.facts, &found.candidate);
    json!({
        "nodeId": facts.id.to_string(),
        "operator": facts.owner.to_string(),
        "gpuModel": facts.model,
        "vram": (facts.vram_mb + 512) >> 10,
        "reputation": facts.reputation,
        "score": millionths(candidate.utility),
        "eligible": found.eligible,
    })
}

/// Millionths as a number with six decimals.
#[allow(clippy::cast_precision_loss, reason = "below 2⁵³")]
fn millionths(score: u64) -> f64 {
    score as f64 / 1e6
}
