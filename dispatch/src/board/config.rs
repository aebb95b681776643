//! What an operator may set.

use serde::{Deserialize, Serialize};

use crate::job::Rules;
use crate::matching::Algorithm;

/// What an operator may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Times and counts of a job's life.
    pub rules: Rules,
    /// How a node is chosen.
    pub algorithm: Algorithm,
    /// The stake in raw HYPER that counts half.
    pub half_stake: u64,
    /// Least score of a node for a job that names none, and is not for its owner's nodes alone.
    pub min_reputation: u16,
    /// How long a node may think about an offer, in ms.
    pub offer_ms: i64,
    /// Jobs of one owner that are offered or run at a time; the others wait.
    pub most_running: u32,
    /// Open jobs of one owner; more are refused.
    pub most_open: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            algorithm: Algorithm::default(),
            half_stake: 1_000_000_000,
            min_reputation: 0,
            offer_ms: 2_000,
            most_running: 1_000,
            most_open: 10_000,
        }
    }
}
