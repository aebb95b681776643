//! Whether a snapshot could know of everything that the stream tells of the slots before it (I-24).
//!
//! A snapshot compares what is there with what is stored. An update that was not stored yet, or came later (a stream replays
//! slots after a reconnect), may show an account that was closed before the snapshot's slot: it is not there, and nobody
//! knew to say that it is gone. Such an update asks for another snapshot.

/// What snapshots and updates have told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Behind {
    /// Slot of the last snapshot; 0 before the first.
    slot: u64,
    /// The lowest slot of updates that the snapshot being taken, or the last one, may not have found stored.
    unseen: u64,
}

impl Default for Behind {
    fn default() -> Self {
        Self {
            slot: 0,
            unseen: u64::MAX,
        }
    }
}

impl Behind {
    /// A snapshot begins; `stored`: so is every update that came.
    pub(super) fn begins(&mut self, stored: bool) {
        if stored {
            self.unseen = u64::MAX;
        }
    }

    /// An update came; whether another snapshot is needed.
    pub(super) fn update(&mut self, slot: u64) -> bool {
        self.unseen = self.unseen.min(slot);
        slot <= self.slot
    }

    /// A snapshot as of `slot` was taken; whether another one is needed.
    pub(super) fn taken(&mut self, slot: u64) -> bool {
        self.slot = slot;
        self.unseen <= slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_replayed_update_asks_for_another_snapshot() {
        let mut behind = Behind::default();
        // Shown at 95, closed at 104, not stored when the snapshot of 119 began.
        assert!(!behind.update(95));
        behind.begins(false);
        assert!(behind.taken(119));
        // Stored by now.
        behind.begins(true);
        assert!(!behind.taken(121));
        // A reconnect: what was replayed came after the snapshot.
        assert!(behind.update(96));
        behind.begins(true);
        // One that comes while the snapshot is being taken.
        assert!(behind.update(97));
        assert!(behind.taken(122));
        behind.begins(true);
        assert!(!behind.update(123));
        assert!(!behind.taken(122));
    }

    proptest! {
        /// In the end every update was stored before a snapshot of its slot or a later one began, or is of a later slot.
        #[test]
        fn the_last_snapshot_knew_of_everything_before_it(steps in prop::collection::vec((0..4_u8, 1..50_u64), 0..60)) {
            let mut behind = Behind::default();
            let (mut waiting, mut known, mut last, mut again) = (Vec::new(), Vec::new(), None, false);
            let mut begun: Option<Vec<u64>> = None;
            let mut all = Vec::new();
            for (step, slot) in steps {
                match step {
                    0 => {
                        all.push(slot);
                        waiting.push(slot);
                        again |= behind.update(slot);
                    }
                    1 => known.append(&mut waiting),
                    2 => {
                        behind.begins(waiting.is_empty());
                        begun = Some(known.clone());
                        again = false;
                    }
                    _ => {
                        if let Some(known) = begun.take() {
                            again |= behind.taken(slot);
                            last = Some((slot, known));
                        }
                    }
                }
            }
            if let (Some((slot, known)), false, None) = (last, again, begun) {
                let late = all.iter().filter(|of| **of <= slot && !known.contains(of)).count();
                prop_assert_eq!(late, 0);
            }
        }
    }
}
