//! Writes a frame for a dialect.

use serde::Serialize;

use super::{Job, JobLimits, Outbound, Registered};
use crate::dialect::Dialect;
use crate::manifest::Command;

/// Why a frame cannot be sent to a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The host would not know what to do with it.
    #[error("hosts of dialect {dialect} do not understand `{frame}` frames")]
    NotUnderstood {
        /// The frame's type.
        frame: &'static str,
        /// The host's dialect.
        dialect: Dialect,
    },
    /// The job has only the name of its manifest, the host wants a command.
    #[error("job {job} has no command, which hosts of dialect {dialect} need: bind its manifest")]
    NoCommand {
        /// Id of the job.
        job: String,
        /// The host's dialect.
        dialect: Dialect,
    },
    /// Not expected: every frame has a JSON form.
    #[error("the frame cannot be written: {0}")]
    Json(String),
}

/// The frames that differ between dialects, as old hosts get them.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Old<'a> {
    Registered {
        #[serde(rename = "nodeId")]
        node: &'a str,
        message: &'static str,
    },
    #[serde(rename = "job")]
    ShellJob {
        id: &'a str,
        #[serde(rename = "jobId")]
        job_id: &'a str,
        command: String,
    },
    #[serde(rename = "job", rename_all = "camelCase")]
    ContainerJob {
        id: &'a str,
        job_id: &'a str,
        script: String,
        requirements: String,
        datasets: [&'a str; 0],
        gpu_required: bool,
        memory_limit: String,
        cpu_limit: f64,
    },
}

/// The lease-aware form: `message` is there for programs that show it.
#[derive(Serialize)]
struct AwareRegistered<'a> {
    r#type: &'static str,
    message: &'static str,
    #[serde(flatten)]
    registered: &'a Registered,
}

const WELCOME: &str = "Successfully registered";

impl Outbound {
    /// The frame as JSON text for a host of that dialect.
    ///
    /// # Errors
    /// When the dialect has no such frame, or when a job for an old dialect has no bound command.
    pub fn render(&self, dialect: Dialect) -> Result<String, RenderError> {
        if !dialect.understands(self.kind()) {
            return Err(RenderError::NotUnderstood {
                frame: self.kind().name(),
                dialect,
            });
        }
        match (self, dialect) {
            (Self::Registered(registered), Dialect::Aware) => json(&AwareRegistered {
                r#type: self.kind().name(),
                message: WELCOME,
                registered,
            }),
            (Self::Registered(registered), _) => json(&Old::Registered {
                node: &registered.node,
                message: WELCOME,
            }),
            (Self::Job(job), Dialect::V1 | Dialect::V2 | Dialect::V3) => json(&Old::ShellJob {
                id: &job.id,
                job_id: &job.id,
                command: command(job, dialect)?.shell(),
            }),
            (Self::Job(job), Dialect::V4) => {
                let command = command(job, dialect)?;
                json(&Old::ContainerJob {
                    id: &job.id,
                    job_id: &job.id,
                    script: command.python(),
                    requirements: command.requirements().join(" "),
                    datasets: [],
                    gpu_required: job.limits.gpu_required,
                    memory_limit: memory_limit(job.limits),
                    cpu_limit: f64::from(job.limits.cpu_milli) / 1000.0,
                })
            }
            _ => json(self),
        }
    }
}

fn command(job: &Job, dialect: Dialect) -> Result<&Command, RenderError> {
    job.work.command().ok_or_else(|| RenderError::NoCommand {
        job: job.id.clone(),
        dialect,
    })
}

/// As Docker writes it: `8g`, `1536m`.
fn memory_limit(limits: JobLimits) -> String {
    match limits.memory_mb {
        mb if mb != 0 && mb % 1024 == 0 => format!("{}g", mb / 1024),
        mb => format!("{mb}m"),
    }
}

fn json(frame: &impl Serialize) -> Result<String, RenderError> {
    serde_json::to_string(frame).map_err(|error| RenderError::Json(error.to_string()))
}
