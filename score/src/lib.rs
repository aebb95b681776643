//! HNR-1: the reputation of a node as an integer from 0 to 1000, computed from finalized chain facts alone.
//!
//! Integers in, integers out: no float, no input or output, no dependency, and no input overflows. `docs/reputation.md`
//! is the definition in words; SQL and a browser compute the same without sharing a line with this crate.
//!
//! A job's history becomes evidence ([`judge`]), evidence becomes sums ([`Sums`]), sums become a score ([`score`]).
#![forbid(unsafe_code)]

pub mod constants;
mod decay;
mod event;
mod forge;
mod job;
mod score;
mod sums;
pub mod tree;
mod units;
mod verdict;

pub use decay::{BASE, WEIGHT_BITS, weight};
pub use event::{Event, FeeAccounts, Key, NONE, What};
pub use forge::{Forge, forge};
pub use job::judge;
pub use score::{Score, score};
pub use sums::{Entry, Sums, Totals};
pub use units::{day, expired, failed, fee, good};
pub use verdict::{BadKind, Evidence, NoBad, NoGood, Verdict};
