//! `/api/keys`: API keys of whoever signed in.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use hypernode_accounts::rights::{Right, Scope, Scopes};
use hypernode_accounts::time::{DAY, iso};
use hypernode_accounts::{CreatedKey, KeyId, KeyRequest};
use hypernode_state::accounts::ApiKeyRecord;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::Sent;
use super::caller::Asked;
use super::sign_in::{answer, missing, private};
use super::{body, refuse};
use crate::clock::now;

/// Longest life of a key, in days.
const LONGEST: i64 = 3_650;

/// The wallet's keys, without their secrets.
pub(crate) async fn list(asked: Asked) -> Result<Response, Response> {
    let wallet = asked.caller.own(Right::ReadAccount)?;
    let keys = asked.access.accounts.keys(wallet).await;
    let keys = keys.map_err(|error| refuse::account(&error))?;
    let keys: Vec<Value> = keys.iter().map(told).collect();
    Ok(private(
        json!({ "success": true, "count": keys.len(), "keys": keys }),
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    scopes: Vec<String>,
    #[serde(default)]
    label: String,
    expires_in_days: Option<i64>,
    /// Base units of HYPER, as text.
    spend_cap: Option<String>,
}

/// Makes a key. Its secret is in this answer and nowhere else.
pub(crate) async fn create(asked: Asked, sent: Sent) -> Result<Response, Response> {
    let wallet = asked.caller.own(Right::ManageKeys)?;
    let wanted: Wanted = body::read(&sent)?;
    let now = now();
    let scopes: Result<Vec<Scope>, _> = wanted.scopes.iter().map(|scope| scope.parse()).collect();
    let scopes = scopes
        .map_err(|error: hypernode_accounts::rights::UnknownScope| body::bad(error.to_string()))?;
    if wanted
        .expires_in_days
        .is_some_and(|days| !(1..=LONGEST).contains(&days))
    {
        return Err(body::bad(format!("expiresInDays must be 1 to {LONGEST}")));
    }
    let request = KeyRequest {
        scopes: Scopes::of(&scopes),
        label: wanted.label,
        expires_at: wanted
            .expires_in_days
            .map(|days| now.saturating_add(days * DAY)),
        cap: amount(wanted.spend_cap.as_deref())?,
    };
    let made = asked.access.accounts.create_key(wallet, request, now).await;
    Ok(shown(&made.map_err(|error| refuse::account(&error))?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rotation {
    /// How long the old key goes on.
    #[serde(default)]
    grace_seconds: i64,
}

/// Another key in the place of this one.
pub(crate) async fn rotate(
    asked: Asked,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Response> {
    let wallet = asked.caller.own(Right::ManageKeys)?;
    let Rotation { grace_seconds } = body::read(&sent)?;
    let accounts = &asked.access.accounts;
    let made = accounts
        .rotate_key(
            wallet,
            key_id(&id)?,
            grace_seconds.saturating_mul(1000),
            now(),
        )
        .await;
    Ok(shown(&made.map_err(|error| refuse::account(&error))?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Cap {
    spend_cap: Option<String>,
}

/// Another cap; none takes it away.
pub(crate) async fn cap(
    asked: Asked,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Response> {
    let wallet = asked.caller.own(Right::ManageKeys)?;
    let Cap { spend_cap } = body::read(&sent)?;
    let accounts = &asked.access.accounts;
    let record = accounts
        .set_cap(wallet, key_id(&id)?, amount(spend_cap.as_deref())?, now())
        .await;
    let record = record.map_err(|error| refuse::account(&error))?;
    Ok(private(json!({ "success": true, "key": told(&record) })))
}

/// Ends a key, at once.
pub(crate) async fn revoke(asked: Asked, Path(id): Path<String>) -> Result<Response, Response> {
    let wallet = asked.caller.own(Right::ManageKeys)?;
    let done = asked
        .access
        .accounts
        .revoke_key(wallet, key_id(&id)?, now())
        .await;
    done.map_err(|error| refuse::account(&error))?;
    Ok(private(
        json!({ "success": true, "message": "Key revoked" }),
    ))
}

fn key_id(text: &str) -> Result<KeyId, Response> {
    KeyId::parse(text).map_err(|_| missing("no such API key of this account"))
}

fn amount(text: Option<&str>) -> Result<Option<u64>, Response> {
    let number = |text: &str| {
        let refusal = || {
            let most = u64::MAX;
            body::bad(format!(
                "spendCap must be a whole number of base units, as text: 0 to {most}"
            ))
        };
        text.parse().map_err(|_| refusal())
    };
    text.map(number).transpose()
}

fn shown(made: &CreatedKey) -> Response {
    let body = json!({
        "success": true,
        "message": "Keep this key now: it is not shown again",
        "secret": made.key.expose(),
        "key": told(&made.record),
    });
    answer(StatusCode::CREATED, body)
}

fn told(key: &ApiKeyRecord) -> Value {
    json!({
        "id": key.id,
        "label": key.label,
        "scopes": key.scopes.split_whitespace().collect::<Vec<_>>(),
        "createdAt": iso(key.created_at),
        "expiresAt": key.expires_at.map(iso),
        "lastUsedAt": key.used_at.map(iso),
        "revokedAt": key.revoked_at.map(iso),
        "rotatedFrom": key.rotated_from,
        "spendCap": key.cap.map(|cap| cap.to_string()),
        "spent": key.spent.to_string(),
    })
}
