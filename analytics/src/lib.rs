//! What the network's figures are: queries over the warehouse's views and their results, no HTTP.
//!
//! Every result is of one moment, a slot ([`Watermark::as_of`]), in integers: base units, milliseconds, Unix
//! seconds. [`amount`] turns base units into HYPER where an old shape wants that.
#![forbid(unsafe_code)]

pub mod activity;
pub mod amount;
pub mod bench;
pub mod certificates;
pub mod chain_jobs;
pub mod changes;
pub mod definitions;
pub mod digest;
mod facts;
mod follow;
pub mod metrics;
mod newest;
pub mod panels;
pub mod payments;
pub mod posted;
mod query;
pub mod reputation;
pub mod rollup;
pub mod time;
pub mod transaction;
pub mod validation;
pub mod watermark;

pub use query::Error;
pub use watermark::{Finality, Watermark};
