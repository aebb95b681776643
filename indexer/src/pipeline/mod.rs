//! From a source to stored rows.

mod coverage;
mod stage;
mod status;

pub use status::{IndexerStatus, State, StatusHandle};
