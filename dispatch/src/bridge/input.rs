//! The input of a job that was created on chain: it counts if it has the hash that stands there.

use std::fmt;
use std::sync::Arc;

use hypernode_state::jobs::GetJob;
use hypernode_state::{Address, Store, StoreError, StoreExt, limits};
use hypernode_wire::manifest::Catalog;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::order::Chained;
use crate::asked::{Limits, Wrong, needs, work};
use crate::board::{Denied, Record};
use crate::content::Content;
use crate::ids::{Id, JobId};
use crate::job::State;
use crate::matching::Needs;
use crate::service::{Center, DispatchError};

/// What a client posts. Exactly this object, in canonical JSON (RFC 8785), is what the hash on chain is of.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// What it needs of a machine.
    pub requirements: Map<String, Value>,
    /// The job's input.
    pub input: Value,
}

impl Body {
    /// SHA-256 of the canonical JSON, in hex.
    ///
    /// # Errors
    /// [`InputError::Body`] for what canonical JSON has no form for.
    pub fn hash(&self) -> Result<String, InputError> {
        let object = serde_json::json!({ "requirements": self.requirements, "input": self.input });
        let bytes = serde_json_canonicalizer::to_vec(&object);
        let bytes = bytes.map_err(|error| InputError::Body(error.to_string()))?;
        Ok(hex::encode(Sha256::digest(&bytes)))
    }

    /// Puts what is to be run into a job's content; what that needs of a machine. All of it is in what was hashed.
    ///
    /// # Errors
    /// [`Wrong`], naming the field.
    pub fn fill(
        self,
        content: &mut Content,
        owner: Address,
        catalog: &Catalog,
        limits: &Limits,
    ) -> Result<Needs, Wrong> {
        let get = |name: &str| self.requirements.get(name).unwrap_or(&Value::Null);
        content.model = work::model(get("model"))?;
        content.manifest = work::manifest(get("manifest"))?;
        content.args = work::args(get("args"))?;
        let mut needs = needs::of(Some(&self.requirements), owner, limits)?;
        work::bind(content, catalog, owner, &mut needs)?;
        content.input = self.input;
        content.requirements = Value::Object(self.requirements);
        Ok(needs)
    }
}

/// Why an input was not taken.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// No job of the chain has this account.
    #[error("Job not found")]
    Unknown,
    /// It waits for nothing.
    #[error("the job does not wait for its input: it is {0}")]
    NotWaiting(&'static str),
    /// Another object was hashed.
    #[error(
        "the SHA-256 of the canonical JSON of {{requirements, input}} is {given}, and that on chain is {on_chain}"
    )]
    WrongHash {
        /// Of what was posted.
        given: String,
        /// What stands on chain.
        on_chain: String,
    },
    /// It is the right one, and cannot be run.
    #[error("the hash is right, but nothing can be run by it: {0}")]
    Unusable(String),
    /// It is none.
    #[error("the body must be {{\"requirements\": {{…}}, \"input\": …}}: {0}")]
    Body(String),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The dispatcher starts anew.
    #[error(transparent)]
    Dispatch(DispatchError),
}

impl From<Wrong> for InputError {
    fn from(Wrong(text): Wrong) -> Self {
        Self::Unusable(text)
    }
}

/// Where inputs are taken.
#[derive(Clone)]
pub struct Inbox {
    /// Where jobs are kept.
    pub store: Arc<dyn Store>,
    /// What hosts may be told to run.
    pub catalog: Arc<Catalog>,
    /// How large what is asked for may be.
    pub limits: Limits,
    /// Where the dispatcher of now is found.
    pub center: Center,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbox")
    }
}

impl Inbox {
    /// The job of this account, if it waits for its input.
    ///
    /// # Errors
    /// As [`waiting`].
    pub async fn waiting(&self, job: JobId) -> Result<Waiting, InputError> {
        waiting(self.store.as_ref(), job).await
    }

    /// Takes the input of a job in.
    ///
    /// # Errors
    /// As [`Waiting::take`].
    pub async fn take(&self, waiting: Waiting, body: Body) -> Result<(), InputError> {
        waiting
            .take(body, &self.catalog, &self.limits, &self.center)
            .await
    }
}

/// A job that waits for its input.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// The job.
    pub job: JobId,
    /// Its client: who may post its input.
    pub owner: Address,
    kept: Chained,
}

/// The job of this account, if it waits for its input.
///
/// # Errors
/// [`InputError::Unknown`], [`InputError::NotWaiting`], [`InputError::Store`].
pub async fn waiting(store: &dyn Store, job: JobId) -> Result<Waiting, InputError> {
    if !matches!(job.0, Id::Address(_)) {
        return Err(InputError::Unknown);
    }
    let whole = GetJob {
        id: job.to_string(),
        content: true,
        outcome: false,
    };
    let whole = store.ask(whole).await?.ok_or(InputError::Unknown)?;
    let unreadable = |error: serde_json::Error| InputError::Unusable(error.to_string());
    let record: Record = serde_json::from_slice(&whole.job.record).map_err(unreadable)?;
    if !matches!(record.job.state, State::Waiting { .. }) {
        return Err(InputError::NotWaiting(word(&record.job.state)));
    }
    let content = whole.content.unwrap_or_default();
    let kept: Chained = serde_json::from_slice(&content).map_err(unreadable)?;
    // Whoever posts it again must not have the job run before the chain has it.
    if !kept.content.requirements.is_null() {
        return Err(InputError::NotWaiting(
            "waiting for its creation on chain, with its input",
        ));
    }
    Ok(Waiting {
        job,
        owner: record.job.terms.owner,
        kept,
    })
}

impl Waiting {
    /// Takes the input in: the job is queued and that is kept when this returns.
    ///
    /// # Errors
    /// [`InputError`].
    pub async fn take(
        self,
        body: Body,
        catalog: &Catalog,
        limits: &Limits,
        center: &Center,
    ) -> Result<(), InputError> {
        let given = body.hash()?;
        let on_chain = self.kept.chain.requirements_hash.clone();
        if !given.eq_ignore_ascii_case(&on_chain) {
            return Err(InputError::WrongHash { given, on_chain });
        }
        let mut kept = self.kept;
        let needs = body.fill(&mut kept.content, self.owner, catalog, limits)?;
        let bytes = serde_json::to_vec(&kept).map_err(|e| InputError::Body(e.to_string()))?;
        if bytes.len() > limits::CONTENT {
            return Err(InputError::Body(format!(
                "more than {} bytes",
                limits::CONTENT
            )));
        }
        let dispatch = center.now().map_err(InputError::Dispatch)?;
        match dispatch.arrived(self.job, needs, bytes).await {
            Ok(()) => Ok(()),
            Err(DispatchError::Denied(Denied::UnknownJob)) => Err(InputError::NotWaiting("over")),
            Err(DispatchError::Denied(Denied::Job(_))) => Err(InputError::NotWaiting("past that")),
            Err(error) => Err(InputError::Dispatch(error)),
        }
    }
}

fn word(state: &State) -> &'static str {
    match state {
        State::Waiting { .. } => "waiting",
        State::Queued { .. } => "queued",
        State::Offered { .. } => "offered",
        State::Leased(_) => "running",
        State::Completed { .. } => "completed",
        State::Failed { .. } => "failed",
        State::Cancelled { .. } => "cancelled",
        State::Dead { .. } => "dead",
        State::Elsewhere { .. } => "somebody else's on chain",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: Value) -> Body {
        serde_json::from_value(value).expect("a body")
    }

    #[test]
    fn the_hash_is_that_of_the_canonical_form_however_it_was_written() {
        let one = r#"{ "input": {"b": 1.0, "a": "\u00e9"}, "requirements": {"minVRAM": 8} }"#;
        let other = r#"{"requirements":{"minVRAM":8e0},"input":{"a":"é","b":1}}"#;
        let hash = |text: &str| {
            let body: Body = serde_json::from_str(text).expect("a body");
            body.hash().expect("a hash")
        };
        assert_eq!(hash(one), hash(other));
        // Computed by other tools: printf '{"input":{"a":"é","b":1},"requirements":{"minVRAM":8}}' | sha256sum
        let canonical = r#"{"input":{"a":"é","b":1},"requirements":{"minVRAM":8}}"#;
        assert_eq!(hash(one), hex::encode(Sha256::digest(canonical)));
        let third = body(json!({"requirements": {"minVRAM": 9}, "input": {"a": "é", "b": 1}}));
        assert_ne!(third.hash().expect("a hash"), hash(one));
    }

    #[test]
    fn what_is_not_hashed_is_not_taken() {
        for text in [
            r#"{"requirements":{},"input":1,"budget":5}"#,
            r#"{"requirements":[],"input":1}"#,
            r#"{"requirements":{}}"#,
            r#"{"input":1}"#,
            "[]",
        ] {
            assert!(serde_json::from_str::<Body>(text).is_err(), "{text}");
        }
    }
}
