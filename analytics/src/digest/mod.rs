//! The index digest, version 1: one hash over everything that the network's figures are computed from.
//!
//! A leaf for each finalized block, in the order of the chain, over the block's canonical events; the leaves in a Merkle
//! mountain range; on top a header that says of what network, programs and map they are. Two indexers with equal digests
//! hold equal facts; two with different ones find the first block that differs by asking both for earlier slots.
//! `docs/digest.md` is the definition, with test vectors and a program of twenty lines that computes it.

mod encoding;
mod header;
mod keeper;
mod range;
mod store;

pub use encoding::{Hash, block_leaf, missing_leaf};
pub use header::{Header, ProgramIdl};
pub use keeper::{Keeper, STEP, Step};
pub use range::Range;
pub use store::{At, Digest, DigestText, at};

/// Of the definition.
pub const VERSION: u32 = 1;
