//! Which slots' accounts are known, as a pure machine: told what stream and snapshots bring, it says what to state.
//!
//! Of every slot exactly one thing is stated: it was observed (every version came by the stream and is stored), or it
//! was not, and why. Snapshots are marks on that line, not parts of it.

mod tiles;

#[cfg(test)]
mod tests;

use hypernode_decoder::chain::Pubkey;

use tiles::Tiles;
pub(super) use tiles::{Kind, Statement};

/// Reason of slots that a server without accounts leaves out.
pub(super) const REFUSED: &str = "the server sends no accounts";

/// How a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// Nobody observed right before.
    Start,
    /// Right after a run of the same process whose IDLs have changed.
    IdlChange,
}

/// What is known of a run's slots.
#[derive(Debug)]
pub(super) struct Cover {
    begin: Begin,
    programs: Vec<(Pubkey, Tiles)>,
    /// Whether the stream brings accounts.
    streamed: bool,
    /// Whether snapshots can be taken; without them what is observed begins with the stream.
    snapshots: bool,
    up: bool,
    /// First slot from which the stream is whole.
    whole: Option<u64>,
    /// No slot before this one may count as whole.
    floor: u64,
    /// Highest slot of an update.
    top: u64,
    /// Highest slot that the stream named confirmed.
    confirmed: Option<u64>,
    /// Slot up to which everything has been taken from the queue.
    drained: Option<u64>,
    /// Slot up to which everything is stored.
    stored: Option<u64>,
}

impl Cover {
    /// `last` is what was stated last of each program.
    pub(super) fn new(
        begin: Begin,
        programs: impl IntoIterator<Item = Pubkey>,
        snapshots: bool,
        last: impl Fn(&Pubkey) -> Option<Statement>,
    ) -> Self {
        let reason = match begin {
            Begin::Start => "start",
            Begin::IdlChange => "the IDLs were changed",
        };
        let first = if snapshots {
            "before the first snapshot"
        } else {
            "before the stream began (no rpc.url for a snapshot)"
        };
        let tiles = |program: Pubkey| {
            let last = last(&program);
            (program, Tiles::new(last, last.map_or(first, |_| reason)))
        };
        Self {
            begin,
            programs: programs.into_iter().map(tiles).collect(),
            streamed: true,
            snapshots,
            up: false,
            whole: None,
            floor: 0,
            top: 0,
            confirmed: None,
            drained: None,
            stored: None,
        }
    }

    pub(super) fn connected(&mut self) {
        self.up = true;
    }

    pub(super) fn disconnected(&mut self) {
        self.up = false;
        self.broken("the stream was down");
    }

    pub(super) fn refused(&mut self) {
        self.streamed = false;
        self.broken(REFUSED);
        for (_, tiles) in &mut self.programs {
            tiles.because(REFUSED);
        }
    }

    /// An update was taken from the queue.
    pub(super) fn update(&mut self, slot: u64) {
        self.top = self.top.max(slot);
    }

    /// A slot is confirmed: what the stream had to say of the slots before it has been said. Of the first one named, part
    /// may have been said before the stream began.
    pub(super) fn confirmed(&mut self, slot: u64) {
        self.confirmed = self.confirmed.max(Some(slot));
        self.drained = self.drained.max(slot.checked_sub(1));
        if !self.up || !self.streamed {
            return;
        }
        let new = slot.saturating_add(1).max(self.floor);
        let whole = *self.whole.get_or_insert(new);
        for (_, tiles) in &mut self.programs {
            if self.begin == Begin::IdlChange {
                tiles.go_on(whole);
            }
            if !self.snapshots {
                tiles.begin(whole);
            }
        }
        // Only the first stream of a run follows right upon the one before.
        self.begin = Begin::Start;
    }

    /// Updates of these slots were dropped.
    pub(super) fn dropped(&mut self, from: u64, to: u64) {
        let before = from.saturating_sub(1);
        self.drained = self.drained.map(|slot| slot.min(before));
        self.stored = self.stored.map(|slot| slot.min(before));
        self.floor = self.floor.max(to.saturating_add(1));
        self.broken("updates were dropped");
    }

    /// Rows on their way were lost.
    pub(super) fn lost(&mut self) {
        self.floor = self.floor.max(self.top.saturating_add(1));
        self.broken("rows were refused");
    }

    fn broken(&mut self, why: &'static str) {
        self.whole = None;
        for (_, tiles) in &mut self.programs {
            tiles.broken(self.stored, why);
        }
    }

    /// Slot up to which everything has been taken from the queue.
    pub(super) fn drained(&self) -> Option<u64> {
        self.drained
    }

    /// Slot up to which everything is stored.
    pub(super) fn stored(&self) -> Option<u64> {
        self.stored
    }

    /// Everything up to `drained`, as it was when the rows were taken, is stored.
    pub(super) fn stores(&mut self, drained: Option<u64>) {
        // What was dropped meanwhile is not.
        self.stored = drained.min(self.drained).max(self.stored);
    }

    /// A snapshot of a program's accounts was begun when the stream was whole from `whole` on.
    pub(super) fn snapshot(&mut self, program: &Pubkey, slot: u64, whole: u64) {
        if !self.streamed || self.whole != Some(whole) || slot < whole {
            return;
        }
        for (_, tiles) in self.programs.iter_mut().filter(|(key, _)| key == program) {
            tiles.begin(slot);
        }
    }

    pub(super) fn up(&self) -> bool {
        self.up
    }

    pub(super) fn streamed(&self) -> bool {
        self.streamed
    }

    /// First slot of which a snapshot may be; `None` until the stream has come so far.
    pub(super) fn snapshot_from(&self) -> Option<u64> {
        if !self.up {
            return None;
        }
        if !self.streamed {
            return self.confirmed;
        }
        self.whole.filter(|whole| self.confirmed >= Some(*whole))
    }

    /// Whether some program is not observed.
    pub(super) fn gap(&self) -> bool {
        self.programs.iter().any(|(_, tiles)| !tiles.observed())
    }

    /// What to write now; `growing`: of slots too that pass unobserved.
    pub(super) fn statements(&mut self, growing: bool) -> Vec<(Pubkey, Statement)> {
        let stored = self.stored;
        let seen = self.confirmed.filter(|_| growing);
        let seen = seen.and_then(|slot| slot.checked_sub(1));
        let rows = self.programs.iter_mut().flat_map(|(program, tiles)| {
            let rows = tiles.rows(stored, seen);
            rows.into_iter().map(|row| (*program, row))
        });
        rows.collect()
    }

    /// They are written.
    pub(super) fn written(&mut self) {
        for (_, tiles) in &mut self.programs {
            tiles.written();
        }
    }
}
