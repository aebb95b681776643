//! Tokens in SQL.

use rusqlite::{Row, params};

use crate::ids::Digest;
use crate::nodes::{
    ListTokens, NodeRefusal, TokenBind, TokenIssue, TokenRecord, TokenRevoke, TokensSweep,
};
use crate::sqlite::db::Db;
use crate::sqlite::exec::{Cx, Stop};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT token, wallet, issued_at, expires_at, node, bound_at, revoked_at FROM node_tokens ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> rusqlite::Result<TokenRecord> {
    Ok(TokenRecord {
        token: row.get(0)?,
        wallet: row.get(1)?,
        issued_at: row.get(2)?,
        expires_at: row.get(3)?,
        node: row.get(4)?,
        bound_at: row.get(5)?,
        revoked_at: row.get(6)?,
    })
}

pub(super) fn get(db: &Db<'_>, token: Digest) -> rusqlite::Result<Option<TokenRecord>> {
    db.first(select!("WHERE token = ?1"), [token], read)
}

pub(super) fn list(db: &Db<'_>, query: &ListTokens) -> rusqlite::Result<Vec<TokenRecord>> {
    let sql = select!("WHERE wallet = ?1 ORDER BY issued_at DESC, token LIMIT ?2");
    db.all(sql, params![query.wallet, query.limit], read)
}

fn known(cx: &Cx<'_, '_>, token: Digest) -> Result<TokenRecord, Stop> {
    get(cx.db, token)?.ok_or_else(|| NodeRefusal::TokenUnknown.into())
}

pub(super) fn issue(cx: &Cx<'_, '_>, op: &TokenIssue) -> Result<TokenRecord, Stop> {
    if get(cx.db, op.token)?.is_some() {
        return Err(NodeRefusal::TokenExists.into());
    }
    let sql =
        "INSERT INTO node_tokens (token, wallet, issued_at, expires_at) VALUES (?1, ?2, ?3, ?4)";
    cx.execute(sql, params![op.token, op.wallet, op.at, op.expires_at])?;
    Ok(TokenRecord {
        token: op.token,
        wallet: op.wallet,
        issued_at: op.at,
        expires_at: op.expires_at,
        node: None,
        bound_at: None,
        revoked_at: None,
    })
}

pub(super) fn bind(cx: &Cx<'_, '_>, op: &TokenBind) -> Result<TokenRecord, Stop> {
    let mut token = known(cx, op.token)?;
    if let Some(at) = token.revoked_at {
        return Err(NodeRefusal::TokenRevoked { at }.into());
    }
    match token.node {
        Some(ref node) if *node == op.node => return Ok(token),
        Some(node) => return Err(NodeRefusal::TokenUsed { node }.into()),
        None => {}
    }
    if op.at >= token.expires_at {
        let at = token.expires_at;
        return Err(NodeRefusal::TokenExpired { at }.into());
    }
    let sql = "UPDATE node_tokens SET node = ?2, bound_at = ?3 WHERE token = ?1";
    cx.execute(sql, params![op.token, op.node, op.at])?;
    token.node = Some(op.node.clone());
    token.bound_at = Some(op.at);
    Ok(token)
}

pub(super) fn revoke(cx: &Cx<'_, '_>, op: &TokenRevoke) -> Result<TokenRecord, Stop> {
    let sql = "UPDATE node_tokens SET revoked_at = ?2 WHERE token = ?1 AND revoked_at IS NULL";
    cx.execute(sql, params![op.token, op.at])?;
    known(cx, op.token)
}

pub(super) fn sweep(cx: &Cx<'_, '_>, op: &TokensSweep) -> Result<u64, Stop> {
    let sql = "DELETE FROM node_tokens WHERE token IN
               (SELECT token FROM node_tokens WHERE node IS NULL AND expires_at <= ?1 ORDER BY expires_at, token LIMIT ?2)";
    Ok(cx.execute(sql, params![op.now, op.limit])? as u64)
}
