//! What a dispatcher has done and has before it, for whoever watches it. Counters outlive a start anew.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde::Serialize;

use crate::job::{Effect, Fault};

/// Upper bounds of what a commit may have taken, in milliseconds; one more bucket is beyond them.
pub const COMMIT_MS: [u64; 10] = [1, 2, 5, 10, 20, 50, 100, 250, 1_000, 5_000];

/// The words for faults, in the order of their counts.
pub const FAULTS: [&str; 9] = [
    "passing",
    "node",
    "job",
    "permanent",
    "lost",
    "expired",
    "overrun",
    "declined",
    "unanswered",
];

fn place(fault: Fault) -> usize {
    match fault {
        Fault::Passing => 0,
        Fault::Node => 1,
        Fault::Job => 2,
        Fault::Permanent => 3,
        Fault::Lost => 4,
        Fault::Expired => 5,
        Fault::Overrun => 6,
        Fault::Declined => 7,
        Fault::Unanswered => 8,
    }
}

/// Counted as it happens, read without waiting.
#[derive(Debug, Default)]
pub struct Figures {
    working: AtomicU64,
    open: AtomicU64,
    queued: AtomicU64,
    nodes: AtomicU64,
    day: AtomicU64,
    slot: AtomicU64,
    submitted: AtomicU64,
    offers: AtomicU64,
    runs: AtomicU64,
    credits: AtomicU64,
    stale: AtomicU64,
    missed: [AtomicU64; FAULTS.len()],
    commits: [AtomicU64; COMMIT_MS.len() + 1],
    commit_micros: AtomicU64,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Whether a dispatcher is at work.
    pub working: bool,
    /// Jobs that have not ended.
    pub open: u64,
    /// Jobs that wait for a node.
    pub queued: u64,
    /// Nodes that are connected.
    pub nodes: u64,
    /// The day whose secret decisions are made with.
    pub day: u64,
    /// The slot that scores are of; 0 before there are any.
    pub slot: u64,
    /// Jobs that were taken in.
    pub submitted: u64,
    /// Offers that were made.
    pub offers: u64,
    /// Runs that were begun.
    pub runs: u64,
    /// Nodes that were credited.
    pub credits: u64,
    /// What was refused because its fence was not the one in force (I-43).
    pub stale: u64,
    /// Attempts that came to nothing, by [`FAULTS`].
    pub missed: [u64; FAULTS.len()],
    /// Commits by [`COMMIT_MS`], each by its own bucket.
    pub commits: [u64; COMMIT_MS.len() + 1],
    /// What all commits took together.
    pub commit_micros: u64,
}

impl Counted {
    /// Attempts that came to nothing in this way.
    pub fn missed(&self, fault: Fault) -> u64 {
        self.missed[place(fault)]
    }
}

/// What a board has before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    pub(super) open: usize,
    pub(super) queued: usize,
    pub(super) nodes: usize,
    pub(super) day: u32,
    pub(super) slot: Option<u64>,
}

impl Figures {
    /// What was counted so far.
    pub fn get(&self) -> Counted {
        let read = |n: &AtomicU64| n.load(Relaxed);
        Counted {
            working: read(&self.working) > 0,
            open: read(&self.open),
            queued: read(&self.queued),
            nodes: read(&self.nodes),
            day: read(&self.day),
            slot: read(&self.slot),
            submitted: read(&self.submitted),
            offers: read(&self.offers),
            runs: read(&self.runs),
            credits: read(&self.credits),
            stale: read(&self.stale),
            missed: self.missed.each_ref().map(read),
            commits: self.commits.each_ref().map(read),
            commit_micros: read(&self.commit_micros),
        }
    }

    pub(super) fn works(&self, works: bool) {
        self.working.store(works.into(), Relaxed);
    }

    pub(super) fn see(&self, before: Before) {
        self.open.store(before.open as u64, Relaxed);
        self.queued.store(before.queued as u64, Relaxed);
        self.nodes.store(before.nodes as u64, Relaxed);
        self.day.store(before.day.into(), Relaxed);
        self.slot.store(before.slot.unwrap_or(0), Relaxed);
    }

    pub(super) fn submitted(&self) {
        self.submitted.fetch_add(1, Relaxed);
    }

    pub(super) fn stale(&self) {
        self.stale.fetch_add(1, Relaxed);
    }

    pub(super) fn effect(&self, effect: &Effect) {
        let counter = match effect {
            Effect::Offer { .. } => &self.offers,
            Effect::Run { .. } => &self.runs,
            Effect::Credit { .. } => &self.credits,
            Effect::Missed { fault, .. } => &self.missed[place(*fault)],
            Effect::Withdraw { .. } | Effect::Stop { .. } => return,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(super) fn committed(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = COMMIT_MS.partition_point(|bound| bound * 1_000 < micros);
        self.commits[bucket].fetch_add(1, Relaxed);
        self.commit_micros.fetch_add(micros, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_is_counted_where_it_belongs() {
        let figures = Figures::default();
        figures.committed(Duration::from_micros(1_000));
        figures.committed(Duration::from_micros(1_001));
        figures.committed(Duration::from_secs(60));
        let node = crate::ids::NodeId::uuid(1);
        for fault in [Fault::Expired, Fault::Unanswered] {
            figures.effect(&Effect::Missed {
                node,
                fence: 1,
                fault,
            });
        }
        let now = figures.get();
        assert_eq!((now.commits[0], now.commits[1], now.commits[10]), (1, 1, 1));
        assert_eq!(now.commit_micros, 60_002_001);
        for (n, word) in FAULTS.iter().enumerate() {
            let expected = u64::from(["expired", "unanswered"].contains(word));
            assert_eq!(now.missed[n], expected, "{word}");
        }
    }

    #[test]
    fn faults_have_the_words_that_they_are_written_with() {
        for fault in [
            Fault::Passing,
            Fault::Node,
            Fault::Job,
            Fault::Permanent,
            Fault::Lost,
            Fault::Expired,
            Fault::Overrun,
            Fault::Declined,
            Fault::Unanswered,
        ] {
            let word = serde_json::to_value(fault).expect("a word");
            assert_eq!(word, FAULTS[place(fault)]);
        }
    }
}
