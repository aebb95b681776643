//! The choice of a machine: filter, score, price, the best few, a draw among them.
//!
//! Integers only, from published tables, so that anyone who has a [`Receipt`] comes to the same choice.
//!
//! 1. **Filter** ([`Want`]): online, a slot free, model, VRAM, capabilities, reputation, price, stake, not excluded.
//! 2. **Quality** Q of a node, up to a million: 40 % reputation, 10 % stake, 15 % completion (a lower bound), 20 % free
//!    capacity, 15 % response time.
//! 3. **Price**: U = Q × min(2, p_ref / p)^γ; p_ref is the median ask of those that passed the filter, γ the job's wish
//!    (0 quality, 1 balanced, 3 cheapest). Prices are compared by eighths of an octave.
//! 4. **Draw**: of the five best by U one is drawn with weight U⁴. In one decision of twenty a node that few have tried
//!    is taken instead, so that newcomers can show what they are worth.
//!
//! The draw is fixed by a seed that nobody can choose ([`seed`]): a day's secret, committed to the day before.

mod draw;
mod facts;
mod gpu;
mod legacy;
mod names;
mod pool;
mod price;
mod quality;
pub mod receipt;
pub mod seed;
mod want;
mod why;

pub use draw::{Candidate, Decision, NEWCOMER_BELOW, TOP};
pub use facts::{NodeFacts, Runs};
pub use gpu::model_words;
pub use legacy::{LegacyNode, legacy_score};
pub use pool::Pool;
pub use price::{Ask, octave_eighths, price_factor};
pub use quality::{Partial, QUALITY, completion_bound, latency_score};
pub use receipt::Receipt;
pub use want::{Algorithm, EXACT, Gamma, Needs, Want};
pub use why::Why;

#[cfg(test)]
mod tests;
