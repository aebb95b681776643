//! Nodes and tokens as maps.

use std::collections::BTreeMap;

use hypernode_state::Digest;
use hypernode_state::nodes::{
    NodeAnswer, NodeOp, NodeQuery, NodeRecord, NodeRefusal, NodeReply, TokenRecord,
};

use super::{Stop, few};

#[derive(Debug, Clone, Default)]
pub(crate) struct Nodes {
    nodes: BTreeMap<String, NodeRecord>,
    tokens: BTreeMap<Digest, TokenRecord>,
}

impl Nodes {
    /// Refuses another version than the node's; 0 stands for one that is not there.
    fn at_version(&self, id: &str, given: u64) -> Result<Option<&NodeRecord>, Stop> {
        let node = self.nodes.get(id);
        match (node, given) {
            (Some(node), _) if node.version == given => Ok(Some(node)),
            (Some(node), _) => {
                let (id, current) = (id.to_owned(), node.version);
                Err(NodeRefusal::Stale { id, given, current }.into())
            }
            (None, 0) => Ok(None),
            (None, _) => Err(NodeRefusal::Unknown { id: id.to_owned() }.into()),
        }
    }

    fn token(&mut self, token: Digest) -> Result<&mut TokenRecord, Stop> {
        let found = self.tokens.get_mut(&token);
        found.ok_or_else(|| NodeRefusal::TokenUnknown.into())
    }

    pub(crate) fn run(&mut self, op: &NodeOp) -> Result<NodeReply, Stop> {
        Ok(match op {
            NodeOp::NodePut(op) => {
                let before = self.at_version(&op.id, op.version)?;
                let node = NodeRecord {
                    id: op.id.clone(),
                    wallet: op.wallet,
                    chain: op.chain,
                    version: op.version + 1,
                    created_at: before.map_or(op.at, |node| node.created_at),
                    changed_at: op.at,
                    record: op.record.clone(),
                };
                self.nodes.insert(op.id.clone(), node);
                NodeReply::NodePut(op.version + 1)
            }
            NodeOp::NodeDrop(op) => {
                self.at_version(&op.id, op.version)?;
                let node = self.nodes.remove(&op.id);
                let unknown = || NodeRefusal::Unknown { id: op.id.clone() };
                NodeReply::NodeDrop(node.ok_or_else(unknown)?)
            }
            NodeOp::TokenIssue(op) => {
                if self.tokens.contains_key(&op.token) {
                    return Err(NodeRefusal::TokenExists.into());
                }
                let token = TokenRecord {
                    token: op.token,
                    wallet: op.wallet,
                    issued_at: op.at,
                    expires_at: op.expires_at,
                    node: None,
                    bound_at: None,
                    revoked_at: None,
                };
                self.tokens.insert(op.token, token.clone());
                NodeReply::TokenIssue(token)
            }
            NodeOp::TokenBind(op) => {
                let token = self.token(op.token)?;
                if let Some(at) = token.revoked_at {
                    return Err(NodeRefusal::TokenRevoked { at }.into());
                }
                if let Some(node) = token.node.clone().filter(|node| *node != op.node) {
                    return Err(NodeRefusal::TokenUsed { node }.into());
                }
                if token.node.is_none() {
                    if op.at >= token.expires_at {
                        let at = token.expires_at;
                        return Err(NodeRefusal::TokenExpired { at }.into());
                    }
                    token.node = Some(op.node.clone());
                    token.bound_at = Some(op.at);
                }
                NodeReply::TokenBind(token.clone())
            }
            NodeOp::TokenRevoke(op) => {
                let token = self.token(op.token)?;
                token.revoked_at = token.revoked_at.or(Some(op.at));
                NodeReply::TokenRevoke(token.clone())
            }
            NodeOp::TokensSweep(op) => {
                let unused = self.tokens.values().filter(|token| token.node.is_none());
                let expired = unused.filter(|token| token.expires_at <= op.now);
                let mut gone: Vec<_> = expired.map(|t| (t.expires_at, t.token)).collect();
                gone.sort();
                let gone = few(gone.into_iter().map(|(_, token)| token), op.limit);
                self.tokens.retain(|token, _| !gone.contains(token));
                NodeReply::TokensSweep(gone.len() as u64)
            }
        })
    }

    pub(crate) fn ask(&self, query: &NodeQuery) -> NodeAnswer {
        match query {
            NodeQuery::GetNode(query) => NodeAnswer::GetNode(self.nodes.get(&query.id).cloned()),
            NodeQuery::ListNodes(query) => {
                let fits = self.nodes.values().filter(|node| {
                    query.wallet.is_none_or(|wallet| node.wallet == wallet)
                        && query.after.as_ref().is_none_or(|after| node.id > *after)
                });
                NodeAnswer::ListNodes(few(fits.cloned(), query.limit))
            }
            NodeQuery::GetToken(query) => {
                NodeAnswer::GetToken(self.tokens.get(&query.token).cloned())
            }
            NodeQuery::ListTokens(query) => {
                let of_wallet = self.tokens.values().filter(|t| t.wallet == query.wallet);
                let mut of_wallet: Vec<_> = of_wallet.collect();
                of_wallet.sort_by_key(|token| (-token.issued_at, token.token));
                NodeAnswer::ListTokens(few(of_wallet.into_iter().cloned(), query.limit))
            }
        }
    }
}
