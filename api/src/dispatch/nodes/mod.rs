//! `/api/nodes/…`.

pub(super) mod change;
pub(super) mod read;
