//! One thing that is not the same in what is published and on chain, said to people and to programs.

use std::fmt;

use serde_json::{Value, json};

use crate::keys::{Key, show_key, show_signature};
use crate::recompute::Evidence;

/// Who says something that the other does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The chain.
    Chain,
    /// The API.
    Api,
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A figure, or another single value.
    Value {
        /// Its name.
        name: &'static str,
        /// As the API states it.
        published: String,
        /// As it follows from the chain.
        recomputed: String,
    },
    /// Evidence that one side has and the other lacks.
    Evidence {
        /// Who has it.
        only: Side,
        /// It.
        evidence: Evidence,
    },
    /// The sums that the API states for a requester's day are not those of the evidence beside them.
    Day {
        /// The requester.
        requester: Key,
        /// The day.
        day: i64,
        /// Good and bad units as stated.
        published: (u64, u64),
        /// Those of the API's own evidence.
        of_evidence: (u64, u64),
    },
    /// The API's evidence does not lead to the root that it states for a day.
    Root {
        /// The day.
        day: i32,
        /// The root as stated.
        published: [u8; 32],
        /// Pieces of the node's evidence that it holds, as stated and as listed.
        evidence: (u64, u64),
    },
    /// Evidence of a day that is over, under none of the roots.
    Rootless {
        /// It.
        evidence: Evidence,
        /// From which it counts.
        slot: u64,
    },
    /// The API's figures are not those of its own entries.
    Own {
        /// Good and bad units as stated.
        published: (u64, u64),
        /// Those of its entries.
        of_entries: (u64, u64),
    },
}

impl Side {
    const fn name(self) -> &'static str {
        match self {
            Self::Chain => "the chain",
            Self::Api => "the API",
        }
    }

    const fn other(self) -> &'static str {
        match self {
            Self::Chain => "the API lacks it",
            Self::Api => "the chain lacks it",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value {
                name,
                published,
                recomputed,
            } => write!(
                f,
                "{name}: {published} published, {recomputed} from the chain"
            ),
            Self::Evidence { only, evidence } => {
                write!(f, "only {} has: {evidence}", only.name())
            }
            Self::Day {
                requester,
                day,
                published,
                of_evidence,
            } => write!(
                f,
                "requester {}, day {day}: good {} and bad {} published, its evidence makes {} and {}",
                show_key(requester),
                published.0,
                published.1,
                of_evidence.0,
                of_evidence.1
            ),
            Self::Root {
                day,
                published,
                evidence: (stated, listed),
            } => write!(
                f,
                "root of day {day}: the API's own evidence does not lead to {} ({stated} pieces of evidence published, {listed} listed)",
                hex::encode(published)
            ),
            Self::Rootless { evidence, slot } => {
                write!(
                    f,
                    "under no root, though slot {slot} is of a day that is over: {evidence}"
                )
            }
            Self::Own {
                published,
                of_entries,
            } => write!(
                f,
                "the API's own entries make good {} and bad {}, it publishes {} and {}",
                of_entries.0, of_entries.1, published.0, published.1
            ),
        }
    }
}

impl Difference {
    /// In a few words, for one line.
    #[must_use]
    pub fn short(&self) -> String {
        match self {
            Self::Evidence { only, evidence } => format!(
                "evidence {} of job {}, {} units, signature {}: {}",
                evidence.kind.name(),
                show_key(&evidence.job),
                evidence.units,
                show_signature(&evidence.signature),
                only.other()
            ),
            other => other.to_string(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        let pair =
            |(good, bad): &(u64, u64)| json!({"good": good.to_string(), "bad": bad.to_string()});
        match self {
            Self::Value {
                name,
                published,
                recomputed,
            } => json!({"what": name, "published": published, "recomputed": recomputed}),
            Self::Evidence { only, evidence } => {
                let only = match only {
                    Side::Chain => "chain",
                    Side::Api => "api",
                };
                json!({"what": "evidence", "only": only, "evidence": evidence_json(evidence)})
            }
            Self::Day {
                requester,
                day,
                published,
                of_evidence,
            } => json!({
                "what": "day", "requester": show_key(requester), "day": day,
                "published": pair(published), "of_evidence": pair(of_evidence),
            }),
            Self::Root {
                day,
                published,
                evidence: (stated, listed),
            } => json!({
                "what": "root", "day": day, "published": hex::encode(published), "evidence": stated, "listed": listed,
            }),
            Self::Rootless { evidence, slot } => {
                json!({"what": "rootless", "slot": slot, "evidence": evidence_json(evidence)})
            }
            Self::Own {
                published,
                of_entries,
            } => {
                json!({"what": "own_entries", "published": pair(published), "of_entries": pair(of_entries)})
            }
        }
    }
}

pub(crate) fn evidence_json(evidence: &Evidence) -> Value {
    json!({
        "requester": show_key(&evidence.requester),
        "day": evidence.day,
        "job": show_key(&evidence.job),
        "program": show_key(&evidence.program),
        "kind": evidence.kind.name(),
        "units": evidence.units.to_string(),
        "signature": show_signature(&evidence.signature),
    })
}
