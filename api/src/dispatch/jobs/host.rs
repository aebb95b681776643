//! What hosts ask and tell over HTTP.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::rights::Right;
use hypernode_dispatch::desk::{Desk, DeskError, JobView, Report, fault};
use hypernode_dispatch::job::Outcome;
use hypernode_dispatch::nodes::NodeView;
use hypernode_dispatch::outcome::Kept;
use hypernode_wire::{label, most};
use serde_json::{Map, Value, json};

use super::super::front::{Words, desk, speaker};
use super::super::{body, refuse, shape};
use super::submit::refused;
use crate::auth::{Asked, Sent};
use crate::state::ApiState;

/// The job that the node has, or is given now. Whoever has it runs it: there is nothing more to accept.
pub(crate) async fn available(
    State(state): State<ApiState>,
    asked: Asked,
    words: Words,
) -> Result<Response, Response> {
    const FAILURE: &str = "Failed to fetch jobs";
    asked.caller.could(Right::RunJob)?;
    let desk = desk(&state)?;
    let node = speaker(&asked, &desk, &words.fields())?.ok_or_else(unregistered)?;
    let found = desk.next_job(&node).await;
    let found = found.map_err(|error| refuse::desk(&error, FAILURE))?;
    let decimals = desk.limits.decimals;
    let job = found.map(|found| shape::job::assigned(&found, decimals));
    Ok(Json(json!({ "success": true, "job": job })).into_response())
}

/// A run ended with a result.
pub(crate) async fn result(
    State(state): State<ApiState>,
    asked: Asked,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Response> {
    const FAILURE: &str = "Failed to submit job result";
    let body = begin(&asked, &sent)?;
    let desk = desk(&state)?;
    let report = Report {
        fence: fence(&body)?,
        outcome: Outcome::Completed,
        kept: kept(&body),
    };
    let job = tell(&asked, &desk, &id, &body, report, FAILURE).await?;
    let message = match job.status() {
        "completed" => "Job result submitted successfully",
        _ => "The result does not fit the job's type: it counts as a failure of the job",
    };
    Ok(told(message, &desk, &job))
}

/// A run came to nothing.
pub(crate) async fn failure(
    State(state): State<ApiState>,
    asked: Asked,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Response> {
    const FAILURE: &str = "Failed to submit job failure";
    let body = begin(&asked, &sent)?;
    let desk = desk(&state)?;
    let report = Report {
        fence: fence(&body)?,
        outcome: Outcome::Failed(fault(body.get("kind").and_then(Value::as_str))),
        kept: kept(&body),
    };
    let job = tell(&asked, &desk, &id, &body, report, FAILURE).await?;
    Ok(told("Job failure recorded", &desk, &job))
}

/// The same by the GPU Hosts module's route.
pub(crate) async fn report(
    State(state): State<ApiState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Response> {
    const FAILURE: &str = "Failed to report job";
    let body = begin(&asked, &sent)?;
    let said = |name: &str| body.get(name).filter(|value| body::is_said(value));
    let (Some(id), Some(_)) = (said("jobId"), said("nodeId")) else {
        return Err(body::bad("jobId and nodeId are required"));
    };
    let status = said("status").map_or(Some("completed"), Value::as_str);
    let outcome = match status {
        Some("completed") => Outcome::Completed,
        // What is no word of theirs is no completion: money follows that.
        word => Outcome::Failed(fault(word)),
    };
    let mut kept = kept(&body);
    if let Some(duration) = body.get("duration").filter(|value| value.is_number()) {
        kept.metrics
            .insert("reportedDuration".into(), duration.clone());
    }
    let desk = desk(&state)?;
    let report = Report {
        fence: fence(&body)?,
        outcome,
        kept,
    };
    let id = id.as_str().unwrap_or_default();
    tell(&asked, &desk, id, &body, report, FAILURE).await?;
    Ok(Json(json!({ "success": true })).into_response())
}

fn begin(asked: &Asked, sent: &Sent) -> Result<Map<String, Value>, Response> {
    asked.caller.could(Right::RunJob)?;
    body::object(sent)
}

/// Takes what the node that speaks tells of a job.
async fn tell(
    asked: &Asked,
    desk: &Desk,
    id: &str,
    body: &Map<String, Value>,
    report: Report,
    failure: &'static str,
) -> Result<JobView, Response> {
    let failed = |error: DeskError| refuse::desk(&error, failure);
    let job = desk.job(id).await.map_err(failed)?;
    let node = match speaker(asked, desk, body)? {
        Some(node) => node,
        // Where everything is open a host need not say which it is.
        None if asked.caller.is_open() => holder(desk, &job).ok_or_else(unregistered)?,
        None => return Err(unregistered()),
    };
    desk.report(&node, &job, report).await.map_err(failed)
}

fn holder(desk: &Desk, job: &JobView) -> Option<NodeView> {
    job.node().and_then(|name| desk.nodes.get(name))
}

/// The attempt that a body speaks of.
fn fence(body: &Map<String, Value>) -> Result<Option<u32>, Response> {
    match body.get("fence") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let fence = value.as_u64().and_then(|fence| fence.try_into().ok());
            fence
                .map(Some)
                .ok_or_else(|| body::bad("fence must be a whole number"))
        }
    }
}

/// What came of a run, by a body's fields.
fn kept(body: &Map<String, Value>) -> Kept {
    let logs = match body.get("logs") {
        Some(Value::String(logs)) => logs.clone(),
        Some(Value::Array(lines)) => {
            let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
            lines.join("\n")
        }
        _ => String::new(),
    };
    Kept {
        result: body.get("result").cloned().unwrap_or_default(),
        logs,
        exit_code: body.get("exitCode").and_then(Value::as_i64),
        error: body
            .get("error")
            .and_then(Value::as_str)
            .and_then(|text| label(text, most::MESSAGE)),
        metrics: body
            .get("metrics")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default(),
        ..Kept::default()
    }
}

fn told(message: &str, desk: &Desk, job: &JobView) -> Response {
    let job = shape::job::backend(job, true, desk.limits.decimals);
    Json(json!({ "success": true, "message": message, "job": job })).into_response()
}

/// A token that no node has used yet, or nobody's node.
fn unregistered() -> Response {
    let text = "Node not found: register it first (POST /api/nodes/register with its token)";
    refused(StatusCode::NOT_FOUND, text.to_owned())
}
