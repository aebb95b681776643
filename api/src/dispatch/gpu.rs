//! `/api/gpu/…`: machines that only tell that they are there.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::rights::{Owner, Right, Who};
use hypernode_accounts::time::iso;
use hypernode_dispatch::desk::{DeskError, Sighting};
use serde_json::{Value, json};

use super::front::{Reader, Words, desk};
use super::{body, refuse, wallet};
use crate::auth::{Asked, Sent};
use crate::error::Refusal;
use crate::state::ApiState;

const FAILURE: &str = "Failed to register the machine";
/// Machines of one answer.
const LISTED: usize = 1_000;

/// A machine tells what it is.
pub(crate) async fn register(
    State(state): State<ApiState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Response> {
    asked.caller.could(Right::Heartbeat)?;
    let body = body::object(&sent)?;
    let owner = wallet::required(&body, "wallet", "wallet is required")?;
    let principal = asked.caller.principal();
    // A host's token speaks for the machines of its wallet here: nothing is given for them.
    let is_hosts = matches!(principal.who(), Who::Node { owner: own, .. } if *own == owner);
    if !is_hosts {
        asked
            .caller
            .may(Right::Heartbeat, Some(&Owner::from(owner)))?;
    }
    let desk = desk(&state)?;
    let seen = desk
        .sightings
        .seen(owner.into(), &Value::Object(body), desk.now());
    match seen {
        Ok(()) => Ok(Json(json!({ "ok": true })).into_response()),
        Err(error @ DeskError::Wrong(_)) => {
            Err(Refusal::told(StatusCode::BAD_REQUEST, error.to_string()).into_response())
        }
        Err(error) => Err(refuse::desk(&error, FAILURE)),
    }
}

/// Machines of a wallet.
pub(crate) async fn hosts(reader: Reader, words: Words) -> Result<Response, Response> {
    let owner = wallet::asked(words.get("wallet"), "wallet parameter is required")?;
    let seen = owner.map_or_else(Vec::new, |owner| {
        reader.desk.sightings.list(Some(owner), LISTED)
    });
    let seen: Vec<Value> = seen.iter().map(told).collect();
    Ok(Json(seen).into_response())
}

/// Machines of all, a thousand at most, and how many there are.
pub(crate) async fn all(reader: Reader) -> Response {
    let seen = reader.desk.sightings.list(None, LISTED);
    let hosts: Vec<Value> = seen.iter().map(told).collect();
    Json(json!({ "total": reader.desk.sightings.len(), "hosts": hosts })).into_response()
}

fn told(seen: &Sighting) -> Value {
    json!({
        "wallet": seen.wallet.to_string(),
        "hostname": seen.hostname,
        "gpus": seen.gpus,
        "os": seen.os,
        "lastSeen": iso(seen.last_seen),
    })
}
