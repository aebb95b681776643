//! A decision on paper: what it rested on, so that anyone can make it again.

use hypernode_state::{Digest, UnixMs};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::draw::{Candidate, Decision, TOP, draw, explores, utility};
use super::legacy;
use super::price::octave_eighths;
use super::seed::{DaySecret, Seed};
use super::want::{Algorithm, Needs};
use crate::ids::{JobId, NodeId};

/// Version of the rules and tables that decisions are made by.
pub const VERSION: u32 = 1;

/// A decision on paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// [`VERSION`].
    pub version: u32,
    /// The job.
    pub job: JobId,
    /// Of the offer or assignment that followed.
    pub fence: u32,
    /// When, in Unix ms.
    pub at: UnixMs,
    /// The slot that reputations were of; absent before there are any.
    pub as_of_slot: Option<u64>,
    /// How.
    pub algorithm: Algorithm,
    /// What the job needs.
    pub needs: Needs,
    /// The stake in raw HYPER that counts half.
    pub half_stake: u64,
    /// Hash of the job's content.
    pub content: Hex,
    /// The submitter's nonce, as hex.
    pub nonce: String,
    /// The day whose secret is used.
    pub day: u32,
    /// Its commitment.
    pub commitment: Hex,
    /// The seed.
    pub seed: Hex,
    /// Nodes that passed the filter.
    pub eligible: u32,
    /// The sum of their states.
    pub snapshot: Hex,
    /// The place of their median ask.
    pub reference: u16,
    /// The best, in order; behind them the newcomer, if one was taken.
    pub candidates: Vec<Candidate>,
    /// Whether a newcomer was taken.
    pub explored: bool,
    /// The choice.
    pub chosen: NodeId,
}

/// 32 bytes as hex.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hex(pub [u8; 32]);

impl std::fmt::Debug for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl From<Hex> for String {
    fn from(bytes: Hex) -> Self {
        hex::encode(bytes.0)
    }
}

impl TryFrom<String> for Hex {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// What a decision was made for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The job.
    pub job: JobId,
    /// Of the offer or assignment that follows.
    pub fence: u32,
    /// When.
    pub at: UnixMs,
    /// The slot that reputations are of.
    pub as_of_slot: Option<u64>,
    /// How.
    pub algorithm: Algorithm,
    /// What the job needs.
    pub needs: &'a Needs,
    /// The stake that counts half.
    pub half_stake: u64,
    /// Hash of the job's content.
    pub content: Digest,
    /// The submitter's nonce.
    pub nonce: &'a [u8],
    /// The day's secret.
    pub secret: &'a DaySecret,
}

impl Asked<'_> {
    /// The seed of this decision.
    pub fn seed(&self) -> Seed {
        self.secret.seed(&self.content, self.nonce, self.fence)
    }

    /// The decision on paper, that was made with `seed`.
    pub fn receipt(&self, decision: Decision, seed: &Seed) -> Receipt {
        Receipt {
            version: VERSION,
            job: self.job,
            fence: self.fence,
            at: self.at,
            as_of_slot: self.as_of_slot,
            algorithm: self.algorithm,
            needs: self.needs.clone(),
            half_stake: self.half_stake,
            content: Hex(self.content.0),
            nonce: hex::encode(self.nonce),
            day: self.secret.day(),
            commitment: Hex(self.secret.commitment().0),
            seed: Hex(seed.0),
            eligible: decision.eligible,
            snapshot: Hex(decision.snapshot.0),
            reference: decision.reference,
            candidates: decision.candidates,
            explored: decision.explored,
            chosen: decision.chosen,
        }
    }
}

/// Where a receipt contradicts itself or the rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Of rules that this program does not know.
    #[error("the receipt is of version {0}; this program knows {VERSION}")]
    Version(u32),
    /// The secret is not the one that was committed to.
    #[error("the day's secret does not have the hash that was committed to")]
    Commitment,
    /// The seed does not follow from the secret.
    #[error(
        "the seed does not follow from the day's secret, the job's content, its nonce and the fence"
    )]
    Seed,
    /// A candidate does not pass the filter, so far as it can be told.
    #[error("{0} does not have what the job needs")]
    Filter(NodeId),
    /// A candidate's parts or U are not what follows from what stands beside them.
    #[error("{0}: its scores do not follow from its facts")]
    Scores(NodeId),
    /// The candidates are not in the order of their scores.
    #[error("{0} stands in the wrong place")]
    Order(NodeId),
    /// There are fewer or more candidates than the rules say.
    #[error("{0} candidates of {1} eligible nodes")]
    Count(usize, u32),
    /// The choice is not the one that the seed draws.
    #[error("the seed draws {drawn}, the receipt says {chosen}")]
    Choice {
        /// By the rules.
        drawn: NodeId,
        /// On paper.
        chosen: NodeId,
    },
}

impl Receipt {
    /// Canonical JSON (RFC 8785): what is hashed and signed.
    ///
    /// # Errors
    /// None that a receipt of this type can bring about.
    pub fn bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json_canonicalizer::to_vec(self)
    }

    /// SHA-256 of [`Receipt::bytes`].
    ///
    /// # Errors
    /// As there.
    pub fn hash(&self) -> Result<Digest, serde_json::Error> {
        Ok(Digest(Sha256::digest(self.bytes()?).into()))
    }

    /// Makes the decision again from what the receipt says, with the day's secret once it is out. What only all nodes'
    /// states could show (who passed, the median, the snapshot) is taken from the receipt.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn replay(&self, secret: Option<&DaySecret>) -> Result<(), Mismatch> {
        if self.version != VERSION {
            return Err(Mismatch::Version(self.version));
        }
        if let Some(secret) = secret {
            self.check_seed(secret)?;
        }
        let newcomers = usize::from(self.explored);
        let ranked = self.candidates.len().saturating_sub(newcomers);
        if ranked != TOP.min(self.eligible as usize) || ranked == 0 {
            return Err(Mismatch::Count(self.candidates.len(), self.eligible));
        }
        for candidate in &self.candidates {
            self.check_scores(candidate)?;
        }
        let (ranked, newcomer) = self.candidates.split_at(ranked);
        self.check_order(ranked)?;
        let drawn = self.drawn(ranked, newcomer)?;
        match drawn == self.chosen {
            true => Ok(()),
            false => Err(Mismatch::Choice {
                drawn,
                chosen: self.chosen,
            }),
        }
    }

    fn check_seed(&self, secret: &DaySecret) -> Result<(), Mismatch> {
        if secret.day() != self.day || Hex(secret.commitment().0) != self.commitment {
            return Err(Mismatch::Commitment);
        }
        let nonce = hex::decode(&self.nonce).map_err(|_| Mismatch::Seed)?;
        let seed = secret.seed(&Digest(self.content.0), &nonce, self.fence);
        match Hex(seed.0) == self.seed {
            true => Ok(()),
            false => Err(Mismatch::Seed),
        }
    }

    fn check_scores(&self, candidate: &Candidate) -> Result<(), Mismatch> {
        let needs = &self.needs;
        let passes = candidate.running < candidate.slots
            && candidate.reputation >= needs.min_reputation
            && candidate.stake >= needs.min_stake
            && needs.max_ask.is_none_or(|most| candidate.ask <= most)
            && needs.node.is_none_or(|named| candidate.node == named);
        if !passes {
            return Err(Mismatch::Filter(candidate.node));
        }
        let parts = candidate.parts(self.half_stake);
        let expected = match self.algorithm {
            Algorithm::Draw => utility(
                parts.quality(),
                self.reference,
                octave_eighths(candidate.ask),
                needs.gamma.exponent(),
            ),
            Algorithm::ReputationWeighted => u64::from(legacy::legacy_score(&legacy::LegacyNode {
                reputation: candidate.reputation,
                completed: candidate.completed,
                failed: candidate.failed,
                vram: 1000,
            })),
        };
        match (parts, expected) == (candidate.partial, candidate.utility) {
            true => Ok(()),
            false => Err(Mismatch::Scores(candidate.node)),
        }
    }

    fn check_order(&self, ranked: &[Candidate]) -> Result<(), Mismatch> {
        let before = |a: &Candidate, b: &Candidate| match self.algorithm {
            Algorithm::Draw => (b.utility, a.node) < (a.utility, b.node),
            Algorithm::ReputationWeighted => {
                let key = |c: &Candidate| (c.utility, c.reputation, c.completed);
                key(a) > key(b) || (key(a) == key(b) && a.node < b.node)
            }
        };
        let wrong = ranked.windows(2).find(|pair| match pair {
            [a, b] => !before(a, b),
            _ => false,
        });
        match wrong {
            Some([_, b]) => Err(Mismatch::Order(b.node)),
            _ => Ok(()),
        }
    }

    fn drawn(&self, ranked: &[Candidate], newcomer: &[Candidate]) -> Result<NodeId, Mismatch> {
        let seed = Seed(self.seed.0);
        let count = || Mismatch::Count(self.candidates.len(), self.eligible);
        let place = match self.algorithm {
            Algorithm::ReputationWeighted => 0,
            Algorithm::Draw => draw(ranked.iter().map(|c| c.utility), &seed),
        };
        let drawn = ranked.get(place).ok_or_else(count)?.node;
        match newcomer {
            [] => Ok(drawn),
            // Only a decision whose lot says so may take one.
            [one] if self.algorithm == Algorithm::Draw && explores(&seed) => Ok(one.node),
            _ => Err(Mismatch::Choice {
                drawn,
                chosen: self.chosen,
            }),
        }
    }
}
