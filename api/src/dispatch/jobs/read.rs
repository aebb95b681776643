//! Jobs are looked at.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::PublicKey;
use hypernode_dispatch::desk::{JobsAsked, STATUSES};
use serde_json::{Value, json};

use super::super::front::{Reader, Words};
use super::super::{refuse, shape, wallet};
use super::logs;
use crate::error::Refusal;
use crate::state::ApiState;

const FAILURE: &str = "Failed to fetch jobs";
/// Jobs of a list where nothing is said, and at most.
const LIMITS: (u32, u32) = (100, 500);
/// Jobs of a page of the GPU Hosts module.
const MINE: u32 = 50;

/// One job.
pub(crate) async fn one(
    State(state): State<ApiState>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Response> {
    let job = reader.desk.job(&id).await;
    let job = job.map_err(|error| refuse::desk(&error, "Failed to fetch job"))?;
    let sees = reader.sees(&job);
    let mut told = shape::job::backend(&job, sees, reader.desk.limits.decimals);
    let tail = state.hub.as_ref().filter(|_| sees);
    let tail = tail.and_then(|hub| logs::running(hub, &job));
    if let (Value::Object(told), Some(tail)) = (&mut told, tail) {
        told.insert("logs".into(), logs::lines(&tail).into());
        if let Some(progress) = logs::progress(&tail) {
            told.insert("progress".into(), progress);
        }
    }
    if job.chain.is_some() {
        let written = reader.desk.written(job.id()).await;
        let written = written.map_err(|error| refuse::desk(&error, "Failed to fetch job"))?;
        told["chain"]["transactions"] = shape::job::transactions(&written, sees);
    }
    Ok(private(json!({ "success": true, "job": told })))
}

/// Jobs, newest first.
pub(crate) async fn list(reader: Reader, words: Words) -> Result<Response, Response> {
    let Some(asked) = asked(&words)? else {
        return Ok(private(json!({ "success": true, "count": 0, "jobs": [] })));
    };
    let found = reader.desk.jobs(&asked).await;
    let found = found.map_err(|error| refuse::desk(&error, FAILURE))?;
    let decimals = reader.desk.limits.decimals;
    let jobs: Vec<Value> = found
        .jobs
        .iter()
        .map(|job| shape::job::backend(job, reader.sees(job), decimals))
        .collect();
    let mut told = json!({ "success": true, "count": jobs.len(), "jobs": jobs });
    if let (Value::Object(told), Some(next)) = (&mut told, found.next) {
        told.insert("next".into(), next.to_string().into());
    }
    Ok(private(told))
}

/// What a query asks for; `None` where no job can be meant.
fn asked(words: &Words) -> Result<Option<JobsAsked>, Response> {
    let said = |name| words.get(name).filter(|word: &&str| !word.is_empty());
    let owner = match said("walletAddress").map(str::parse::<PublicKey>) {
        None => None,
        Some(Ok(owner)) => Some(owner.into()),
        Some(Err(_)) => return Ok(None),
    };
    let before = match said("cursor").map(str::parse) {
        None => None,
        Some(Ok(before)) => Some(before),
        Some(Err(_)) => {
            let text = "cursor must be what an answer said as next";
            return Err(Refusal::bad_query(text).into_response());
        }
    };
    Ok(Some(JobsAsked {
        owner,
        status: said("status").map(str::to_owned),
        kind: said("jobType").map(str::to_owned),
        before,
        limit: limit(said("limit"))?,
    }))
}

/// A limit in a query; more than the most gives the most.
pub(crate) fn limit(text: Option<&str>) -> Result<u32, Response> {
    let (usual, most) = LIMITS;
    let is_digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    match text {
        None => Ok(usual),
        // Too many digits for a number: more than the most in any case.
        Some(text) if is_digits(&text) => match text.parse().unwrap_or(u32::MAX).min(most) {
            0 => Err(bad_limit()),
            limit => Ok(limit),
        },
        Some(_) => Err(bad_limit()),
    }
}

fn bad_limit() -> Response {
    let text = "limit must be a whole number from 1 on; more than 500 gives 500";
    Refusal::bad_query(text).into_response()
}

/// How many jobs there are.
pub(crate) async fn summary(reader: Reader) -> Result<Response, Response> {
    let summary = reader.desk.summary().await;
    let summary = summary.map_err(|error| refuse::desk(&error, "Failed to fetch job stats"))?;
    let mut stats: serde_json::Map<String, Value> = STATUSES
        .iter()
        .zip(summary.counts)
        .map(|(word, count)| ((*word).to_owned(), count.into()))
        .collect();
    let total: u64 = summary.counts.iter().sum();
    let decimals = reader.desk.limits.decimals;
    stats.insert("total".into(), total.into());
    stats.insert("elsewhere".into(), summary.elsewhere.into());
    stats.insert("totalCost".into(), shape::hyper(summary.cost, decimals));
    stats.insert("totalCostRaw".into(), summary.cost.to_string().into());
    Ok(Json(json!({ "success": true, "stats": stats })).into_response())
}

/// Jobs that the nodes of a wallet have or had.
pub(crate) async fn mine(reader: Reader, words: Words) -> Result<Response, Response> {
    let wallet = wallet::asked(words.get("wallet"), "wallet parameter is required")?;
    let Some(wallet) = wallet else {
        return Ok(Json(json!([])).into_response());
    };
    let jobs = reader.desk.jobs_of_nodes(wallet, MINE).await;
    let jobs = jobs.map_err(|error| refuse::desk(&error, FAILURE))?;
    let jobs: Vec<Value> = jobs.iter().map(shape::job::of_host).collect();
    Ok(Json(jobs).into_response())
}

/// An answer that differs by who asks: for no cache.
fn private(told: Value) -> Response {
    let headers = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (headers, Json(told)).into_response()
}
