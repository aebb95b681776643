//! A sign of life.

use serde::Serialize;

use super::JobRef;
use crate::error::FrameError;
use crate::fields::Fields;
use crate::host_info::Gpu;
use crate::limits::most;

/// A heartbeat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heartbeat {
    /// The node; none in the first heartbeats of hosts that send them before they were told their id.
    pub node: Option<String>,
    /// Jobs that run, at most [`most::SLOTS`]: their leases are renewed. Always empty for old dialects.
    pub running: Vec<JobRef>,
    /// What else it tells.
    pub stats: Option<Stats>,
}

/// What some hosts tell in heartbeats. Claims.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Jobs that ended well since the program's start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs_completed: Option<u64>,
    /// Jobs that failed since the program's start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs_failed: Option<u64>,
    /// Seconds that the program has run; the Docker agent always sends 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_uptime: Option<u64>,
    /// Jobs that run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_jobs: Option<u32>,
    /// The GPUs as they are now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gpus: Vec<Gpu>,
}

impl Heartbeat {
    pub(super) fn read(frame: Fields<'_>) -> Result<Self, FrameError> {
        let running = frame.list(&["running"]).iter();
        Ok(Self {
            node: frame.id(&["nodeId", "node"], most::ID, FrameError::BadNode)?,
            running: running
                .filter_map(|job| JobRef::read(Fields(job.as_object()?)).ok())
                .take(most::SLOTS.into())
                .collect(),
            stats: frame.object(&["stats"]).map(Stats::read),
        })
    }
}

impl Stats {
    fn read(stats: Fields<'_>) -> Self {
        Self {
            jobs_completed: stats.integer(&["jobs_completed"]),
            jobs_failed: stats.integer(&["jobs_failed"]),
            total_uptime: stats.integer(&["total_uptime"]),
            active_jobs: stats.integer(&["active_jobs"]),
            gpus: Gpu::read_all(stats),
        }
    }
}
