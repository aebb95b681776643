//! Nodes come, show life, and go.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::PublicKey;
use hypernode_accounts::rights::{Denied, Owner, Right, Who};
use hypernode_dispatch::desk::Desk;
use hypernode_dispatch::nodes::{Fields, NodeView, NodesError, digest};
use hypernode_state::StoreExt as _;
use hypernode_state::nodes::TokenBind;
use serde_json::{Map, Value, json};

use super::super::front::{desk, http_node, owner_of_node, speaker};
use super::super::{body, refuse, wallet};
use super::read::told;
use crate::auth::{Asked, Sent, bearer, refuse_denied};
use crate::state::ApiState;

const MISSING: &str = "Wallet address is required";
/// How often a node that speaks HTTP is to show life, in ms.
const NEXT_MS: u32 = 60_000;

/// Registers the one node that a wallet has by this route, or takes what is said of it anew. A token that no node has used
/// yet is the node's from then on.
pub(crate) async fn register(
    State(state): State<ApiState>,
    asked: Asked,
    headers: axum::http::HeaderMap,
    sent: Sent,
) -> Result<Response, Response> {
    const FAILURE: &str = "Failed to register node";
    let failed = |error: NodesError| refuse::nodes(&error, FAILURE);
    asked.caller.could(Right::ManageNode)?;
    let body = body::object(&sent)?;
    let owner = wallet::required(&body, "walletAddress", MISSING)?;
    let desk = desk(&state)?;
    let known = http_node(&desk, owner.into());
    let is_fresh = is_fresh_token(&asked);
    let thing = match &known {
        // A token of the wallet's that no node has used yet may become that of its node.
        Some(node) if !is_fresh => owner_of_node(node),
        _ => Owner::from(owner),
    };
    asked.caller.may(Right::ManageNode, Some(&thing))?;
    let fields = Fields::read(&Value::Object(body));
    let registered = desk.nodes.register_http(owner.into(), &fields).await;
    let registered = registered.map_err(failed)?;
    if let Some(token) = bearer(&headers).filter(|_| is_fresh) {
        let bind = TokenBind {
            token: digest(token),
            node: registered.node.node.id.to_string(),
            at: desk.now(),
        };
        desk.store
            .run(bind)
            .await
            .map_err(|error| match error.refusal() {
                // Used or revoked meanwhile.
                Some(_) => failed(NodesError::Token),
                None => failed(NodesError::Store(error)),
            })?;
    }
    let node = told(&desk, &registered.node).await.map_err(failed)?;
    let (status, message) = match registered.created {
        true => (StatusCode::CREATED, "Node registered successfully"),
        false => (StatusCode::OK, "Node updated successfully"),
    };
    let mut told = json!({ "success": true, "message": message, "node": node });
    if let (Value::Object(told), Some(token)) = (&mut told, registered.token) {
        told.insert("nodeToken".into(), token.expose().into());
    }
    Ok((status, [(CACHE_CONTROL, "no-store")], Json(told)).into_response())
}

fn is_fresh_token(asked: &Asked) -> bool {
    matches!(asked.caller.principal().who(), Who::Node { id: None, .. })
}

/// Issues a token for one more host of a wallet.
pub(crate) async fn issue_token(
    State(state): State<ApiState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Response> {
    asked.caller.could(Right::ManageNode)?;
    if let Who::Node { .. } | Who::Host { .. } = asked.caller.principal().who() {
        // A token must not beget others: whoever finds one would never be rid of again.
        return Err(refuse_denied(&Denied::NotYours));
    }
    let body = body::object(&sent)?;
    let owner = wallet::required(&body, "wallet", "wallet address is required")?;
    asked
        .caller
        .may(Right::ManageNode, Some(&Owner::from(owner)))?;
    let hide = body
        .get("hideLocation")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let token = desk(&state)?.nodes.issue_token(owner.into(), hide).await;
    let token = token.map_err(|error| refuse::nodes(&error, "Failed to issue token"))?;
    let told = json!({ "token": token.expose() });
    Ok(([(CACHE_CONTROL, "no-store")], Json(told)).into_response())
}

/// A node that is named shows life.
pub(crate) async fn heartbeat(
    State(state): State<ApiState>,
    asked: Asked,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Response> {
    asked.caller.could(Right::Heartbeat)?;
    let body = body::object(&sent)?;
    let desk = desk(&state)?;
    let node = desk
        .nodes
        .find(&id)
        .map_err(|error| refuse::nodes(&error, FAILED_BEAT))?;
    beat(&asked, &desk, &node, &body)
}

/// The node of a token, or the one that a wallet registered, shows life.
pub(crate) async fn heartbeat_of_own(
    State(state): State<ApiState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Response> {
    asked.caller.could(Right::Heartbeat)?;
    let body = body::object(&sent)?;
    let desk = desk(&state)?;
    let node = match speaker(&asked, &desk, &body)? {
        Some(node) => node,
        None if !body.get("nodeId").is_some_and(body::is_said) => {
            let wallet: PublicKey = wallet::required(&body, "walletAddress", MISSING)?;
            http_node(&desk, wallet.into()).ok_or_else(unknown)?
        }
        None => return Err(unknown()),
    };
    beat(&asked, &desk, &node, &body)
}

const FAILED_BEAT: &str = "Failed to record heartbeat";

fn unknown() -> Response {
    refuse::nodes(&NodesError::Unknown, FAILED_BEAT)
}

fn beat(
    asked: &Asked,
    desk: &Desk,
    node: &NodeView,
    body: &Map<String, Value>,
) -> Result<Response, Response> {
    asked
        .caller
        .may(Right::Heartbeat, Some(&owner_of_node(node)))?;
    let status = body.get("status").and_then(Value::as_str);
    let beaten = desk
        .nodes
        .heartbeat(node.node.id, status, body.get("metrics"));
    beaten.map_err(|error| refuse::nodes(&error, FAILED_BEAT))?;
    Ok(Json(json!({
        "success": true,
        "message": "Heartbeat received",
        "nextHeartbeatIn": NEXT_MS,
    }))
    .into_response())
}

/// Forgets a node. What it has goes to others.
pub(crate) async fn deregister(
    State(state): State<ApiState>,
    asked: Asked,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Response> {
    const FAILURE: &str = "Failed to deregister node";
    let failed = |error: NodesError| refuse::nodes(&error, FAILURE);
    asked.caller.could(Right::ManageNode)?;
    let body = body::object(&sent)?;
    let desk = desk(&state)?;
    let view = desk.nodes.find(&id).map_err(failed)?;
    let wallet = view.node.wallet;
    let named = body.get("walletAddress").filter(|name| body::is_said(name));
    let is_other = named.is_some_and(|name| name.as_str() != Some(wallet.to_string().as_str()));
    // Whoever proves nothing must at least know whose it is, as with the old server.
    let is_unproven = named.is_none() && asked.caller.is_open();
    if is_other || is_unproven || !asked.caller.can(Right::ManageNode, &owner_of_node(&view)) {
        return Err(refuse::unauthorized());
    }
    let name = view.node.name();
    desk.nodes.deregister(name, wallet).await.map_err(failed)?;
    if let Ok(dispatch) = desk.center.now() {
        // Without a dispatcher there is nothing that it has.
        let _ = dispatch.down(name).await;
    }
    Ok(
        Json(json!({ "success": true, "message": "Node deregistered successfully" }))
            .into_response(),
    )
}
