//! `/api/auth/…`: a text to sign, its signature for a session, and the end of it.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hypernode_accounts::AccountError;
use hypernode_accounts::rights::{Principal, Right, Who};
use hypernode_accounts::siws::{self, SignInOutput};
use hypernode_accounts::time::iso;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::Sent;
use super::caller::{Asked, bearer, by_foreign_page};
use super::{body, cookie, refuse};
use crate::clock::now;
use crate::error::Refusal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Challenge {
    /// Which of our sites, where there are several.
    domain: Option<String>,
    /// Whose signature is wanted; without it anybody's.
    address: Option<String>,
}

/// What a wallet is to sign: the input of `signIn`, and the same as text for `signMessage`.
pub(crate) async fn challenge(asked: Asked, sent: Sent) -> Result<Response, Response> {
    let Challenge { domain, address } = body::read(&sent)?;
    let address = address
        .map(|address| body::key("address", &address))
        .transpose()?;
    let accounts = &asked.access.accounts;
    let message = accounts.challenge(domain.as_deref(), address, now()).await;
    let message = message.map_err(|error| match error {
        // Nothing was signed yet: the request is wrong, nobody's proof is.
        AccountError::SignIn(siws::Refusal::WrongDomain { expected }) => body::bad(format!(
            "domain: nobody signs in to that name here, but to {expected}; leave it out, or have the operator set api.domain to the name that browsers show"
        )),
        error => refuse::account(&error),
    })?;
    // Without an address the wallet puts its own in.
    let text = message.address.is_some().then(|| message.text());
    Ok(private(
        json!({ "success": true, "input": message, "message": text }),
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Signed {
    address: String,
    /// Base64.
    signed_message: String,
    /// Base64 or base58.
    signature: String,
}

/// What a wallet returned, from a body.
pub(super) fn output(sent: &Sent) -> Result<SignInOutput, Response> {
    let signed: Signed = body::read(sent)?;
    let account = body::key("address", &signed.address)?;
    let signed_message = STANDARD.decode(&signed.signed_message);
    let signed_message =
        signed_message.map_err(|_| body::bad("signedMessage must be base64".into()))?;
    Ok(SignInOutput {
        account,
        signed_message,
        signature: signature(&signed.signature)?,
    })
}

/// 64 bytes, as wallets' libraries write them: base64 or base58. The two differ in length.
pub(super) fn signature(text: &str) -> Result<Vec<u8>, Response> {
    let refusal = || body::bad("signature must be 64 bytes in base64 or base58".into());
    if text.len() == 88 && text.ends_with("==") {
        return STANDARD.decode(text).map_err(|_| refusal());
    }
    let mut bytes = [0; 64];
    five8::decode_64(text, &mut bytes).map_err(|_| refusal())?;
    Ok(bytes.to_vec())
}

/// Begins a session: as a cookie for pages, as a token for programs.
pub(crate) async fn sign_in(
    asked: Asked,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Response> {
    // Else a page could sign its visitor in to an account of the page's.
    by_foreign_page(&asked.access, &headers)?;
    let output = output(&sent)?;
    let label = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or("unknown");
    let now = now();
    let signed = asked.access.accounts.sign_in(&output, label, now).await;
    let signed = signed.map_err(|error| refuse::account(&error))?;
    let mut told = told(&signed.principal);
    if let Some(object) = told.as_object_mut() {
        object.insert("success".into(), true.into());
        object.insert("token".into(), signed.token.expose().into());
        object.insert("expiresAt".into(), iso(signed.expires_at).into());
    }
    let mut response = private(told);
    let seconds = signed.expires_at.saturating_sub(now) / 1000;
    if let Some(cookie) = cookie::set(signed.token.expose(), seconds, asked.access.secure) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Who somebody is, as answers say it.
fn told(principal: &Principal) -> Value {
    let via = match principal.who() {
        Who::Anonymous => "nothing",
        Who::Wallet(_) => "session",
        Who::Key { .. } => "key",
        Who::Host { .. } => "host",
        Who::Node { .. } => "node",
    };
    let scopes: Vec<&str> = principal
        .scopes()
        .iter()
        .map(hypernode_accounts::rights::Scope::name)
        .collect();
    let roles: Vec<_> = principal.roles().iter().collect();
    json!({
        "wallet": principal.account().map(|wallet| wallet.to_string()),
        "via": via,
        "roles": roles,
        "scopes": scopes,
    })
}

/// Who the caller is; nobody in particular is an answer, too.
pub(crate) async fn me(asked: Asked) -> Result<Response, Response> {
    asked.caller.may(Right::ReadPublic, None)?;
    let mut told = told(&asked.caller.principal());
    if let Some(object) = told.as_object_mut() {
        object.insert("success".into(), true.into());
        object.insert("openDev".into(), asked.access.open_dev.into());
    }
    Ok(private(told))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignOut {
    #[serde(default)]
    everywhere: bool,
}

/// Ends the session that was sent along, or all of its wallet.
pub(crate) async fn sign_out(
    asked: Asked,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Response> {
    let SignOut { everywhere } = body::read(&sent)?;
    let accounts = &asked.access.accounts;
    let done = if everywhere {
        let wallet = asked.caller.own(Right::ManageSessions)?;
        accounts.sign_out_everywhere(wallet, now()).await
    } else {
        let token = bearer(&headers).or_else(|| cookie::session(&headers, asked.access.secure));
        accounts.sign_out(token.unwrap_or_default(), now()).await
    };
    done.map_err(|error| refuse::account(&error))?;
    let mut response = private(json!({ "success": true, "message": "Signed out" }));
    if let Some(cookie) = cookie::set("", 0, asked.access.secure) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The wallet's sessions, newest first.
pub(crate) async fn sessions(asked: Asked) -> Result<Response, Response> {
    let wallet = asked.caller.own(Right::ManageSessions)?;
    let sessions = asked.access.accounts.sessions(wallet).await;
    let sessions = sessions.map_err(|error| refuse::account(&error))?;
    let sessions: Vec<Value> = sessions
        .iter()
        .map(|session| {
            json!({
                "label": session.label,
                "createdAt": iso(session.created_at),
                "lastUsedAt": iso(session.seen_at),
                "expiresAt": iso(session.expires_at),
                "endedAt": session.revoked_at.map(iso),
            })
        })
        .collect();
    Ok(private(
        json!({ "success": true, "count": sessions.len(), "sessions": sessions }),
    ))
}

/// An answer that is for whoever asked, and for no cache.
pub(super) fn private(body: Value) -> Response {
    answer(StatusCode::OK, body)
}

pub(super) fn answer(status: StatusCode, body: Value) -> Response {
    let headers = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (status, headers, Json(body)).into_response()
}

/// Something that exists for nobody yet.
pub(super) fn missing(text: &'static str) -> Response {
    Refusal::new(StatusCode::NOT_FOUND, text).into_response()
}
