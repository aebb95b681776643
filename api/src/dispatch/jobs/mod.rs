//! `/api/jobs/…`.

pub(super) mod events;
pub(super) mod host;
pub(super) mod logs;
pub(super) mod read;
pub(super) mod submit;
