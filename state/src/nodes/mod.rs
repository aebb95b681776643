//! Nodes, and the tokens by which their hosts sign on.
//!
//! As with jobs, what a node is is the caller's: a record of bytes beside what is filtered by. A token binds to the node
//! that it is first used for, and is good for that node alone from then on, so that a host may come back with it.

mod node;
mod tokens;

pub use node::{GetNode, ListNodes, NodeDrop, NodePut, NodeRecord};
pub use tokens::{
    GetToken, ListTokens, TokenBind, TokenIssue, TokenRecord, TokenRevoke, TokensSweep,
};

use crate::area::area;
use crate::ids::UnixMs;

area!(
    Node,
    /// Changes of nodes and their tokens.
    ops NodeOp -> NodeReply {
        NodePut => u64,
        NodeDrop => NodeRecord,
        TokenIssue => TokenRecord,
        TokenBind => TokenRecord,
        TokenRevoke => TokenRecord,
        TokensSweep => u64,
    }
    /// Questions about nodes and their tokens.
    queries NodeQuery -> NodeAnswer {
        GetNode => Option<NodeRecord>,
        ListNodes => Vec<NodeRecord>,
        GetToken => Option<TokenRecord>,
        ListTokens => Vec<TokenRecord>,
    }
);

/// Why a change of a node or token is refused. None shows a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeRefusal {
    /// No node with this id.
    #[error("node {id} is unknown")]
    Unknown {
        /// The node.
        id: String,
    },
    /// It was changed since the version that was given, or is there although it was to be new.
    #[error("node {id} is at version {current}, not {given}")]
    Stale {
        /// The node.
        id: String,
        /// The version that was given; 0 for a new one.
        given: u64,
        /// Its version.
        current: u64,
    },
    /// A token of this hash was issued before.
    #[error("this token was issued before")]
    TokenExists,
    /// No such token: never issued, or swept.
    #[error("no such token")]
    TokenUnknown,
    /// The token was revoked.
    #[error("this token was revoked at {at}")]
    TokenRevoked {
        /// When, Unix milliseconds.
        at: UnixMs,
    },
    /// The time for its first use is over.
    #[error("this token expired unused at {at}")]
    TokenExpired {
        /// When, Unix milliseconds.
        at: UnixMs,
    },
    /// It is another node's.
    #[error("this token is node {node}'s")]
    TokenUsed {
        /// The node that it is bound to.
        node: String,
    },
}
