//! `GET /`: what the page needs, read once for all who ask at a time.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use hypernode_analytics::reputation::Reputation;
use hypernode_analytics::{Error, time};
use serde::Deserialize;

use super::{Content, render};
use crate::answer;
use crate::ask::Ask;
use crate::error::Refusal;
use crate::standing;
use crate::state::ApiState;

/// `?node=`.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    node: Option<String>,
}

/// The page. Its lag is of the present, so no copy of it holds: no tag is compared.
pub(crate) async fn respond(
    State(state): State<ApiState>,
    ask: Ask,
    query: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(Asked { node })) = query else {
        return Refusal::bad_query("the query string cannot be read").into_response();
    };
    if let Some(node) = &node
        && five8::decode_32(node, &mut [0; 32]).is_err()
    {
        let text = "node must be the address of a node's account: 32 bytes in base58";
        return Refusal::bad_query(text).into_response();
    }
    let ask = Ask { known: None, ..ask };
    let mut response = answer::page(&state, &ask, async |now| {
        let (figures, receipts) = (now.figures().await?, now.receipts().await?);
        let standing = state
            .standings
            .current(&state.client, &state.snapshots)
            .await;
        let chosen = match &node {
            Some(node) => of(&state, node, &standing).await,
            None => Ok(None),
        };
        let of = match &node {
            Some(_) => chosen.as_ref().map(Option::as_ref).map_err(|_| ()),
            None => standing.first(),
        };
        Ok(render(&Content {
            network: &state.network(),
            now,
            figures,
            receipts,
            standing: &standing,
            node: of,
            status: &state.report.status(),
            at: time::now(),
        }))
    })
    .await;
    response.headers_mut().remove(ETAG);
    response
}

/// The node that the reader chose, at the slot of the list beside it.
async fn of(
    state: &ApiState,
    node: &str,
    standing: &standing::Standing,
) -> Result<Option<Reputation>, Error> {
    let listed = standing.nodes.as_ref().and_then(|nodes| nodes.first());
    standing::of(&state.client, node, listed.map(|first| first.as_of_slot))
        .await
        .inspect_err(|error| tracing::warn!(%error, "the page goes without the chosen node"))
}
