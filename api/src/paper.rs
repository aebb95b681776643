//! `/api/dispatch/…` and `/api/jobs/{id}/explain`: decisions of the matchmaker, for whoever wants to make them again.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use hypernode_analytics::time::{iso_day, iso_millis};
use hypernode_dispatch::days::Published;
use hypernode_dispatch::facts::{DayRoot, roots};
use hypernode_dispatch::ids::JobId;
use hypernode_dispatch::paper::Paper;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Refusal;
use crate::index::{limit, number};
use crate::state::ApiState;

/// Days of one answer.
const MOST_DAYS: u64 = 400;

fn paper(state: &ApiState) -> Result<&Paper, Response> {
    let absent = "No jobs are dispatched by this instance";
    let paper = state.paper.as_ref();
    paper.ok_or_else(|| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, absent).into_response())
}

fn failed(error: &dyn std::fmt::Display) -> Response {
    tracing::warn!(%error, "decisions cannot be read");
    Refusal::failed("Failed to read decisions").into_response()
}

/// The public key that decisions are signed by.
pub(crate) async fn key(State(state): State<ApiState>) -> Result<Response, Response> {
    let key = paper(&state)?.key();
    Ok(Json(json!({ "success": true, "key": key, "algorithm": "ed25519" })).into_response())
}

/// `?limit=`.
#[derive(Debug, Deserialize)]
pub(crate) struct Newest {
    limit: Option<String>,
}

/// Commitments of days to come, of today and of those before, with the secrets of days that are over; latest first.
pub(crate) async fn days(
    State(state): State<ApiState>,
    query: Result<Query<Newest>, QueryRejection>,
) -> Result<Response, Response> {
    let paper = paper(&state)?;
    let Ok(Query(query)) = query else {
        return Err(Refusal::bad_query("the query string cannot be read").into_response());
    };
    let limit = limit(query.limit.as_deref(), MOST_DAYS).map_err(Refusal::into_response)?;
    let days = paper.days(u32::try_from(limit).unwrap_or(u32::MAX)).await;
    let days = days.map_err(|error| failed(&error))?;
    let oldest = days.last().map_or(0, |day| day.day);
    // Days are told without their roots while the warehouse is away.
    let roots = roots(&state.client, oldest).await.unwrap_or_default();
    let days: Vec<Value> = days
        .iter()
        .map(|one| day(one, roots.iter().find(|root| root.day == one.day)))
        .collect();
    let body = json!({ "success": true, "key": paper.key(), "days": days });
    Ok(Json(body).into_response())
}

fn day(day: &Published, root: Option<&DayRoot>) -> Value {
    json!({
        "day": day.day,
        "date": i32::try_from(day.day).ok().and_then(iso_day),
        "commitment": hex::encode(day.commitment.0),
        "committedAt": iso_millis(day.committed_at),
        "ahead": day.is_ahead(),
        "secret": day.secret.map(hex::encode),
        "receipts": root.map(|root| root.receipts),
        "root": root.map(|root| hex::encode(root.root)),
    })
}

/// `?after=`.
#[derive(Debug, Deserialize)]
pub(crate) struct After {
    after: Option<String>,
}

/// A job's decisions: receipts with candidates, partial scores, seed and choice, each signed.
pub(crate) async fn explain(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Response, Response> {
    let paper = paper(&state)?;
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, "Job not found").into_response();
    let job: JobId = id.parse().map_err(|_| unknown())?;
    let after = match query {
        Ok(Query(After { after })) => number(after.as_deref()),
        Err(_) => Err(()),
    };
    let after = after.ok().map(|after| after.map(u32::try_from).transpose());
    let Some(Ok(after)) = after else {
        let text = "after must be the fence of a decision: a whole number";
        return Err(Refusal::bad_query(text).into_response());
    };
    match paper.explain(job, after).await {
        Ok(Some(told)) => {
            let why = match &state.desk {
                // While no dispatcher works nobody is asked why.
                Some(desk) => desk.why(job).await.ok().flatten(),
                None => None,
            };
            let mut told = serde_json::to_value(told).map_err(|error| failed(&error))?;
            if let (Value::Object(told), Some(why)) = (&mut told, why) {
                let nobody = json!({
                    "nodes": why.nodes,
                    "fitting": why.fitting,
                    "reasons": why.reasons,
                    "text": why.to_string(),
                });
                told.insert("nobody".into(), nobody);
            }
            Ok(Json(told).into_response())
        }
        Ok(None) => Err(unknown()),
        Err(error) => Err(failed(&error)),
    }
}
