//! What the chain says of nodes, for whoever looks at them. Told by whoever reads it from the warehouse.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::ids::NodeId;
use crate::nodes::Standing;

/// What the chain says of nodes, by their addresses.
#[derive(Debug, Default)]
pub struct Scores(RwLock<HashMap<NodeId, Standing>>);

impl Scores {
    /// From now on this counts; a node that is not named has the prior score.
    pub fn set(&self, nodes: impl IntoIterator<Item = (NodeId, Standing)>) {
        let nodes = nodes.into_iter().collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = nodes;
    }

    /// What it says of a node.
    pub fn of(&self, node: NodeId) -> Standing {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&node).copied().unwrap_or_default()
    }
}
