//! All nodes in memory, laid out for one pass over them.

use std::collections::HashMap;

use hypernode_state::Digest;
use sha2::{Digest as _, Sha256};

use super::draw::{
    Candidate, Decision, NEWCOMER_BELOW, TOP, draw, explores, newcomer_key, utility,
};
use super::facts::{NodeFacts, Runs};
use super::names::{Capabilities, Models};
use super::price::{Ask, PLACES};
use super::seed::Seed;
use super::want::{Algorithm, EXACT, Needs, Want};
use crate::ids::NodeId;

/// All nodes that could be given a job.
#[derive(Debug)]
pub struct Pool {
    half_stake: u64,
    places: HashMap<NodeId, u32>,
    /// One entry for each node in all three, by place.
    hot: Vec<Hot>,
    cold: Vec<Cold>,
    states: Vec<[u64; 4]>,
    capabilities: Capabilities,
    models: Models,
    /// Kept between decisions for its room: places that passed, and how many ask for what.
    passed: Vec<u32>,
    asks: Box<[u32; PLACES]>,
}

/// What every decision looks at: 40 bytes.
#[derive(Clone, Copy, Debug)]
struct Hot {
    capabilities: u64,
    ask: u64,
    quality: u32,
    vram_mb: u32,
    free: u16,
    eighths: u16,
    model: u16,
    reputation: u16,
    sandboxed: bool,
    runs: Runs,
    newcomer: bool,
}

/// What few decisions look at.
#[derive(Clone, Debug)]
struct Cold {
    /// Without the names that are kept as numbers.
    candidate: Candidate,
    facts: NodeFacts,
    /// Of the node's name, for the order of newcomers.
    key: u64,
}

impl Pool {
    /// An empty pool. `half_stake`: the stake in raw HYPER that counts half.
    pub fn new(half_stake: u64) -> Self {
        Self {
            half_stake,
            places: HashMap::new(),
            hot: Vec::new(),
            cold: Vec::new(),
            states: Vec::new(),
            capabilities: Capabilities::default(),
            models: Models::default(),
            passed: Vec::new(),
            asks: Box::new([0; PLACES]),
        }
    }

    /// Takes a node in, or its new facts.
    pub fn put(&mut self, facts: NodeFacts) {
        let (hot, cold, state) = self.entry(facts);
        match self.places.get(&cold.facts.id) {
            Some(place) => {
                let place = *place as usize;
                (self.hot[place], self.states[place]) = (hot, state);
                self.cold[place] = cold;
            }
            None => {
                self.places.insert(cold.facts.id, self.hot.len() as u32);
                self.hot.push(hot);
                self.states.push(state);
                self.cold.push(cold);
            }
        }
    }

    /// Changes some facts of a node.
    pub fn change(&mut self, node: NodeId, change: impl FnOnce(&mut NodeFacts)) {
        if let Some(facts) = self.get(node) {
            let mut facts = facts.clone();
            change(&mut facts);
            facts.id = node;
            self.put(facts);
        }
    }

    /// Sets how many jobs a node has: the change that every decision makes.
    pub fn set_running(&mut self, node: NodeId, running: u16) {
        let Some(place) = self.places.get(&node).map(|place| *place as usize) else {
            return;
        };
        let cold = &mut self.cold[place];
        cold.facts.running = running;
        cold.candidate.running = running;
        cold.candidate.partial.capacity = super::quality::capacity(running, cold.facts.slots);
        self.states[place] = state(&cold.facts);
        self.hot[place].quality = cold.candidate.partial.quality();
        self.hot[place].free = free(&cold.facts);
    }

    /// Forgets a node.
    pub fn remove(&mut self, node: NodeId) {
        let Some(place) = self.places.remove(&node) else {
            return;
        };
        self.hot.swap_remove(place as usize);
        self.states.swap_remove(place as usize);
        self.cold.swap_remove(place as usize);
        if let Some(moved) = self.cold.get(place as usize) {
            self.places.insert(moved.facts.id, place);
        }
    }

    /// What is known of a node.
    pub fn get(&self, node: NodeId) -> Option<&NodeFacts> {
        let place = *self.places.get(&node)?;
        self.cold.get(place as usize).map(|cold| &cold.facts)
    }

    /// Nodes.
    pub fn len(&self) -> usize {
        self.hot.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.hot.is_empty()
    }

    /// Jobs that nodes run at a time, and those that they have; of nodes that are away, only the latter.
    pub fn slots(&self) -> (u32, u32) {
        self.cold.iter().fold((0, 0), |(slots, busy), cold| {
            let facts = &cold.facts;
            let here = if facts.online {
                facts.slots
            } else {
                facts.running
            };
            (
                slots.saturating_add(here.into()),
                busy.saturating_add(facts.running.into()),
            )
        })
    }

    /// A job's needs by the numbers of this pool.
    pub fn want(&self, needs: &Needs) -> Want {
        Want {
            takes: self.models.taking(needs.gpu_model.as_deref()),
            capabilities: self.capabilities.needed(&needs.capabilities),
            version: self.version(),
            needs: needs.clone(),
        }
    }

    /// Reads `want` anew where models or capabilities came that were not there when it was read.
    pub fn refresh(&self, want: &mut Want) {
        if want.version != self.version() {
            *want = self.want(&want.needs);
        }
    }

    fn version(&self) -> (usize, usize) {
        (self.models.version(), self.capabilities.version())
    }

    /// Whether `node` could be given a job that wants this.
    pub fn fits(&self, want: &Want, node: NodeId) -> bool {
        let place = self.places.get(&node);
        place.is_some_and(|place| {
            want.capabilities
                .is_some_and(|c| self.passes(want, c, *place))
        })
    }

    /// All nodes.
    pub(super) fn each(&self) -> impl Iterator<Item = &NodeFacts> {
        self.cold.iter().map(|cold| &cold.facts)
    }

    /// Whether the node's GPU is of a model that is wanted.
    pub(super) fn takes(&self, want: &Want, node: NodeId) -> bool {
        let place = self.places.get(&node);
        place.is_some_and(|place| want.takes.has(self.hot[*place as usize].model))
    }

    fn passes(&self, want: &Want, capabilities: u64, place: u32) -> bool {
        let (node, needs) = (&self.hot[place as usize], &want.needs);
        node.free > 0
            && node.vram_mb >= needs.min_vram_mb
            && node.capabilities & capabilities == capabilities
            && node.reputation >= needs.min_reputation
            && needs.max_ask.is_none_or(|most| node.ask <= most)
            && want.takes.has(node.model)
            && (!needs.sandboxed || node.sandboxed)
            && match needs.node {
                None => node.runs != Runs::Named,
                Some(named) => self.cold[place as usize].facts.id == named,
            }
            && needs.free.is_none_or(|home| {
                let is_home = self.cold[place as usize].facts.owner == home;
                node.runs == Runs::Free && (node.sandboxed || is_home)
            })
            && (needs.min_stake == 0 || self.cold[place as usize].facts.stake >= needs.min_stake)
            && needs
                .owner
                .is_none_or(|owner| self.cold[place as usize].facts.owner == owner)
            && needs
                .not_owner
                .is_none_or(|owner| self.cold[place as usize].facts.owner != owner)
    }

    /// The choice of a node for a job that wants this, but none of `excluded`.
    pub fn choose(
        &mut self,
        algorithm: Algorithm,
        want: &Want,
        excluded: &[NodeId],
        seed: &Seed,
    ) -> Option<Decision> {
        match algorithm {
            Algorithm::Draw => self.choose_by_draw(want, excluded, seed),
            Algorithm::ReputationWeighted => self.choose_legacy(want, excluded),
        }
    }

    fn choose_by_draw(
        &mut self,
        want: &Want,
        excluded: &[NodeId],
        seed: &Seed,
    ) -> Option<Decision> {
        let (snapshot, reference) = self.filter(want, excluded)?;
        let gamma = want.needs.gamma.exponent();
        let top = self.top(reference, gamma);
        let mut candidates: Vec<Candidate> = (top.iter())
            .map(|&(utility, place)| Candidate {
                utility,
                ..self.cold[place as usize].candidate
            })
            .collect();
        let newcomer = match explores(seed) {
            true => self.newcomer(seed),
            false => None,
        };
        let explored = newcomer.is_some();
        let chosen = match newcomer {
            Some(place) => {
                let (hot, cold) = (&self.hot[place as usize], &self.cold[place as usize]);
                let utility = utility(hot.quality, reference, hot.eighths, gamma);
                candidates.push(Candidate {
                    utility,
                    ..cold.candidate
                });
                candidates.len() - 1
            }
            None => draw(top.iter().map(|(utility, _)| *utility), seed),
        };
        let chosen = candidates.get(chosen)?;
        Some(Decision {
            chosen: chosen.node,
            ask: chosen.ask,
            explored,
            eligible: self.passed.len() as u32,
            snapshot,
            reference,
            candidates,
        })
    }

    /// The choice by the old formula: the best, without a draw.
    fn choose_legacy(&mut self, want: &Want, excluded: &[NodeId]) -> Option<Decision> {
        let (snapshot, reference) = self.filter(want, excluded)?;
        let passed = self
            .passed
            .iter()
            .map(|place| self.cold[*place as usize].candidate);
        let candidates = super::legacy::best(passed.collect());
        let best = candidates.first()?;
        Some(Decision {
            chosen: best.node,
            ask: best.ask,
            explored: false,
            eligible: self.passed.len() as u32,
            snapshot,
            reference,
            candidates,
        })
    }

    /// Fills `passed`, and gives the sum of their states and the place of the median ask.
    fn filter(&mut self, want: &Want, excluded: &[NodeId]) -> Option<(Digest, u16)> {
        let capabilities = want.capabilities?;
        let excluded: Vec<u32> = (excluded.iter())
            .filter_map(|node| self.places.get(node).copied())
            .collect();
        let mut passed = std::mem::take(&mut self.passed);
        passed.clear();
        self.asks.fill(0);
        let mut sum = [0_u64; 4];
        for place in 0..self.hot.len() as u32 {
            if self.passes(want, capabilities, place) && !excluded.contains(&place) {
                passed.push(place);
                self.asks[usize::from(self.hot[place as usize].eighths)] += 1;
                for (sum, lane) in sum.iter_mut().zip(self.states[place as usize]) {
                    *sum = sum.wrapping_add(lane);
                }
            }
        }
        let half = passed.len().div_ceil(2) as u32;
        self.passed = passed;
        let mut below = 0;
        let reference = self.asks.iter().position(|asks| {
            below += asks;
            below >= half
        })?;
        (half > 0).then(|| (digest(sum), reference as u16))
    }

    /// The best of those that passed, by U and then by name.
    fn top(&self, reference: u16, gamma: u8) -> Vec<(u64, u32)> {
        let mut top: Vec<(u64, u32)> = Vec::with_capacity(TOP + 1);
        for &place in &self.passed {
            let node = &self.hot[place as usize];
            let utility = utility(node.quality, reference, node.eighths, gamma);
            if top.len() == TOP && top.last().is_some_and(|last| utility < last.0) {
                continue;
            }
            let name = |place: u32| self.cold[place as usize].facts.id;
            let at = top
                .partition_point(|&(u, p)| u > utility || (u == utility && name(p) < name(place)));
            top.insert(at, (utility, place));
            top.truncate(TOP);
        }
        top
    }

    fn newcomer(&self, seed: &Seed) -> Option<u32> {
        let newcomers = self
            .passed
            .iter()
            .copied()
            .filter(|p| self.hot[*p as usize].newcomer);
        newcomers.min_by_key(|place| newcomer_key(seed, self.cold[*place as usize].key))
    }

    fn entry(&mut self, facts: NodeFacts) -> (Hot, Cold, [u64; 4]) {
        let facts = NodeFacts {
            stake: facts.stake.min(EXACT),
            ask: facts.ask.min(EXACT),
            ..facts
        };
        let ask = Ask::new(facts.ask);
        let mut candidate = Candidate {
            node: facts.id,
            reputation: facts.reputation,
            stake: facts.stake,
            completed: facts.completed,
            failed: facts.failed,
            running: facts.running,
            slots: facts.slots,
            rtt_ms: facts.rtt_ms,
            ask: facts.ask,
            partial: super::Partial::default(),
            utility: 0,
        };
        candidate.partial = candidate.parts(self.half_stake);
        let newcomer = facts.evidence < NEWCOMER_BELOW
            && facts.completed.saturating_add(facts.failed) < NEWCOMER_BELOW;
        let hot = Hot {
            capabilities: self.capabilities.offered(&facts.capabilities),
            ask: ask.raw,
            quality: candidate.partial.quality(),
            vram_mb: facts.vram_mb,
            free: free(&facts),
            eighths: ask.eighths,
            model: self.models.place(&facts.model),
            reputation: facts.reputation,
            sandboxed: facts.sandboxed,
            runs: facts.runs,
            newcomer,
        };
        let key = u64::from_le_bytes(first8(Sha256::digest(facts.id.0.as_bytes()).into()));
        let state = state(&facts);
        let cold = Cold {
            candidate,
            facts,
            key,
        };
        (hot, cold, state)
    }
}

/// Slots that a decision may fill: none of a node that is away.
fn free(facts: &NodeFacts) -> u16 {
    match facts.online {
        true => facts.slots.saturating_sub(facts.running),
        false => 0,
    }
}

/// SHA-256 over a node's facts, as four lanes.
fn state(facts: &NodeFacts) -> [u64; 4] {
    let mut hash = Sha256::new_with_prefix(b"HN-MATCH-NODE-v1|");
    hash.update(facts.id.0.as_bytes());
    hash.update(facts.owner.0);
    // Texts are hashed with their lengths: no two lists run into one another.
    let mut text = |text: &str| {
        hash.update((text.len() as u32).to_le_bytes());
        hash.update(text);
    };
    text(&facts.model);
    for capability in &facts.capabilities {
        text(capability);
    }
    let runs = match facts.runs {
        Runs::Named => 0,
        Runs::Manifests => 1,
        Runs::Free => 2,
    };
    hash.update([u8::from(facts.online), u8::from(facts.sandboxed), runs]);
    hash.update(facts.reputation.to_le_bytes());
    hash.update(facts.slots.to_le_bytes());
    hash.update(facts.running.to_le_bytes());
    let words = [
        facts.vram_mb,
        facts.evidence,
        facts.completed,
        facts.failed,
        facts.rtt_ms,
    ];
    words
        .iter()
        .for_each(|word| hash.update(word.to_le_bytes()));
    hash.update(facts.stake.to_le_bytes());
    hash.update(facts.ask.to_le_bytes());
    let hash: [u8; 32] = hash.finalize().into();
    let lane = |n: usize| {
        let mut lane = [0; 8];
        lane.copy_from_slice(&hash[8 * n..8 * n + 8]);
        u64::from_le_bytes(lane)
    };
    [lane(0), lane(1), lane(2), lane(3)]
}

fn first8(hash: [u8; 32]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = hash;
    [a, b, c, d, e, f, g, h]
}

fn digest(lanes: [u64; 4]) -> Digest {
    let mut bytes = [0; 32];
    for (chunk, lane) in bytes.chunks_exact_mut(8).zip(lanes) {
        chunk.copy_from_slice(&lane.to_le_bytes());
    }
    Digest(bytes)
}
