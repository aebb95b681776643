//! Nodes are looked at.

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::PublicKey;
use hypernode_dispatch::desk::Desk;
use hypernode_dispatch::nodes::{Filter, NodeView, NodesError};
use hypernode_state::Address;
use serde_json::{Value, json};

use super::super::front::{Reader, Words};
use super::super::{refuse, shape, wallet};
use crate::error::Refusal;

const FAILURE: &str = "Failed to fetch nodes";
/// Nodes of one answer.
const LISTED: usize = 1_000;

/// One node.
pub(crate) async fn one(reader: Reader, Path(id): Path<String>) -> Result<Response, Response> {
    const FAILURE: &str = "Failed to fetch node";
    let failed = |error| refuse::nodes(&error, FAILURE);
    let view = reader.desk.nodes.find(&id).map_err(failed)?;
    let node = told(&reader.desk, &view).await.map_err(failed)?;
    Ok(Json(json!({ "success": true, "node": node })).into_response())
}

/// Nodes in the order of their registration.
pub(crate) async fn list(reader: Reader, words: Words) -> Result<Response, Response> {
    let said = |name| words.get(name).filter(|word: &&str| !word.is_empty());
    let filter = Filter {
        status: said("status").map(str::to_owned),
        gpu_model: said("gpuModel").map(str::to_owned),
        capability: said("capability").map(str::to_owned),
        ..Filter::default()
    };
    found(&reader.desk, &filter, said("cursor"), said("limit")).await
}

/// Nodes of a wallet.
pub(crate) async fn of_wallet(
    reader: Reader,
    Path(wallet): Path<String>,
    words: Words,
) -> Result<Response, Response> {
    let Ok(wallet) = wallet.parse::<PublicKey>() else {
        return Ok(Json(json!({ "success": true, "count": 0, "nodes": [] })).into_response());
    };
    let filter = Filter {
        wallet: Some(wallet.into()),
        ..Filter::default()
    };
    let (cursor, limit) = (words.get("cursor"), words.get("limit"));
    found(&reader.desk, &filter, cursor, limit).await
}

async fn found(
    desk: &Desk,
    filter: &Filter,
    cursor: Option<&str>,
    limit: Option<&str>,
) -> Result<Response, Response> {
    let bad_cursor = || {
        let text = "cursor must be what an answer said as next, of a node that is still there";
        Refusal::bad_query(text).into_response()
    };
    let after = cursor
        .map(str::parse)
        .transpose()
        .map_err(|_| bad_cursor())?;
    let limit = match limit {
        None => LISTED,
        Some(_) => super::super::jobs::read::limit(limit)? as usize,
    };
    let page = match desk.nodes.list(filter, after, limit) {
        Err(NodesError::Unknown) => return Err(bad_cursor()),
        page => page.map_err(|error| refuse::nodes(&error, FAILURE))?,
    };
    let mut nodes = Vec::with_capacity(page.nodes.len());
    for view in &page.nodes {
        let node = told(desk, view).await;
        nodes.push(node.map_err(|error| refuse::nodes(&error, FAILURE))?);
    }
    let mut told = json!({ "success": true, "count": nodes.len(), "nodes": nodes });
    if let (Value::Object(told), Some(next)) = (&mut told, page.next) {
        told.insert("next".into(), next.to_string().into());
    }
    Ok(Json(told).into_response())
}

/// Nodes of a wallet, for the table of the GPU Hosts module.
pub(crate) async fn mine(reader: Reader, words: Words) -> Result<Response, Response> {
    let wallet = wallet::asked(words.get("wallet"), "wallet parameter is required")?;
    let desk = &reader.desk;
    let nodes = wallet.map_or_else(Vec::new, |wallet: Address| desk.nodes.of_wallet(wallet));
    let mut listed = Vec::new();
    for view in nodes.iter().take(LISTED) {
        let tally = desk.nodes.tally(view).await;
        let tally = tally.map_err(|error| refuse::nodes(&error, FAILURE))?;
        listed.push(shape::node::of_host(
            view,
            tally,
            desk.limits.decimals,
            desk.now(),
        ));
    }
    Ok(Json(listed).into_response())
}

/// A node as the Backend shows it.
pub(super) async fn told(desk: &Desk, view: &NodeView) -> Result<Value, NodesError> {
    let tally = desk.nodes.tally(view).await?;
    let standing = desk.scores.of(view.node.name());
    let decimals = desk.limits.decimals;
    Ok(shape::node::backend(
        view,
        tally,
        standing,
        decimals,
        desk.now(),
    ))
}
