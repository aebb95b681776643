//! A job as it is looked at, with what was submitted and what came of it. Who may see which part is the asker's matter.

use hypernode_state::jobs::{JobRecord, JobWhole};
use hypernode_state::{Address, UnixMs};
use serde_json::{Map, Value};

use super::DeskError;
use crate::board::Record;
use crate::bridge::{Chained, OnChainTerms};
use crate::content::Content;
use crate::ids::{JobId, NodeId};
use crate::job::{Cause, Fault, Job, Pay, Stands, State};
use crate::outcome::Kept;

/// A job as it is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct JobView {
    /// Its number in the order of submissions; 0 for one that was not there before.
    pub number: u64,
    /// Its type, in the words of the interfaces.
    pub kind: String,
    /// When it was accepted.
    pub created_at: UnixMs,
    /// Where it stands.
    pub job: Job,
    /// What was submitted.
    pub content: Content,
    /// What came of it; nothing yet where absent.
    pub outcome: Option<Kept>,
    /// What the chain says of it; nothing of one that stays off chain.
    pub chain: Option<OnChainTerms>,
}

impl JobView {
    /// What the store holds of a job.
    ///
    /// # Errors
    /// [`DeskError::Record`].
    pub fn of(whole: JobWhole) -> Result<Self, DeskError> {
        let JobRecord {
            number,
            id,
            kind,
            record,
            ..
        } = whole.job;
        let unreadable = |error: serde_json::Error| DeskError::Record {
            job: id.clone(),
            error: error.to_string(),
        };
        let Record { job, .. } = serde_json::from_slice(&record).map_err(unreadable)?;
        let bytes = whole.content.unwrap_or_default();
        let content = serde_json::from_slice(&bytes).ok();
        let chained: Option<Chained> = serde_json::from_slice(&bytes).ok();
        Ok(Self {
            number,
            content: content.unwrap_or_else(|| unknown(&kind)),
            kind,
            // The same to the millisecond as in the answer to whoever submitted it.
            created_at: job.terms.submitted_at,
            job,
            outcome: whole.outcome.map(|bytes| Kept::read(&bytes)),
            chain: chained.map(|chained| chained.chain),
        })
    }

    /// Its name.
    pub fn id(&self) -> JobId {
        self.job.id
    }

    /// Who submitted it.
    pub fn owner(&self) -> Address {
        self.job.terms.owner
    }

    /// The node that runs it or completed it; one that is only asked is not named.
    pub fn node(&self) -> Option<NodeId> {
        node(&self.job)
    }

    /// The word of the old Backend for where it stands.
    pub fn status(&self) -> &'static str {
        status(&self.job.state)
    }

    /// What it cost, in raw HYPER; 0 before it is completed, and of one that others have on chain before it is paid.
    pub fn cost(&self) -> u64 {
        cost(&self.job)
    }

    /// Whether others have it on chain, or had it: this dispatcher gave it to nobody.
    pub fn is_elsewhere(&self) -> bool {
        matches!(self.job.state, State::Elsewhere { .. })
    }

    /// Runs that were begun here.
    pub fn attempts(&self) -> u32 {
        attempts(&self.job)
    }

    /// The budget, or the price on chain, in raw HYPER.
    pub fn budget(&self) -> u64 {
        match self.job.terms.pay {
            Pay::Nothing => 0,
            Pay::UpTo(amount) | Pay::OnChain(amount) => amount,
        }
    }

    /// When the run that counts began.
    pub fn started_at(&self) -> Option<UnixMs> {
        match self.job.state {
            State::Leased(lease) => Some(lease.since),
            State::Completed { ran_ms, .. } => {
                let ran = i64::try_from(ran_ms).unwrap_or(i64::MAX);
                Some(self.job.changed_at.saturating_sub(ran))
            }
            _ => None,
        }
    }

    /// When it ended; of one that others have, when that was learnt.
    pub fn ended_at(&self) -> Option<UnixMs> {
        let is_over = self.job.is_over() && self.status() != "running";
        is_over.then_some(self.job.changed_at)
    }

    /// How long the run took, in ms.
    pub fn ran_ms(&self) -> Option<u64> {
        match self.job.state {
            State::Completed { ran_ms, .. } => Some(ran_ms),
            _ => None,
        }
    }

    /// Why it failed or was given up.
    pub fn cause(&self) -> Option<String> {
        cause(&self.job)
    }

    /// What went wrong, in its host's words where there are such: for whoever sees what came of it.
    pub fn error(&self) -> Option<String> {
        let cause = self.cause()?;
        let kept = self.outcome.as_ref();
        let said = kept.and_then(|kept| kept.error.clone());
        let code = kept
            .and_then(|kept| kept.exit_code)
            .filter(|code| *code != 0);
        Some(match (said, code) {
            (Some(said), _) => said,
            (None, Some(code)) => format!("{cause}; its program ended with exit code {code}"),
            (None, None) => cause,
        })
    }
}

/// The node that runs a job or completed it.
pub fn node(job: &Job) -> Option<NodeId> {
    match job.state {
        State::Leased(lease) => Some(lease.node),
        State::Completed { node, .. } => Some(node),
        _ => None,
    }
}

/// What a job cost, in raw HYPER.
pub fn cost(job: &Job) -> u64 {
    match job.state {
        State::Completed { cost, .. } | State::Elsewhere { cost, .. } => cost,
        _ => 0,
    }
}

/// Runs of a job that were begun here. Records of before they were counted say so of the one that is certain.
pub fn attempts(job: &Job) -> u32 {
    match job.state {
        State::Leased(_) | State::Completed { .. } => job.runs.max(1),
        _ => job.runs,
    }
}

/// The word of the old Backend for a state.
pub fn status(state: &State) -> &'static str {
    match state {
        State::Waiting { .. } => "pending",
        State::Queued { .. } | State::Offered { .. } => "queued",
        State::Leased(_) => "running",
        State::Completed { .. } => "completed",
        State::Failed { .. } | State::Dead { .. } => "failed",
        State::Cancelled { .. } => "cancelled",
        State::Elsewhere { stands, .. } => match stands {
            Stands::Assigned => "running",
            Stands::Completed => "completed",
            Stands::Failed => "failed",
        },
    }
}

/// The word of the old GPU Hosts server for a state.
pub fn host_status(state: &State) -> &'static str {
    match status(state) {
        "queued" => "pending",
        status => status,
    }
}

/// Why a job failed or was given up.
pub fn cause(job: &Job) -> Option<String> {
    let (State::Failed { cause } | State::Dead { cause }) = job.state else {
        return None;
    };
    let words = match cause {
        Cause::NoInput => "its input did not come in time",
        Cause::NoNode => "no node took it in all the time that it had",
        Cause::Attempts(fault) => {
            let last = match fault {
                Fault::Passing => "a passing fault",
                Fault::Node => "its node could not run it",
                Fault::Job => "the job itself failed",
                Fault::Permanent => "no machine will ever run it",
                Fault::Lost => "its node went away and did not come back",
                Fault::Expired => "its node did not renew the lease",
                Fault::Overrun => "it ran longer than it may",
                Fault::Declined => "its node declined it",
                Fault::Unanswered => "its node did not answer",
            };
            return Some(format!(
                "every attempt came to nothing; the last one: {last}"
            ));
        }
        Cause::Poison => "it failed on as many nodes as there were tries for",
        Cause::Permanent => "no machine will ever run it",
    };
    Some(words.to_owned())
}

/// Of a job whose content is still to come, or was not submitted here.
fn unknown(kind: &str) -> Content {
    Content {
        job_type: kind.to_owned(),
        model: "default".to_owned(),
        input: Value::Object(Map::new()),
        requirements: Value::Object(Map::new()),
        manifest: None,
        args: hypernode_wire::Args::new(),
    }
}
