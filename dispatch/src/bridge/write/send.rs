//! A transaction on its way, as one pure machine: planned, signed, sent, confirmed, finalized, or given up.
//!
//! What is signed is kept before it is sent, and sent again as the same bytes: a transaction is taken at most once, whatever
//! answers are lost. Only when it can never be taken any more is another one signed in its place: the chain is final beyond
//! the last block that would take it, and no endpoint knows it, though all have searched their whole history since.

use serde::{Deserialize, Serialize};

/// A transaction on its way. What is written here is all that a restart needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    /// Where it stands.
    pub stage: Stage,
    /// Signatures given so far.
    pub signed: u32,
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum Stage {
    /// It is to be signed.
    Planned,
    /// It is signed and kept, and may be out.
    Signed(Signed),
    /// A block that most have voted for holds it.
    Confirmed(Signed),
    /// So does one that stays.
    Finalized {
        /// Its signature, in base58.
        signature: String,
    },
    /// It was taken and did nothing, or nobody signs it any more.
    Failed {
        /// Why.
        why: String,
    },
}

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The whole transaction, in base64.
    pub bytes: String,
    /// Its first signature, in base58: its name on chain.
    pub signature: String,
    /// The last block height that takes it.
    pub last_valid: u64,
}

/// What happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// All have signed.
    Signed(Signed),
    /// Somebody who has to sign does not.
    Refused(String),
    /// An endpoint knows a transaction of this signature.
    Seen {
        /// Whose.
        signature: String,
        /// The chain's error, if it did nothing.
        error: Option<String>,
        /// How sure it is.
        level: Level,
    },
    /// No endpoint knows it, though each has searched its whole history.
    Unknown {
        /// Whose.
        signature: String,
        /// The block height that was final before they were asked.
        final_height: u64,
    },
}

/// How sure a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Some validator has it.
    Processed,
    /// Most have voted for it.
    Confirmed,
    /// It stays.
    Finalized,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Have it signed, for a blockhash of now.
    Sign,
    /// Send these bytes, again if need be, and ask what became of them.
    Send(Signed),
    /// Ask what became of them.
    Watch(Signed),
    /// Nothing more.
    Rest,
}

impl Send {
    /// A transaction that is to be signed.
    #[must_use]
    pub fn planned() -> Self {
        Self {
            stage: Stage::Planned,
            signed: 0,
        }
    }

    /// One that came signed, for a blockhash that others chose.
    #[must_use]
    pub fn signed(signed: Signed) -> Self {
        Self {
            stage: Stage::Signed(signed),
            signed: 1,
        }
    }

    /// What is to be done next. What stands here must be kept before.
    #[must_use]
    pub fn next(&self) -> Next {
        match &self.stage {
            Stage::Planned => Next::Sign,
            Stage::Signed(signed) => Next::Send(signed.clone()),
            Stage::Confirmed(signed) => Next::Watch(signed.clone()),
            Stage::Finalized { .. } | Stage::Failed { .. } => Next::Rest,
        }
    }

    /// Whether more is to happen to it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.next() != Next::Rest
    }

    /// Whether it is in a block that most have voted for.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        matches!(self.stage, Stage::Confirmed(_) | Stage::Finalized { .. })
    }

    /// What an event makes of it; whether anything. `may_sign`: whoever has to may be asked to sign again.
    pub fn step(&mut self, event: Event, may_sign: bool) -> bool {
        let out = match &self.stage {
            Stage::Signed(signed) | Stage::Confirmed(signed) => Some(signed.clone()),
            _ => None,
        };
        let confirmed = matches!(self.stage, Stage::Confirmed(_));
        let stage = match (event, out) {
            (Event::Signed(signed), None) if self.stage == Stage::Planned => {
                self.signed += 1;
                Stage::Signed(signed)
            }
            (Event::Refused(why), None) if self.stage == Stage::Planned => Stage::Failed { why },
            (
                Event::Seen {
                    signature,
                    error,
                    level,
                },
                Some(out),
            ) if signature == out.signature => match (level, error) {
                (Level::Processed, _) => return false,
                // A fork may still take it back: what failed in it may do its work in another block.
                (Level::Confirmed, Some(_)) => return false,
                (Level::Confirmed, None) if confirmed => return false,
                (Level::Confirmed, None) => Stage::Confirmed(out),
                (Level::Finalized, None) => Stage::Finalized { signature },
                (Level::Finalized, Some(why)) => Stage::Failed { why },
            },
            (
                Event::Unknown {
                    signature,
                    final_height,
                },
                Some(out),
            ) if signature == out.signature => match (final_height > out.last_valid, may_sign) {
                // A fork took it back, and it may come again by itself.
                (false, _) if confirmed => Stage::Signed(out),
                (false, _) => return false,
                (true, true) => Stage::Planned,
                (true, false) => Stage::Failed {
                    why: "it was not taken in time, and whoever signed it has to sign again"
                        .to_owned(),
                },
            },
            _ => return false,
        };
        self.stage = stage;
        true
    }
}

#[cfg(test)]
mod tests;
