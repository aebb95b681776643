//! What a job needs, as it was written and as it is compared.

use hypernode_state::Address;
use serde::{Deserialize, Serialize};

use super::names::Takes;
use crate::ids::NodeId;

/// The largest number that canonical JSON writes exactly: 2^53 - 1. Amounts beyond it count as this.
pub const EXACT: u64 = (1 << 53) - 1;

/// How a node is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// A draw among the best by quality and price.
    #[default]
    Draw,
    /// The best by the old formula.
    ReputationWeighted,
}

/// How price weighs against quality.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Gamma {
    /// Price decides nothing.
    Quality,
    /// Half the price counts as twice the quality, and no more.
    #[default]
    Balanced,
    /// The cheapest that can do it.
    Cheapest,
}

impl Gamma {
    /// The exponent.
    pub fn exponent(self) -> u8 {
        match self {
            Self::Quality => 0,
            Self::Balanced => 1,
            Self::Cheapest => 3,
        }
    }
}

/// What a job needs of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Needs {
    /// Words of a GPU's model; any where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_model: Option<String>,
    /// VRAM of one GPU, in MB.
    pub min_vram_mb: u32,
    /// What the node must be able to do.
    pub capabilities: Vec<String>,
    /// HNR-1.
    pub min_reputation: u16,
    /// Raw HYPER.
    pub min_stake: u64,
    /// Highest ask that the budget bears, raw HYPER per second; none where nothing is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ask: Option<u64>,
    /// How price weighs.
    pub gamma: Gamma,
    /// Only nodes that keep what they run from the machine.
    pub sandboxed: bool,
    /// Only nodes of this owner.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "text")]
    #[serde(deserialize_with = "optional")]
    pub owner: Option<Address>,
    /// No nodes of this owner.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "text")]
    #[serde(deserialize_with = "optional")]
    pub not_owner: Option<Address>,
    /// Only this node: our own test of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// A free job of this submitter: only nodes whose programs run such, and of those only sandboxed ones and the
    /// submitter's own.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "text")]
    #[serde(deserialize_with = "optional")]
    pub free: Option<Address>,
}

impl Needs {
    /// The same with amounts that a receipt can hold.
    #[must_use]
    pub fn exact(self) -> Self {
        Self {
            min_stake: self.min_stake.min(EXACT),
            max_ask: self.max_ask.map(|most| most.min(EXACT)),
            ..self
        }
    }
}

fn text<S: serde::Serializer>(owner: &Option<Address>, to: S) -> Result<S::Ok, S::Error> {
    match owner {
        Some(owner) => to.collect_str(owner),
        None => to.serialize_none(),
    }
}

fn optional<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Address>, D::Error> {
    #[derive(Deserialize)]
    struct Text(#[serde(with = "crate::job::address")] Address);
    Ok(Option::<Text>::deserialize(from)?.map(|text| text.0))
}

/// [`Needs`] by the numbers of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    pub(super) needs: Needs,
    pub(super) takes: Takes,
    /// None where a capability is one that no node has.
    pub(super) capabilities: Option<u64>,
    /// The pool's names when this was read.
    pub(super) version: (usize, usize),
}

impl Want {
    /// What was wanted, as it was written.
    pub fn needs(&self) -> &Needs {
        &self.needs
    }
}
