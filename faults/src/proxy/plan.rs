//! What goes wrong, and when: by list for a scenario, by seed for everything else.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tonic::Status;

/// How a stream ends before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// In order, as after a request that was too large.
    Silent,
    /// UNAVAILABLE: the server stops.
    Unavailable,
    /// INTERNAL "lagged to send an update": the client was too slow.
    Lagged,
    /// INTERNAL "from_slot is not supported".
    ReplayOff,
    /// INTERNAL "failed to get replay response": the slot is ahead of what is sealed.
    ReplayAhead,
    /// OUT_OF_RANGE, naming the first slot that is held.
    TooOld(u64),
    /// RESOURCE_EXHAUSTED, as a limit of message sizes.
    TooLarge,
}

impl Ending {
    pub(super) fn status(&self) -> Option<Status> {
        Some(match self {
            Self::Silent => return None,
            Self::Unavailable => Status::unavailable("the server is shutting down"),
            Self::Lagged => Status::internal("lagged to send an update"),
            Self::ReplayOff => Status::internal("from_slot is not supported"),
            Self::ReplayAhead => Status::internal("failed to get replay response"),
            Self::TooOld(first) => Status::out_of_range(format!(
                "broadcast from a slot before is not available, last available: {first}"
            )),
            Self::TooLarge => Status::resource_exhausted("message length too large"),
        })
    }
}

/// What happens to one stream; rates are in thousandths of messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamPlan {
    /// It ends before this message (0 = at once).
    pub cut: Option<(u64, Ending)>,
    /// Nothing is passed on for so long, before this message.
    pub stall: Option<(u64, Duration)>,
    /// Messages that come twice.
    pub double: u64,
    /// Statuses and metas that come up to eight messages late.
    pub hold: u64,
    /// Statuses that never come. Those of finality and death always do.
    pub lose_statuses: u64,
    /// Statuses that come a second time without their parent.
    pub orphaned: u64,
    /// Metas that never come.
    pub lose_metas: u64,
    /// The replay is accepted and delivers nothing.
    pub empty_replay: bool,
    /// `CONFIRMED` never comes, whatever the rates say.
    pub never_confirmed: bool,
    /// `FINALIZED` never comes.
    pub never_finalized: bool,
    /// No status but `CONFIRMED` and `FINALIZED` comes.
    pub only_rooted: bool,
    /// The blocks of these slots never come.
    pub lose_blocks: Vec<u64>,
    /// The blocks of these slots come with another hash and content.
    pub forge: Vec<u64>,
    /// Accounts come after the meta of their block, and after the blocks of so many slots more.
    pub late_accounts: u64,
    /// Bytes that every sixteenth block is longer by.
    pub pad: usize,
}

/// What happens to one answer of JSON-RPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RpcFault {
    /// 429, with the seconds to wait.
    TooMany(u64),
    /// A status of 5xx.
    Broken(u16),
    /// No answer for so long, then 504.
    Late(Duration),
    /// The connection ends within the body.
    Truncated,
    /// The `meta` of every transaction is null.
    NullMeta,
    /// An error with this code and text.
    Refused(i64, &'static str),
    /// `"result": null`.
    Null,
}

/// Everything that goes wrong between a network and its indexer.
#[derive(Debug, Clone, Default)]
pub struct Mischief {
    /// Plans of the first streams, in order.
    pub streams: VecDeque<StreamPlan>,
    /// Faults of the first answers, by method.
    pub answers: VecDeque<(&'static str, RpcFault)>,
    /// What comes after them follows this seed; `None`: nothing goes wrong then.
    pub seed: Option<u64>,
}

impl Mischief {
    /// Everything that real servers do, by this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self {
            seed: Some(seed),
            ..Self::default()
        }
    }

    /// This for the first stream only.
    #[must_use]
    pub fn once(plan: StreamPlan) -> Self {
        Self {
            streams: VecDeque::from([plan]),
            ..Self::default()
        }
    }

    pub(super) fn shared(self) -> Shared {
        let rng = self.seed.map(ChaCha8Rng::seed_from_u64);
        Shared(Arc::new(Mutex::new(State {
            mischief: self,
            rng,
        })))
    }
}

#[derive(Debug)]
struct State {
    mischief: Mischief,
    rng: Option<ChaCha8Rng>,
}

/// One plan for both proxies.
#[derive(Debug, Clone)]
pub(super) struct Shared(Arc<Mutex<State>>);

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The plan of the next stream, and the numbers that it goes by.
    pub(super) fn stream(&self) -> (StreamPlan, ChaCha8Rng) {
        let mut state = self.state();
        let rng = match &mut state.rng {
            Some(rng) => ChaCha8Rng::seed_from_u64(rng.random()),
            None => ChaCha8Rng::seed_from_u64(0),
        };
        if let Some(plan) = state.mischief.streams.pop_front() {
            return (plan, rng);
        }
        let plan = state.rng.as_mut().map(random).unwrap_or_default();
        (plan, rng)
    }

    /// The fault of the next answer, if any.
    pub(super) fn answer(&self, method: &str) -> Option<RpcFault> {
        let mut state = self.state();
        let answers = &mut state.mischief.answers;
        if let Some(at) = answers.iter().position(|(of, _)| *of == method) {
            return answers.remove(at).map(|(_, fault)| fault);
        }
        let rng = state.rng.as_mut()?;
        if !rng.random_bool(0.15) {
            return None;
        }
        Some(match rng.random_range(0..7) {
            0 => RpcFault::TooMany(0),
            1 => RpcFault::Broken(503),
            2 => RpcFault::Late(Duration::from_millis(rng.random_range(5..50))),
            3 => RpcFault::Truncated,
            4 => RpcFault::NullMeta,
            5 => RpcFault::Refused(-32004, "Block not available for slot"),
            _ => RpcFault::Refused(-32007, "Slot was skipped, or missing due to ledger jump"),
        })
    }
}

fn random(rng: &mut ChaCha8Rng) -> StreamPlan {
    let endings = [Ending::Silent, Ending::Unavailable, Ending::Lagged];
    let ending = endings[rng.random_range(0..endings.len())].clone();
    StreamPlan {
        cut: rng
            .random_bool(0.5)
            .then(|| (rng.random_range(20..600), ending)),
        stall: rng.random_bool(0.2).then(|| {
            let time = Duration::from_millis(rng.random_range(20..200));
            (rng.random_range(0..300), time)
        }),
        double: rng.random_range(0..100),
        hold: rng.random_range(0..200),
        lose_statuses: rng.random_range(0..60),
        orphaned: rng.random_range(0..60),
        lose_metas: rng.random_range(0..100),
        ..StreamPlan::default()
    }
}
