//! Messages as rows.

use clickhouse::Row;
use hypernode_state::outbox::Message;
use serde::{Deserialize, Serialize};

use crate::job::{Cause, State};
use crate::service::facts::{Changed, Fact, Step};

/// A row of `dispatch_jobs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Row, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "the columns are explained where the table is made"
)]
pub struct JobRow {
    pub seq: u64,
    pub at: i64,
    pub job: String,
    pub fence: u32,
    pub state: String,
    pub failures: u8,
    pub submitted_at: i64,
    pub queued_at: i64,
    pub owner: String,
    pub kind: String,
    pub priority: u8,
    pub node: String,
    pub ask: u64,
    pub cost: u64,
    pub ran_ms: u64,
    pub cause: String,
}

/// A row of `dispatch_attempts`.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "the columns are explained where the table is made"
)]
pub struct AttemptRow {
    pub seq: u64,
    pub n: u32,
    pub at: i64,
    pub job: String,
    pub fence: u32,
    pub what: String,
    pub node: String,
    pub fault: String,
    pub wait_ms: u64,
}

/// A row of `dispatch_load`.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "the columns are explained where the table is made"
)]
pub struct LoadRow {
    pub seq: u64,
    pub at: i64,
    pub nodes: u32,
    pub slots: u32,
    pub busy: u32,
    pub queued: u32,
    pub open: u32,
}

/// A row of `dispatch_rechecks`.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "the columns are explained where the table is made"
)]
pub struct RecheckRow {
    pub seq: u64,
    pub at: i64,
    pub job: String,
    pub copy: String,
    pub kind: String,
    pub node: String,
    pub second: String,
    pub outcome: String,
}

/// The rows of some messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) jobs: Vec<JobRow>,
    pub(super) attempts: Vec<AttemptRow>,
    pub(super) load: Vec<LoadRow>,
    pub(super) rechecks: Vec<RecheckRow>,
}

/// Bytes that are kept of a message that cannot be read.
const MOST_UNREADABLE: usize = 1_024;

impl Rows {
    pub(super) fn of(messages: &[Message]) -> Self {
        let mut rows = Self::default();
        messages.iter().for_each(|message| rows.add(message));
        rows
    }

    fn add(&mut self, message: &Message) {
        let seq = message.seq;
        match serde_json::from_slice::<Fact>(&message.payload) {
            Ok(Fact::Changed(changed)) => self.changed(seq, *changed),
            Ok(Fact::Missed(missed)) => self.attempts.push(AttemptRow {
                seq,
                n: 0,
                at: missed.at,
                job: missed.job.to_string(),
                fence: missed.fence,
                what: "missed".to_owned(),
                node: missed.node.to_string(),
                fault: word(&missed.missed),
                wait_ms: 0,
            }),
            Ok(Fact::Refused(refused)) => self.attempts.push(AttemptRow {
                seq,
                n: 0,
                at: refused.at,
                job: refused.job.to_string(),
                fence: refused.fence,
                what: "refused".to_owned(),
                node: refused.node.to_string(),
                fault: "stale".to_owned(),
                wait_ms: 0,
            }),
            Ok(Fact::Rechecked(rechecked)) => {
                let name = |node: Option<crate::ids::NodeId>| {
                    node.map(|node| node.to_string()).unwrap_or_default()
                };
                self.rechecks.push(RecheckRow {
                    seq,
                    at: rechecked.at,
                    job: rechecked.job.to_string(),
                    copy: rechecked.copy.to_string(),
                    kind: rechecked.kind,
                    node: name(rechecked.node),
                    second: name(rechecked.second),
                    outcome: word(&rechecked.rechecked),
                });
            }
            Ok(Fact::Load(load)) => self.load.push(LoadRow {
                seq,
                at: load.at,
                nodes: load.nodes,
                slots: load.slots,
                busy: load.busy,
                queued: load.queued,
                open: load.open,
            }),
            // It is not lost, and nothing stands still for it.
            Err(error) => {
                tracing::error!(seq, %error, "a fact of dispatch cannot be read");
                let text = String::from_utf8_lossy(&message.payload);
                self.jobs.push(JobRow {
                    seq,
                    at: message.at,
                    job: message.key.clone(),
                    state: "unreadable".to_owned(),
                    cause: text.chars().take(MOST_UNREADABLE).collect(),
                    ..JobRow::default()
                });
            }
        }
    }

    fn changed(&mut self, seq: u64, changed: Changed) {
        let job = changed.job.to_string();
        for (n, step) in (0..).zip(&changed.steps) {
            let (what, node, fence) = match step {
                Step::Offered { node, fence } => ("offered", node, *fence),
                Step::Run { node, fence } => ("run", node, *fence),
            };
            let wait = match step {
                Step::Run { .. } => changed.at.saturating_sub(changed.queued_at),
                Step::Offered { .. } => 0,
            };
            self.attempts.push(AttemptRow {
                seq,
                n,
                at: changed.at,
                job: job.clone(),
                fence,
                what: what.to_owned(),
                node: node.to_string(),
                fault: String::new(),
                wait_ms: u64::try_from(wait).unwrap_or(0),
            });
        }
        let mut row = JobRow {
            seq,
            at: changed.at,
            job,
            fence: changed.fence,
            failures: changed.failures,
            submitted_at: changed.submitted_at,
            queued_at: changed.queued_at,
            owner: changed.owner.to_string(),
            kind: changed.kind.unwrap_or_default(),
            priority: changed.priority,
            ..JobRow::default()
        };
        row.stand(&changed.state);
        self.jobs.push(row);
    }
}

impl JobRow {
    fn stand(&mut self, state: &State) {
        let name = match *state {
            State::Waiting { .. } => "waiting",
            State::Queued { .. } => "queued",
            State::Offered { node, ask, .. } => {
                (self.node, self.ask) = (node.to_string(), ask);
                "offered"
            }
            State::Leased(lease) => {
                (self.node, self.ask) = (lease.node.to_string(), lease.ask);
                "leased"
            }
            State::Completed { node, cost, ran_ms } => {
                self.node = node.to_string();
                (self.cost, self.ran_ms) = (cost, ran_ms);
                "completed"
            }
            State::Failed { cause } => {
                self.cause = because(cause);
                "failed"
            }
            State::Cancelled { by } => {
                self.cause = word(&by);
                "cancelled"
            }
            State::Dead { cause } => {
                self.cause = because(cause);
                "dead"
            }
            State::Elsewhere { stands, cost } => {
                (self.cause, self.cost) = (word(&stands), cost);
                "elsewhere"
            }
        };
        self.state = name.to_owned();
    }
}

fn because(cause: Cause) -> String {
    match cause {
        Cause::Attempts(fault) => format!("attempts: {}", word(&fault)),
        cause => word(&cause),
    }
}

/// The word that a plain variant is written with.
fn word(variant: &impl Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(payload: &str) -> Rows {
        Rows::of(&[Message {
            seq: 7,
            key: "k".to_owned(),
            payload: payload.as_bytes().to_vec(),
            at: 5,
        }])
    }

    const JOB: &str = "00000000-0000-4000-8000-000000000001";
    const NODE: &str = "00000000-0000-4000-8000-000000000002";

    #[test]
    fn each_message_becomes_its_rows() {
        let owner = "11111111111111111111111111111111";
        let changed = rows(&format!(
            r#"{{"at":90,"job":"{JOB}","fence":2,"failures":1,"queued_at":40,"submitted_at":30,"owner":"{owner}",
            "priority":5,"kind":"llm_inference","steps":[{{"step":"offered","node":"{NODE}","fence":1}},
            {{"step":"run","node":"{NODE}","fence":2}}],"state":"dead","cause":{{"attempts":"expired"}}}}"#
        ));
        let [job] = &changed.jobs[..] else {
            panic!("{changed:?}");
        };
        assert_eq!((job.seq, job.state.as_str()), (7, "dead"));
        assert_eq!(
            (job.cause.as_str(), job.kind.as_str()),
            ("attempts: expired", "llm_inference")
        );
        let [offered, run] = &changed.attempts[..] else {
            panic!("{changed:?}");
        };
        assert_eq!(
            (offered.n, offered.what.as_str(), offered.fence),
            (0, "offered", 1)
        );
        assert_eq!((run.n, run.what.as_str(), run.wait_ms), (1, "run", 50));

        let missed = rows(&format!(
            r#"{{"at":9,"job":"{JOB}","fence":2,"missed":"declined","node":"{NODE}"}}"#
        ));
        assert_eq!(missed.attempts[0].fault, "declined");
        let refused = rows(&format!(
            r#"{{"at":9,"job":"{JOB}","fence":2,"refused":3,"node":"{NODE}"}}"#
        ));
        assert_eq!(refused.attempts[0].what, "refused");
        let rechecked = rows(&format!(
            r#"{{"at":9,"job":"{JOB}","rechecked":"different","copy":"{JOB}","kind":"render","node":"{NODE}","second":null}}"#
        ));
        let row = &rechecked.rechecks[0];
        assert_eq!(
            (row.outcome.as_str(), row.second.as_str()),
            ("different", "")
        );
        let load = rows(r#"{"at":9,"nodes":1,"slots":4,"busy":3,"queued":2,"open":5}"#);
        assert_eq!((load.load[0].slots, load.load[0].busy), (4, 3));
    }

    #[test]
    fn what_cannot_be_read_is_kept_as_it_came() {
        let kept = rows("{\"at\":");
        assert_eq!(kept.jobs[0].state, "unreadable");
        assert_eq!(
            (kept.jobs[0].cause.as_str(), kept.jobs[0].at),
            ("{\"at\":", 5)
        );
    }
}
