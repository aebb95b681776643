//! Machines: each proves a key of its own; the wallet that owns the node vouches for that key.

mod challenge;
mod change;

pub use challenge::{HostChallenge, HostProof, HostRefusal};
pub use change::{HostChange, HostConsent};
