//! Jobs and nodes in the shapes of the old servers.

pub(super) mod job;
pub(super) mod node;

use serde_json::Value;

/// An amount as a HYPER number: whole where it is whole, as JavaScript writes it.
pub(super) fn hyper(raw: u64, decimals: u8) -> Value {
    let unit = 10_u64.checked_pow(decimals.into()).unwrap_or(1);
    match raw % unit {
        0 => (raw / unit).into(),
        _ => hypernode_dispatch::asked::amount::hyper(raw, decimals).into(),
    }
}
