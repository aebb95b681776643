//! Nodes and their tokens in SQL.

mod node;
mod tokens;

use super::db::Db;
use super::exec::{Cx, Stop};
use crate::nodes::{NodeAnswer, NodeOp, NodeQuery, NodeReply};

pub(super) fn run(cx: &Cx<'_, '_>, op: &NodeOp) -> Result<NodeReply, Stop> {
    use NodeOp as Op;
    use NodeReply as Reply;
    Ok(match op {
        Op::NodePut(op) => Reply::NodePut(node::put(cx, op)?),
        Op::NodeDrop(op) => Reply::NodeDrop(node::forget(cx, op)?),
        Op::TokenIssue(op) => Reply::TokenIssue(tokens::issue(cx, op)?),
        Op::TokenBind(op) => Reply::TokenBind(tokens::bind(cx, op)?),
        Op::TokenRevoke(op) => Reply::TokenRevoke(tokens::revoke(cx, op)?),
        Op::TokensSweep(op) => Reply::TokensSweep(tokens::sweep(cx, op)?),
    })
}

pub(super) fn ask(db: &Db<'_>, query: &NodeQuery) -> rusqlite::Result<NodeAnswer> {
    Ok(match query {
        NodeQuery::GetNode(query) => NodeAnswer::GetNode(node::get(db, &query.id)?),
        NodeQuery::ListNodes(query) => NodeAnswer::ListNodes(node::list(db, query)?),
        NodeQuery::GetToken(query) => NodeAnswer::GetToken(tokens::get(db, query.token)?),
        NodeQuery::ListTokens(query) => NodeAnswer::ListTokens(tokens::list(db, query)?),
    })
}
