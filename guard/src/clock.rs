//! The deadline of one call, and the limits of its stages within it.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::error::{CallError, Stage};

/// Longer times are cut to this: clocks overflow.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) started: Instant,
    deadline: Instant,
}

impl Clock {
    pub(crate) fn start(total: Duration) -> Self {
        let started = Instant::now();
        Self {
            started,
            deadline: started + total.min(DAY),
        }
    }

    /// Runs `work` for at most `limit`, and not beyond the deadline.
    pub(crate) async fn within<T>(
        &self,
        stage: Stage,
        limit: Duration,
        work: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let from = Instant::now();
        let until = self.deadline.min(from + limit.min(DAY));
        let late = CallError::Timeout {
            stage,
            after: until.saturating_duration_since(from),
        };
        timeout_at(until, work).await.unwrap_or(Err(late))
    }
}
