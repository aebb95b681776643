//! A job is cancelled.

use super::{Desk, DeskError, JobView};
use crate::job::By;
use crate::service::DispatchError;

impl Desk {
    /// Cancels a job that waits; one that runs is not cancelled by this.
    ///
    /// # Errors
    /// [`DeskError::UnknownJob`], [`DeskError::NotCancellable`], or why it cannot be done now.
    pub async fn cancel(&self, view: &JobView, by: By) -> Result<JobView, DeskError> {
        if view.job.is_over() {
            return Err(DeskError::NotCancellable);
        }
        let cancelled = self.center.now()?.cancel(view.id(), by, false).await;
        match cancelled {
            Ok(()) => JobView::of(self.whole(view.id()).await?),
            // It ended meanwhile, or began to run.
            Err(DispatchError::Denied(_)) => Err(DeskError::NotCancellable),
            Err(error) => Err(error.into()),
        }
    }
}
