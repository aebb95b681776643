//! A job for a host.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

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
#[serde(try_from = "Told")]
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
    /// What a submitter wrote, for lease-aware hosts that run such things sandboxed, or for the submitter.
    Free(Box<Free>),
}

/// A free job. Its size is the frame's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Free {
    /// Type of the job, such as `llm_inference`.
    pub job_type: String,
    /// The model that is to be used.
    pub model: String,
    /// Its input.
    #[serde(default)]
    pub input: Value,
}

#[derive(Deserialize)]
struct Told {
    manifest: Option<String>,
    #[serde(default)]
    args: Args,
    free: Option<Box<Free>>,
}

impl TryFrom<Told> for Work {
    type Error = &'static str;

    fn try_from(told: Told) -> Result<Self, &'static str> {
        match (told.manifest, told.free) {
            (Some(manifest), None) => Ok(Self::Named {
                manifest,
                args: told.args,
            }),
            (None, Some(free)) => Ok(Self::Free(free)),
            _ => Err("a job has either a `manifest` or `free`"),
        }
    }
}

impl Work {
    /// Id of the manifest; none of a free job.
    #[must_use]
    pub fn manifest(&self) -> Option<&str> {
        match self {
            Self::Bound(command) => Some(command.manifest()),
            Self::Named { manifest, .. } => Some(manifest),
            Self::Free(_) => None,
        }
    }

    /// The manifest's arguments; none of a free job.
    #[must_use]
    pub fn args(&self) -> Option<&Args> {
        match self {
            Self::Bound(command) => Some(command.args()),
            Self::Named { args, .. } => Some(args),
            Self::Free(_) => None,
        }
    }

    /// The command, where it is bound.
    #[must_use]
    pub fn command(&self) -> Option<&Command> {
        match self {
            Self::Bound(command) => Some(command),
            Self::Named { .. } | Self::Free(_) => None,
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
        match &self.work {
            Work::Free(free) => frame.serialize_field("free", free)?,
            work => {
                frame.serialize_field("manifest", &work.manifest())?;
                frame.serialize_field("args", &work.args())?;
            }
        }
        frame.serialize_field("fence", &self.fence)?;
        frame.serialize_field("lease_until_ms", &self.lease_until_ms)?;
        frame.serialize_field("deadline_ms", &self.deadline_ms)?;
        frame.serialize_field("limits", &self.limits)?;
        frame.end()
    }
}
