//! The operator's view: one typed snapshot of what an instance tells, and the screen that is made of it.

pub(crate) mod dispatch;
pub(crate) mod frame;
mod map;
pub(crate) mod metrics;
pub(crate) mod report;
pub(crate) mod snapshot;

pub(crate) use dispatch::DispatchReport;
pub(crate) use frame::{History, lines};
pub(crate) use report::InstanceReport;
pub(crate) use snapshot::{Dispatch, Snapshot};
