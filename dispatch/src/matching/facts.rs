//! What the matchmaker knows of a node.

use hypernode_state::Address;

use crate::ids::NodeId;

/// What a node's program may be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Runs {
    /// Only jobs that name the node: its program runs nothing and says that it did.
    Named,
    /// Commands of manifests.
    #[default]
    Manifests,
    /// Free jobs too.
    Free,
}

/// What the matchmaker knows of a node: from its host, from the chain, and from what became of its jobs here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    /// The node.
    pub id: NodeId,
    /// Whoever is paid for its work.
    pub owner: Address,
    /// Connected, and not draining.
    pub online: bool,
    /// GPU model as the host says; empty where there is none.
    pub model: String,
    /// VRAM of one GPU, in MB.
    pub vram_mb: u32,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// HNR-1, 0 to 1000; the prior for a host that is no chain node.
    pub reputation: u16,
    /// Units of evidence that stand behind it, rounded down.
    pub evidence: u32,
    /// Raw HYPER.
    pub stake: u64,
    /// Runs completed here.
    pub completed: u32,
    /// Runs that came to nothing by the node's doing.
    pub failed: u32,
    /// Median time from a frame to its answer, in ms.
    pub rtt_ms: u32,
    /// Raw HYPER per second.
    pub ask: u64,
    /// Jobs that it runs at a time.
    pub slots: u16,
    /// Jobs that it has now, offered ones among them.
    pub running: u16,
    /// Whether what it runs is kept from the machine.
    pub sandboxed: bool,
    /// What its program may be sent.
    pub runs: Runs,
}

#[cfg(test)]
impl NodeFacts {
    /// A node like most.
    pub(crate) fn plain(number: u128) -> Self {
        Self {
            id: NodeId::uuid(number),
            owner: Address([1; 32]),
            online: true,
            model: "NVIDIA GeForce RTX 4090".to_owned(),
            vram_mb: 24_576,
            capabilities: vec!["inference".to_owned()],
            reputation: 800,
            evidence: 100,
            stake: 0,
            completed: 100,
            failed: 0,
            rtt_ms: 40,
            ask: 10_000,
            slots: 1,
            running: 0,
            sandboxed: false,
            runs: Runs::Manifests,
        }
    }
}
