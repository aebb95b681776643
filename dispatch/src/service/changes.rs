//! What became of jobs, told to whoever listens, after it is kept.

use std::sync::Arc;

use hypernode_state::UnixMs;
use tokio::sync::broadcast;

use crate::board::Record;

/// Changes that wait for a slow listener; of one who reads slower still, the oldest are dropped, and it is told how many.
const WAITING: usize = 4_096;

/// A job as it is after a change. It holds nothing that was submitted as content, and nothing that came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it was told: then it was on disk.
    pub at: UnixMs,
    /// The job.
    pub record: Record,
}

/// Where changes are told. It outlives the dispatcher that tells them.
#[derive(Clone, Debug)]
pub struct Changes(broadcast::Sender<Arc<Change>>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }
}

impl Changes {
    /// All changes from now on, in order.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Change>> {
        self.0.subscribe()
    }

    pub(super) fn tell(&self, at: UnixMs, records: &[Record]) {
        // Nothing is copied for nobody.
        if self.0.receiver_count() == 0 {
            return;
        }
        for record in records {
            let record = record.clone();
            let _ = self.0.send(Arc::new(Change { at, record }));
        }
    }
}
