//! What a job was submitted with, as far as its life depends on it.

use hypernode_state::{Address, UnixMs};
use serde::{Deserialize, Serialize};

use super::pay::Pay;

/// Priorities are 0 to 9; 9 is the most urgent.
pub const PRIORITIES: u8 = 10;

/// What never changes in a job's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Terms {
    /// Who submitted it.
    #[serde(with = "super::address")]
    pub owner: Address,
    /// When it was accepted.
    pub submitted_at: UnixMs,
    /// Longest run, in seconds.
    pub max_duration_s: u32,
    /// Attempts after the first.
    pub max_retries: u8,
    /// 0 to 9.
    pub priority: u8,
    /// Who pays what.
    pub pay: Pay,
}
