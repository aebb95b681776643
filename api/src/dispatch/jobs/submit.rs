//! Jobs are submitted and cancelled.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::KeyId;
use hypernode_accounts::rights::{Owner, Right, Role, Who};
use hypernode_dispatch::desk::{Desk, JobView, Submit, ToSign, ignored};
use hypernode_dispatch::job::By;
use serde_json::json;

use super::super::front::{desk, key, owner_of};
use super::super::{body, refuse, shape, wallet};
use crate::auth::{Asked, Caller, Sent};
use crate::error::Refusal;
use crate::state::ApiState;

const FAILURE: &str = "Failed to create job";
/// By which a repeated request is known.
const REPEAT: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is that of the first request.
const REPEATED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Characters of an idempotency key.
const REPEAT_LENGTH: usize = 128;

/// Takes a job in.
pub(crate) async fn submit(
    State(state): State<ApiState>,
    asked: Asked,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Response> {
    asked.caller.could(Right::SubmitJob)?;
    let body = body::object(&sent)?;
    let owner = wallet::required(&body, "walletAddress", "Wallet address is required")?;
    asked
        .caller
        .may(Right::SubmitJob, Some(&Owner::from(owner)))?;
    let desk = desk(&state)?;
    let submit = Submit {
        owner: owner.into(),
        key: paying(&asked.caller),
        body: &body,
        repeat: repeat(&headers)?,
        counted: asked.caller.submitter() == Some(owner),
    };
    let decimals = desk.limits.decimals;
    if Desk::lacks_signature(&body) {
        let to_sign = desk.to_sign(submit).await;
        let to_sign = to_sign.map_err(|error| refuse::desk(&error, FAILURE))?;
        return Ok(bytes_to_sign(&to_sign, decimals));
    }
    let ignored = ignored(&body);
    let answer = |job: &JobView| created(job, &ignored, decimals);
    let submitted = desk.submit(submit, answer).await;
    let submitted = submitted.map_err(|error| refuse::desk(&error, FAILURE))?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let mut response = (StatusCode::CREATED, headers, submitted.answer).into_response();
    if submitted.repeated {
        let yes = HeaderValue::from_static("true");
        response.headers_mut().insert(REPEATED, yes);
    }
    Ok(response)
}

/// The whole answer: it is kept, and sent again as it was. Fields that nothing reads are refused to nobody, as ever, and told.
fn created(job: &JobView, ignored: &[String], decimals: u8) -> Vec<u8> {
    let mut told = json!({
        "success": true,
        "message": "Job created successfully",
        "job": shape::job::backend(job, true, decimals),
    });
    if !ignored.is_empty() {
        told["ignored"] = json!(ignored);
    }
    told.to_string().into_bytes()
}

/// What the client of a job on chain is to sign. Nothing is kept.
fn bytes_to_sign(to_sign: &ToSign, decimals: u8) -> Response {
    let ToSign { unsigned, asked } = to_sign;
    let told = json!({
        "success": true,
        "message": "Have the wallet sign chain.transaction, and send the same request with what it returns as chain.transaction",
        "chain": {
            "jobId": unsigned.job.to_string(),
            "label": asked.label,
            "price": shape::hyper(asked.price, decimals),
            "priceRaw": asked.price.to_string(),
            "requirementsHash": asked.requirements_hash,
            "transaction": unsigned.transaction,
            "unsigned": unsigned.unsigned,
            "feePayer": unsigned.fee_payer,
            "approvedRaw": unsigned.approved,
            "lastValidBlockHeight": unsigned.last_valid_block_height,
        },
    });
    ([(CACHE_CONTROL, "no-store")], Json(told)).into_response()
}

/// The key whose cap counts.
fn paying(caller: &Caller) -> Option<KeyId> {
    match caller.principal().who() {
        Who::Key { id, .. } => KeyId::parse(id).ok(),
        _ => None,
    }
}

fn repeat(headers: &HeaderMap) -> Result<Option<&str>, Response> {
    let Some(value) = headers.get(REPEAT) else {
        return Ok(None);
    };
    let key = value.to_str().ok().map(str::trim);
    let fits = |key: &&str| (1..=REPEAT_LENGTH).contains(&key.len());
    match key.filter(fits) {
        Some(key) => Ok(Some(key)),
        None => Err(body::bad(
            "Idempotency-Key must be 1 to 128 characters of ASCII",
        )),
    }
}

/// Cancels a job that waits.
pub(crate) async fn cancel(
    State(state): State<ApiState>,
    asked: Asked,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Response> {
    const FAILURE: &str = "Failed to cancel job";
    asked.caller.could(Right::CancelJob)?;
    let body = body::object(&sent)?;
    let desk = desk(&state)?;
    let failed = |error| refuse::desk(&error, FAILURE);
    let job = desk.job(&id).await.map_err(failed)?;
    if !asked.caller.can(Right::CancelJob, &owner_of(&desk, &job)) {
        return Err(refuse::unauthorized());
    }
    // The old clients name the wallet: a wrong name is refused as ever.
    let named = body.get("walletAddress").filter(|name| body::is_said(name));
    let is_other =
        named.is_some_and(|name| name.as_str() != Some(job.owner().to_string().as_str()));
    let principal = asked.caller.principal();
    let is_owner = principal.account() == Some(key(job.owner()));
    let is_operator = principal.roles().has(Role::Operator);
    if is_other || (named.is_none() && !is_owner && !is_operator) {
        return Err(refuse::unauthorized());
    }
    let by = if is_owner || !is_operator {
        By::Owner
    } else {
        By::Operator
    };
    let job = desk.cancel(&job, by).await.map_err(failed)?;
    Ok(Json(json!({
        "success": true,
        "message": "Job cancelled successfully",
        "job": shape::job::backend(&job, true, desk.limits.decimals),
    }))
    .into_response())
}

/// An answer that is not the one asked for, in a text made up on the way.
pub(super) fn refused(status: StatusCode, text: String) -> Response {
    Refusal::told(status, text).into_response()
}
