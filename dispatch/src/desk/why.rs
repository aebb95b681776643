//! Why a job has no node.

use super::{Desk, DeskError};
use crate::board::Record;
use crate::ids::JobId;
use crate::job::{Cause, State};
use crate::matching::Why;

impl Desk {
    /// Why nobody is chosen for a job that waits for a node, or was given up for want of one, as things stand now; `None`
    /// for any other job.
    ///
    /// # Errors
    /// [`DeskError::UnknownJob`], [`DeskError::Away`], the store's.
    pub async fn why(&self, id: JobId) -> Result<Option<Why>, DeskError> {
        let kept = self.whole(id).await?.job;
        let unreadable = |error: serde_json::Error| DeskError::Record {
            job: id.to_string(),
            error: error.to_string(),
        };
        let record: Record = serde_json::from_slice(&kept.record).map_err(unreadable)?;
        let lacks = matches!(
            record.job.state,
            State::Queued { .. }
                | State::Offered { .. }
                | State::Dead {
                    cause: Cause::NoNode
                }
        );
        if !lacks {
            return Ok(None);
        }
        let now = self.now();
        let excluded = record.job.excluded.iter().filter(|one| one.until > now);
        let excluded = excluded.map(|one| one.node).collect();
        let needs = record.spec.needs.clone();
        Ok(Some(self.center.now()?.ask_why(needs, excluded).await?))
    }
}
