//! Nodes.

use crate::ids::{Address, UnixMs};
use crate::limits::{Bounded, Check, Checked, RECORD};

/// A node as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRecord {
    /// Its id.
    pub id: String,
    /// Its owner's wallet.
    pub wallet: Address,
    /// Its account on chain.
    pub chain: Option<Address>,
    /// The number of its last change, from 1.
    pub version: u64,
    /// When it was added.
    pub created_at: UnixMs,
    /// When it was last put.
    pub changed_at: UnixMs,
    /// The caller's record.
    pub record: Vec<u8>,
}

/// Adds or changes a node; its version then, one more than before. Refused where its version is not the expected one. A
/// node that was dropped and is added again starts over at version 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePut {
    /// The node; up to [`crate::limits::ID`] bytes.
    pub id: String,
    /// The version that the change was made from; 0 for a new node.
    pub version: u64,
    /// Its owner's wallet.
    pub wallet: Address,
    /// Its account on chain.
    pub chain: Option<Address>,
    /// The caller's record; up to [`RECORD`] bytes.
    pub record: Vec<u8>,
    /// Now.
    pub at: UnixMs,
}

/// Forgets a node; what it was. Its tokens and credits stay. Refused where it is unknown or its version is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeDrop {
    /// The node.
    pub id: String,
    /// Its version.
    pub version: u64,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetNode {
    /// The node.
    pub id: String,
}

/// Nodes by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListNodes {
    /// Only this wallet's.
    pub wallet: Option<Address>,
    /// Only ids greater than this.
    pub after: Option<String>,
    /// At most so many; up to [`crate::limits::PAGE`].
    pub limit: u32,
}

impl Bounded for NodePut {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("id", &self.id)?;
        check.blob("record", &self.record, RECORD)?;
        check.time("at", self.at)
    }
}

impl Bounded for NodeDrop {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("id", &self.id)
    }
}

impl Bounded for GetNode {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("id", &self.id)
    }
}

impl Bounded for ListNodes {
    fn check(&self, check: &mut Check) -> Checked {
        check.maybe_id("after", self.after.as_deref())?;
        check.page("limit", self.limit)
    }
}
