//! A job for a host.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::manifest::{Args, Command};

/// A job to run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What to run.
    #[serde(flatten)]
    pub work: Work,
    /// Number of the attempt.
    pub fence: u32,
    /// When the lease ends unless a heartbeat renews it.
    pub lease_until_ms: u64,
    /// When the job ends whatever happens.
    pub deadline_ms: u64,
    /// What it may use.
    #[serde(default)]
    pub limits: JobLimits,
}

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Named")]
pub enum Work {
    /// A manifest's command with its arguments in place. Only this can be sent to hosts of the old dialects.
    Bound(Command),
    /// What a lease-aware host is told: it has the manifest itself.
    Named {
        /// Id of the manifest.
        manifest: String,
        /// Its arguments.
        args: Args,
    },
}

#[derive(Deserialize)]
struct Named {
    manifest: String,
    #[serde(default)]
    args: Args,
}

impl From<Named> for Work {
    fn from(Named { manifest, args }: Named) -> Self {
        Self::Named { manifest, args }
    }
}

impl Work {
    /// Id of the manifest.
    #[must_use]
    pub fn manifest(&self) -> &str {
        match self {
            Self::Bound(command) => command.manifest(),
            Self::Named { manifest, .. } => manifest,
        }
    }

    /// The arguments.
    #[must_use]
    pub fn args(&self) -> &Args {
        match self {
            Self::Bound(command) => command.args(),
            Self::Named { args, .. } => args,
        }
    }

    /// The command, where it is bound.
    #[must_use]
    pub fn command(&self) -> Option<&Command> {
        match self {
            Self::Bound(command) => Some(command),
            Self::Named { .. } => None,
        }
    }
}

/// What a job may use on its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLimits {
    /// Whether it needs a GPU.
    pub gpu_required: bool,
    /// Main memory in MB.
    pub memory_mb: u32,
    /// Thousandths of a processor.
    pub cpu_milli: u32,
}

impl Default for JobLimits {
    /// What the Docker agent takes when it is told nothing: no GPU, 8 GB, two processors.
    fn default() -> Self {
        Self {
            gpu_required: false,
            memory_mb: 8 << 10,
            cpu_milli: 2000,
        }
    }
}

impl Serialize for Job {
    /// The lease-aware form.
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut frame = writer.serialize_struct("Job", 8)?;
        frame.serialize_field("id", &self.id)?;
        // Every job frame has the id under both names: programs differ in which they read.
        frame.serialize_field("jobId", &self.id)?;
        frame.serialize_field("manifest", self.work.manifest())?;
        frame.serialize_field("args", self.work.args())?;
        frame.serialize_field("fence", &self.fence)?;
        frame.serialize_field("lease_until_ms", &self.lease_until_ms)?;
        frame.serialize_field("deadline_ms", &self.deadline_ms)?;
        frame.serialize_field("limits", &self.limits)?;
        frame.end()
    }
}
