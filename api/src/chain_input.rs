//! `POST /api/jobs/{id}/input`: the input of a job that its client created on chain.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::PublicKey;
use hypernode_accounts::rights::{Owner, Right};
use hypernode_dispatch::bridge::{Body, InputError};
use hypernode_dispatch::ids::JobId;
use serde_json::json;

use crate::auth::{Asked, Sent};
use crate::error::Refusal;
use crate::state::ApiState;

/// Takes the input in if it has the hash that stands on chain.
pub(crate) async fn take(
    State(state): State<ApiState>,
    asked: Asked,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Response> {
    // Whoever may submit nothing is told so before anything is looked for.
    let own = asked.caller.principal().account().map(Owner::from);
    asked.caller.may(Right::SubmitJob, own.as_ref())?;
    let Some(inbox) = &state.inbox else {
        let text = "No jobs are dispatched by this instance";
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text).into_response());
    };
    let job: JobId = id.parse().map_err(|_| refusal(&InputError::Unknown))?;
    let waiting = inbox.waiting(job).await.map_err(|error| refusal(&error))?;
    let owner = Owner::from(PublicKey(waiting.owner.0));
    asked.caller.may(Right::SubmitJob, Some(&owner))?;
    let body: Body = serde_json::from_slice(sent.bytes())
        .map_err(|error| refusal(&InputError::Body(error.to_string())))?;
    let taken = inbox.take(waiting, body).await;
    taken.map_err(|error| refusal(&error))?;
    Ok(Json(json!({
        "success": true,
        "message": "Job input received",
        "job": { "jobId": job.to_string(), "status": "queued" },
    }))
    .into_response())
}

fn refusal(error: &InputError) -> Response {
    let status = match error {
        InputError::Unknown => StatusCode::NOT_FOUND,
        InputError::NotWaiting(_) => StatusCode::CONFLICT,
        InputError::WrongHash { .. } | InputError::Unusable(_) => StatusCode::UNPROCESSABLE_ENTITY,
        InputError::Body(_) => StatusCode::BAD_REQUEST,
        InputError::Store(_) | InputError::Dispatch(_) => {
            tracing::warn!("an input is not taken: {error}");
            let text = "Jobs cannot be reached just now: ask again in a moment";
            let mut response = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text).into_response();
            response.headers_mut().insert(RETRY_AFTER, 1.into());
            return response;
        }
    };
    Refusal::told(status, error.to_string()).into_response()
}
