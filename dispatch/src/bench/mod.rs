//! What choosing costs, and what a job's whole way costs.

mod matches;
mod paths;
mod stage;

pub use matches::{Matches, matches};
pub use paths::{PathError, PathRegime, Paths, paths};
pub use stage::{Stage, StageError, now};
