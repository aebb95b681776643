//! `/api/operator/…`: the first operator, roles, the trail of changes.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::Response;
use hypernode_accounts::operators;
use hypernode_accounts::rights::{Right, Role};
use hypernode_accounts::time::iso;
use hypernode_state::StoreExt as _;
use hypernode_state::accounts::ListAudit;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::Sent;
use super::caller::Asked;
use super::sign_in::private;
use super::{body, refuse};
use crate::clock::now;
use crate::index::limit;

/// Most entries of one answer.
const MOST: u64 = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    code: String,
}

/// Makes whoever signed in, and can read the file with the code, the first operator.
pub(crate) async fn claim(asked: Asked, sent: Sent) -> Result<Response, Response> {
    let wallet = asked.caller.own(Right::ManageKeys)?;
    let Claim { code } = body::read(&sent)?;
    let access = &asked.access;
    let done = operators::claim(&*access.store, &access.directory, &code, wallet, now()).await;
    done.map_err(|error| refuse::bootstrap(&error))?;
    seen(&asked).await?;
    Ok(private(
        json!({ "success": true, "message": "You are the operator: sign in again, sessions of operators are shorter" }),
    ))
}

/// Who has which role.
pub(crate) async fn holders(asked: Asked) -> Result<Response, Response> {
    asked.caller.may(Right::ReadAudit, None)?;
    let mut roles = serde_json::Map::new();
    for (name, role) in [("operator", Role::Operator), ("data-team", Role::DataTeam)] {
        let holders = operators::holders(&*asked.access.store, role).await;
        let holders = holders.map_err(|error| refuse::store(&error))?;
        roles.insert(
            name.into(),
            holders.iter().map(ToString::to_string).collect(),
        );
    }
    Ok(private(json!({ "success": true, "roles": roles })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    wallet: String,
    role: Role,
    granted: bool,
}

/// Gives a role, or takes it.
pub(crate) async fn set(asked: Asked, sent: Sent) -> Result<Response, Response> {
    asked.caller.may(Right::ManageRoles, None)?;
    let Grant {
        wallet,
        role,
        granted,
    } = body::read(&sent)?;
    let wallet = body::key("wallet", &wallet)?;
    let by = asked.caller.actor(Right::ManageRoles);
    let store = &*asked.access.store;
    let left = match granted {
        true => operators::grant(store, wallet, role, &by, now()).await,
        false => operators::withdraw(store, wallet, role, false, &by, now()).await,
    };
    let left = left.map_err(|error| refuse::grant(&error))?;
    seen(&asked).await?;
    let left: Vec<String> = left.0.iter().map(ToString::to_string).collect();
    Ok(private(json!({ "success": true, "holders": left })))
}

/// Roles are written past what is kept of callers: from now on it is known to be old.
async fn seen(asked: &Asked) -> Result<(), Response> {
    let refreshed = asked.access.accounts.auth().refresh().await;
    refreshed.map_err(|error| refuse::store(&error))
}

/// `?after=&limit=`.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    after: Option<u64>,
    limit: Option<String>,
}

/// Changes of accounts after an entry, oldest first.
pub(crate) async fn trail(
    asked: Asked,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Response, Response> {
    asked.caller.may(Right::ReadAudit, None)?;
    let Ok(Query(page)) = page else {
        return Err(body::bad("after must be a number of an entry".into()));
    };
    let limit =
        limit(page.limit.as_deref(), MOST).map_err(axum::response::IntoResponse::into_response)?;
    let query = ListAudit {
        subject: None,
        after: page.after.unwrap_or(0),
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    let entries = asked
        .access
        .store
        .ask(query)
        .await
        .map_err(|error| refuse::store(&error))?;
    let entries: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!({
                "number": entry.seq,
                "at": iso(entry.at),
                "actor": entry.actor,
                "action": entry.action,
                "subject": entry.subject,
                "detail": entry.detail,
            })
        })
        .collect();
    Ok(private(
        json!({ "success": true, "count": entries.len(), "entries": entries }),
    ))
}
