//! What is stated of one program's slots: intervals that follow each other without hole or overlap.

/// What an interval says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::accounts) enum Kind {
    Unobserved,
    Observed,
}

/// One interval, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::accounts) struct Statement {
    pub(in crate::accounts) kind: Kind,
    pub(in crate::accounts) from: u64,
    pub(in crate::accounts) to: u64,
    pub(in crate::accounts) reason: &'static str,
}

/// Intervals that may wait to be written. Beyond that nothing new is begun: the interval at hand grows.
const MAX_WAITING: usize = 16;

/// The interval at hand; `said`: its last slot in the rows that were handed out, from when on it cannot vanish.
#[derive(Debug, Clone, Copy)]
struct Now {
    kind: Kind,
    from: u64,
    said: Option<u64>,
    reason: &'static str,
}

/// One program's intervals from the last stored one on.
#[derive(Debug)]
pub(super) struct Tiles {
    waiting: Vec<Statement>,
    now: Now,
    /// The stored interval that the one at hand follows, while nothing has been said after it.
    before: Option<Statement>,
}

impl Tiles {
    /// After the last stored interval, if there is one; `reason`: why nothing is observed yet.
    pub(super) fn new(last: Option<Statement>, reason: &'static str) -> Self {
        let now = Now {
            kind: Kind::Unobserved,
            from: last.map_or(0, |last| last.to.saturating_add(1)),
            said: None,
            reason,
        };
        Self {
            waiting: Vec::new(),
            now,
            before: last,
        }
    }

    /// The stream is whole from `whole` on, and as good as the one before: what was observed then goes on, if no slot lies
    /// between.
    pub(super) fn go_on(&mut self, whole: u64) {
        let before = self
            .before
            .filter(|last| last.kind == Kind::Observed && last.to.saturating_add(1) >= whole);
        if let (Some(last), Kind::Unobserved, None) = (before, self.now.kind, self.now.said) {
            self.now = Now {
                kind: Kind::Observed,
                from: last.from,
                said: Some(last.to),
                reason: "",
            };
        }
    }

    /// Everything is observed from `slot` on; what was stated beyond it as unobserved is taken back.
    pub(super) fn begin(&mut self, slot: u64) {
        if self.now.kind == Kind::Observed || self.waiting.len() >= MAX_WAITING {
            return;
        }
        // A row that was handed out keeps its first slot: rows can be shortened, not removed.
        let first = self.now.from + u64::from(self.now.said.is_some());
        let slot = slot.max(first);
        if slot > self.now.from {
            self.end(slot - 1);
        }
        self.next(Kind::Observed, slot, "");
    }

    /// What is observed ends with the last slot of which everything is stored.
    pub(super) fn broken(&mut self, stored: Option<u64>, reason: &'static str) {
        if self.now.kind == Kind::Unobserved {
            return;
        }
        // What was said stays: slots that a replay sends again are stored already.
        let from = self.now.from;
        match stored.filter(|to| *to >= from).max(self.now.said) {
            Some(to) => {
                self.end(to);
                self.next(Kind::Unobserved, to.saturating_add(1), reason);
            }
            None => self.next(Kind::Unobserved, from, reason),
        }
    }

    /// From here on nothing is observed for another reason than before.
    pub(super) fn because(&mut self, reason: &'static str) {
        if self.now.kind == Kind::Observed || self.now.reason == reason {
            return;
        }
        match self.now.said {
            Some(to) => {
                self.end(to);
                self.next(Kind::Unobserved, to.saturating_add(1), reason);
            }
            None => self.now.reason = reason,
        }
    }

    pub(super) fn observed(&self) -> bool {
        self.now.kind == Kind::Observed
    }

    /// The rows to write: what ended since the last writing, and the interval at hand as far as `stored` (if observed) or
    /// `seen` (if not) tell.
    pub(super) fn rows(&mut self, stored: Option<u64>, seen: Option<u64>) -> Vec<Statement> {
        let end = match self.now.kind {
            Kind::Observed => stored,
            Kind::Unobserved => seen,
        };
        // What was said once is not taken back by growing.
        if let Some(to) = end.max(self.now.said).filter(|to| *to >= self.now.from) {
            self.now.said = Some(to);
        }
        let now = self.now.said.map(|to| self.statement(to));
        self.waiting.iter().copied().chain(now).collect()
    }

    /// The rows are stored.
    pub(super) fn written(&mut self) {
        self.waiting.clear();
    }

    fn statement(&self, to: u64) -> Statement {
        Statement {
            kind: self.now.kind,
            from: self.now.from,
            to,
            reason: self.now.reason,
        }
    }

    fn end(&mut self, to: u64) {
        self.waiting.push(self.statement(to));
    }

    fn next(&mut self, kind: Kind, from: u64, reason: &'static str) {
        self.before = None;
        self.now = Now {
            kind,
            from,
            said: None,
            reason,
        };
    }
}
