//! What every route of dispatch begins with: who asks, and the desk.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::rights::{Owner, Right, Who};
use hypernode_accounts::{Fingerprint, PublicKey};
use hypernode_dispatch::desk::{Desk, JobView};
use hypernode_dispatch::job::State;
use hypernode_dispatch::nodes::NodeView;
use hypernode_state::Address;
use serde_json::{Map, Value};

use super::body::is_said;
use super::refuse;
use crate::auth::{Asked, Caller};
use crate::error::Refusal;
use crate::state::ApiState;

/// The desk, and whoever asks: nobody in particular on a server without accounts.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    pub(super) desk: Arc<Desk>,
    pub(super) caller: Option<Caller>,
}

impl FromRequestParts<ApiState> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Response> {
        let caller = parts.extensions.get::<Caller>().cloned();
        Ok(Self {
            desk: desk(state)?,
            caller,
        })
    }
}

/// The desk of this server.
pub(super) fn desk(state: &ApiState) -> Result<Arc<Desk>, Response> {
    state.desk.clone().ok_or_else(|| {
        let text = "This server does not dispatch: ask one that runs the role dispatch";
        let mut response = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text).into_response();
        response.headers_mut().insert(RETRY_AFTER, 60.into());
        response
    })
}

impl Reader {
    /// Whether the caller sees what was submitted with a job, and what came of it.
    pub(super) fn sees(&self, job: &JobView) -> bool {
        let owner = owner_of(&self.desk, job);
        let caller = self.caller.as_ref();
        caller.is_some_and(|caller| caller.can(Right::ReadJobContent, &owner))
    }
}

/// Whose a job is: its submitter's, and its host's while that has it.
pub(super) fn owner_of(desk: &Desk, job: &JobView) -> Owner {
    let node = match job.job.state {
        State::Leased(lease) => desk.nodes.get(lease.node),
        _ => None,
    };
    Owner {
        wallet: Some(key(job.owner())),
        ..node.map(|node| owner_of_node(&node)).unwrap_or_default()
    }
}

/// Whose a node is.
pub(super) fn owner_of_node(node: &NodeView) -> Owner {
    Owner {
        wallet: Some(key(node.node.wallet)),
        host: node.node.about.host_key.map(key),
        node: Some(Fingerprint::of(&node.node.id.to_string())),
    }
}

pub(super) fn key(address: Address) -> PublicKey {
    PublicKey(address.0)
}

/// The node that speaks: that of its token. Where everything is open, the one that is named: by `nodeId`, else the one that
/// `wallet` registered over HTTP.
pub(super) fn speaker(
    asked: &Asked,
    desk: &Desk,
    named: &Map<String, Value>,
) -> Result<Option<NodeView>, Response> {
    let principal = asked.caller.principal();
    let given = named.get("nodeId").and_then(Value::as_str);
    let given = given.and_then(|id| desk.nodes.find(id).ok());
    match principal.who() {
        Who::Node { id, .. } => {
            let own = id.as_deref().and_then(|id| desk.nodes.find(id).ok());
            // A name that is no node's says nothing: the client in the field sends a placeholder.
            match (&own, given) {
                (Some(own), Some(given)) if own.node.id != given.node.id => {
                    Err(refuse::not_yours())
                }
                _ => Ok(own),
            }
        }
        _ if given.is_some() => Ok(given),
        _ => {
            let wallet = ["walletAddress", "wallet"]
                .iter()
                .find_map(|name| named.get(*name));
            let wallet = wallet
                .filter(|wallet| is_said(wallet))
                .and_then(Value::as_str);
            let wallet = wallet.and_then(|text| text.parse::<PublicKey>().ok());
            Ok(wallet.and_then(|wallet| http_node(desk, wallet.into())))
        }
    }
}

/// The node that a wallet registered over HTTP.
pub(super) fn http_node(desk: &Desk, wallet: Address) -> Option<NodeView> {
    use hypernode_dispatch::nodes::Route;
    let nodes = desk.nodes.of_wallet(wallet).into_iter();
    nodes
        .into_iter()
        .find(|view| view.node.about.route == Route::Http)
}

/// Parameters of a query as text; the first of a name counts, others than those that a route knows are ignored.
#[derive(Debug, Clone, Default)]
pub(super) struct Words(Vec<(String, String)>);

impl Words {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The same as a body's fields.
    pub(super) fn fields(&self) -> Map<String, Value> {
        let pairs = self.0.iter().rev().cloned();
        pairs.map(|(key, value)| (key, value.into())).collect()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Words {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        if parts.uri.query().is_none() {
            return Ok(Self::default());
        }
        let read = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let refused = || Refusal::bad_query("the query string cannot be read").into_response();
        read.map(|Query(pairs)| Self(pairs)).map_err(|_| refused())
    }
}
