//! Network metrics summed by hour and over all time, so that figures cost the same however long the history is.
//!
//! Every event changes one job or node from one state to another. [`Keeper`] writes these changes down as blocks become
//! final (`job_changes`, `node_changes`) and adds them to sums by key (`metrics_hours`). Figures are the sums, and the
//! changes of the slots after them: equal to what the views over all facts say.

mod figures;
mod keeper;
pub(crate) mod kept;
pub(crate) mod sql;

pub(crate) use figures::figures;
pub use keeper::{Keeper, Sizes, Step};
