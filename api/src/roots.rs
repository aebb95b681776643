//! `/api/validation/roots`: the root over each day's evidence, for those who keep what was published.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use hypernode_analytics::Finality;
use hypernode_analytics::reputation::{newest_root, roots_between};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Refusal;
use crate::index::{failed, limit, number, stated};
use crate::shapes;
use crate::state::ApiState;

const FAILURE: &str = "Failed to read roots";
/// Days of an answer that says nothing of its range.
const DAYS: i32 = 30;
/// Most roots of one answer.
const MOST: u64 = 400;

/// `?from=&to=&limit=`.
#[derive(Debug, Deserialize)]
pub(crate) struct InRange {
    from: Option<String>,
    to: Option<String>,
    limit: Option<String>,
}

/// Roots of a range of days, oldest first.
pub(crate) async fn respond(
    State(state): State<ApiState>,
    query: Result<Query<InRange>, QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else {
        return Refusal::bad_query("the query string cannot be read").into_response();
    };
    let (from, to) = match (day(query.from.as_deref()), day(query.to.as_deref())) {
        (Some(from), Some(to)) => (from, to),
        (None, _) => {
            return Refusal::bad_query("from must be a day: a whole number of days since 1970")
                .into_response();
        }
        (_, None) => {
            return Refusal::bad_query("to must be a day: a whole number of days since 1970")
                .into_response();
        }
    };
    let limit = match limit(query.limit.as_deref(), MOST) {
        Ok(limit) => limit,
        Err(refusal) => return refusal.into_response(),
    };
    let newest = match newest_root(&state.client).await {
        Ok(newest) => newest,
        Err(error) => return failed(&error, FAILURE),
    };
    let as_of = newest.map_or(0, |root| root.last_slot);
    let newest = newest.map_or(0, |root| root.day);
    let to = to.unwrap_or(newest).min(newest);
    let from = from.unwrap_or_else(|| to.saturating_sub(DAYS - 1));
    // One more than wanted: where the next answer begins.
    let mut found = match roots_between(&state.client, from, to, limit + 1).await {
        Ok(found) => found,
        Err(error) => return failed(&error, FAILURE),
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let next = found.get(limit).map(|root| root.day);
    found.truncate(limit);
    let roots: Vec<Value> = found.iter().map(shapes::reputation::root).collect();
    stated(
        as_of,
        Finality::Finalized,
        json!({ "roots": roots, "next_from": next }),
    )
}

/// A day, if one is named; `None`: what is named is none.
fn day(text: Option<&str>) -> Option<Option<i32>> {
    match number(text) {
        Ok(None) => Some(None),
        Ok(Some(day)) => i32::try_from(day).ok().map(Some),
        Err(()) => None,
    }
}
