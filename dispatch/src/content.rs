//! What was submitted, as it is kept beside a job, shown to its owner and sent to its host.

use hypernode_wire::manifest::{BindError, Catalog};
use hypernode_wire::{Args, Work};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What was submitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Type of the job, in the words of the interfaces.
    pub job_type: String,
    /// The model that is to be used.
    pub model: String,
    /// The job's input. Only its owner, its host and operators see it.
    pub input: Value,
    /// What it needs of a machine, as it was written.
    pub requirements: Value,
    /// The manifest that it runs. Without one the job is free: only sandboxed hosts and the submitter's own get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// Values of the manifest's arguments.
    #[serde(default, skip_serializing_if = "Args::is_empty")]
    pub args: Args,
}

/// Why a job's work cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    /// No such manifest.
    #[error("no manifest `{name}` is allowed here; allowed are: {allowed}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        allowed: String,
    },
    /// Its values do not fit.
    #[error(transparent)]
    Values(#[from] BindError),
}

impl Content {
    /// The manifest's command with its values in place; `None` for a free job.
    ///
    /// # Errors
    /// [`WorkError`].
    pub fn work(&self, catalog: &Catalog) -> Result<Option<Work>, WorkError> {
        let Some(name) = &self.manifest else {
            return Ok(None);
        };
        let manifest = catalog.get(name).ok_or_else(|| WorkError::Unknown {
            name: name.clone(),
            allowed: catalog
                .iter()
                .map(hypernode_wire::Manifest::id)
                .collect::<Vec<_>>()
                .join(", "),
        })?;
        Ok(Some(Work::Bound(manifest.bind(&self.args)?)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn content(manifest: Option<&str>) -> Content {
        Content {
            job_type: "test".to_owned(),
            model: "default".to_owned(),
            input: json!({"prompt": "$(reboot)"}),
            requirements: json!({}),
            manifest: manifest.map(str::to_owned),
            args: Args::new(),
        }
    }

    #[test]
    fn only_a_manifest_makes_a_command_and_nothing_of_the_input_is_in_it() {
        let catalog = Catalog::default();
        let work = content(Some("test")).work(&catalog).expect("fits");
        let shell = work.and_then(|work| work.command().map(hypernode_wire::Command::shell));
        assert_eq!(shell.as_deref(), Some("sleep 5"));
        assert_eq!(content(None).work(&catalog), Ok(None));
        let unknown = content(Some("rm -rf /"))
            .work(&catalog)
            .expect_err("unknown");
        assert!(
            unknown.to_string().ends_with("allowed are: test"),
            "{unknown}"
        );
    }
}
