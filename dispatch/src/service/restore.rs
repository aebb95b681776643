//! What was kept of open jobs.

use hypernode_state::jobs::{JobRecord, OpenJobs};
use hypernode_state::{Store, StoreExt, limits};

use super::ServiceError;
use crate::board::Record;

/// An open job as it was kept.
pub(super) struct Open {
    pub(super) record: Record,
    /// The number of its last change.
    pub(super) version: u64,
    /// Its type.
    pub(super) kind: String,
}

/// All open jobs.
pub(super) async fn open(store: &dyn Store) -> Result<Vec<Open>, ServiceError> {
    let mut open = Vec::new();
    let mut after = 0;
    loop {
        let limit = limits::PAGE;
        let page = store.ask(OpenJobs { after, limit }).await?;
        let Some(last) = page.last() else {
            return Ok(open);
        };
        after = last.number;
        for kept in &page {
            open.push(Open {
                record: read(kept)?,
                version: kept.version,
                kind: kept.kind.clone(),
            });
        }
    }
}

/// A record as it was kept.
pub(super) fn read(kept: &JobRecord) -> Result<Record, ServiceError> {
    serde_json::from_slice(&kept.record).map_err(|error| ServiceError::Record {
        job: kept.id.clone(),
        error: error.to_string(),
    })
}
