//! Why the registry refuses.

use hypernode_accounts::NoRandomness;
use hypernode_state::StoreError;

/// Why the registry refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodesError {
    /// No such node.
    #[error("Node not found")]
    Unknown,
    /// The node is another wallet's.
    #[error("node {0} belongs to another wallet")]
    NotYours(String),
    /// A wallet has as many nodes as it may.
    #[error(
        "this wallet has {0} nodes, and no more are kept of one wallet: deregister those that are gone"
    )]
    TooMany(u32),
    /// The registry has as many nodes as it may.
    #[error("{0} nodes are registered, and no more are kept here: deregister those that are gone")]
    Full(u32),
    /// A wallet has as many unused tokens as it may.
    #[error("this wallet has {0} unused tokens: use them, or wait until they expire")]
    TooManyTokens(u32),
    /// The token was never issued, has expired unused, was revoked, or its node was deregistered.
    #[error(
        "the token is not good: never issued, expired unused, revoked, or its node was deregistered"
    )]
    Token,
    /// The system gave no randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The store failed.
    #[error("the store of nodes: {0}")]
    Store(#[from] StoreError),
    /// A record cannot be written: none of ours should bring this about.
    #[error("a node's record cannot be written: {0}")]
    Unwritable(String),
    /// A record cannot be read.
    #[error(
        "node {node} as it was kept cannot be read: {error}; it was written by another version, or damaged"
    )]
    Record {
        /// The node.
        node: String,
        /// Why.
        error: String,
    },
}
