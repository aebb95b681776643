//! Facts of dispatch on their way from the store's outbox into the warehouse, each exactly once.
//!
//! A message's number in the outbox is its rows' identity. Rows are written first and acknowledged then; whoever does not
//! know how the last attempt ended looks at what is there and writes what is missing.

mod forward;
mod receipts;
mod rows;

pub use forward::{ForwardError, Forwarder, Progress};
pub use receipts::{DayRoot, roots};
pub use rows::{AttemptRow, JobRow, LoadRow, RecheckRow};
