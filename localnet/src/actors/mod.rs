//! The actors: owners of nodes, clients, a broker and a cashier who use the network as people would.
//!
//! What they do follows from the seed and the slot alone (times are the chain's), and what they remember
//! is stored with each block: a restarted or killed network goes on with the same jobs.

mod cast;
mod desk;
mod jobs;
mod nodes;
mod side;
mod state;

use borsh::BorshDeserialize;
use rand::{Rng as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_sdk::{
    signature::Signature,
    transaction::{TransactionError, VersionedTransaction},
};

use crate::chain::{Driver, Outcome, SlotView};
use cast::Cast;
use desk::Desk;
use state::{Effect, State, Table};

pub(crate) use cast::genesis_accounts;
pub use cast::{CLIENTS, OWNERS, Role, actor};

/// A whole action in millionths.
const ACTION: u64 = 1_000_000;
/// Actions of one slot at most, and jobs on their way at most.
const SLOT_LIMIT: usize = 2_000;
const JOB_LIMIT: usize = 4_000;

/// The actors of one network.
pub(crate) struct Actors {
    seed: u64,
    cast: Cast,
    state: State,
    /// Credit that each slot brings, in millionths of an action.
    income: u64,
    /// Whether the first job of this process is still to come.
    first: bool,
    /// What the transactions of this slot change.
    effects: Vec<Effect>,
}

impl Actors {
    /// Actors with a memory (empty for a new chain), acting at a rate per slot.
    pub(crate) fn new(seed: u64, saved: &[u8], per_slot: f64) -> Self {
        let state = State::try_from_slice(saved).unwrap_or_default();
        // Rates beyond the slot limit change nothing.
        let per_slot = per_slot.clamp(0.0, SLOT_LIMIT as f64);
        Self {
            seed,
            cast: Cast::new(seed),
            state,
            income: (per_slot * ACTION as f64) as u64,
            first: per_slot > 0.0,
            effects: Vec::new(),
        }
    }

    fn desk<'a>(&self, cast: &'a Cast, view: &SlotView<'_>) -> Desk<'a> {
        // A stream of its own for each slot: a restart needs no saved generator.
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(view.slot);
        let table = match self.state.table {
            Table::Filled(key, from) if view.slot >= from => {
                Some(desk::table(key, side::table_addresses()))
            }
            _ => None,
        };
        Desk::new(cast, view.slot, view.time, view.blockhash, rng, table)
    }

    /// Everything of one slot.
    fn act(state: &mut State, desk: &mut Desk<'_>, first: bool, income: u64) {
        state.credit = (state.credit + income).min(ACTION * SLOT_LIMIT as u64);
        let budget = usize::try_from(state.credit / ACTION).unwrap_or(0);
        side::set_up(state, desk);
        nodes::grow(state, desk);
        if first {
            jobs::create(state, desk, true);
        }
        let left = |desk: &Desk<'_>| budget.saturating_sub(desk.count());
        nodes::heartbeats(state, desk, left(desk));
        jobs::advance(state, desk, left(desk));
        let mut tries = 0;
        while left(desk) > 0 && tries < budget * 4 {
            tries += 1;
            match desk.rng.random_range(0..100) {
                0..=9 => nodes::incident(state, desk),
                10..=17 => side::payment(state, desk),
                18..=24 => side::stand_in(state, desk),
                25..=31 => jobs::mischief(state, desk),
                _ if state.jobs.len() < JOB_LIMIT => jobs::create(state, desk, false),
                _ => {}
            }
        }
        state.credit = state.credit.saturating_sub(desk.count() as u64 * ACTION);
    }
}

impl Driver for Actors {
    fn plan(&mut self, view: &mut SlotView<'_>) -> Vec<VersionedTransaction> {
        self.effects.clear();
        if self.income == 0 {
            return Vec::new();
        }
        let mut desk = self.desk(&self.cast, view);
        Self::act(&mut self.state, &mut desk, self.first, self.income);
        self.first = false;
        let (transactions, effects) = desk.finish().into_iter().unzip();
        self.effects = effects;
        transactions
    }

    fn settle(&mut self, results: &[(Signature, Outcome)]) {
        for (effect, (signature, outcome)) in self.effects.drain(..).zip(results) {
            match outcome {
                Outcome::Executed(None) => effect.apply(&mut self.state),
                Outcome::Executed(Some(error)) => {
                    give_up(effect, &mut self.state);
                    tracing::trace!(%signature, %error, "an actor's transaction failed");
                }
                // The same transfer twice in a slot signs the same bytes: harmless.
                Outcome::Refused(TransactionError::AlreadyProcessed) => {}
                Outcome::Refused(error) => {
                    tracing::warn!(%signature, %error, "an actor's transaction did not enter its block");
                }
            }
        }
    }

    fn save(&self) -> Vec<u8> {
        // Writing to memory cannot fail.
        borsh::to_vec(&self.state).unwrap_or_default()
    }
}

/// Forgets a job whose next step the programs refuse: it would fail again.
fn give_up(effect: Effect, state: &mut State) {
    if let Effect::Step { client, name, .. } | Effect::Ended { client, name } = effect {
        Effect::Ended { client, name }.apply(state);
    }
}
