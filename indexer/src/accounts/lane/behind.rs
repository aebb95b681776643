//! Whether a snapshot could know of everything that the stream tells of the slots before it (I-24).
//!
//! A snapshot compares what is there with what is stored. An update that was not stored yet, or came later (a stream replays
//! slots after a reconnect), may show an account that was closed before the snapshot's slot: it is not there, and nobody
//! knew to say that it is gone. From such an update's slot on, closed accounts are looked for once more.

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

    /// An update came; the slot from which closings must be looked for, where the last snapshot did not know of it.
    pub(super) fn update(&mut self, slot: u64) -> Option<u64> {
        self.unseen = self.unseen.min(slot);
        (slot <= self.slot).then_some(slot)
    }

    /// A snapshot as of `slot` was taken; the slot from which closings must be looked for, where it did not know of all.
    pub(super) fn taken(&mut self, slot: u64) -> Option<u64> {
        self.slot = slot;
        Some(self.unseen).filter(|unseen| *unseen <= slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn closings_after_a_replayed_update_are_looked_for() {
        let mut behind = Behind::default();
        // Shown at 95, closed at 104, not stored when the snapshot of 119 began.
        assert_eq!(behind.update(95), None);
        behind.begins(false);
        assert_eq!(behind.taken(119), Some(95));
        // Stored by now.
        behind.begins(true);
        assert_eq!(behind.taken(121), None);
        // A reconnect: what was replayed came after the snapshot.
        assert_eq!(behind.update(96), Some(96));
        behind.begins(true);
        // One that comes while the snapshot is being taken.
        assert_eq!(behind.update(97), Some(97));
        assert_eq!(behind.taken(122), Some(97));
        behind.begins(true);
        assert_eq!(behind.update(123), None);
        assert_eq!(behind.taken(122), None);
    }

    proptest! {
        /// Whatever a snapshot of its slot or a later one did not find stored, closings are looked for from its slot on.
        #[test]
        fn nothing_that_a_snapshot_missed_is_passed(steps in prop::collection::vec((0..4_u8, 1..50_u64), 0..60)) {
            let mut behind = Behind::default();
            let (mut waiting, mut stored) = (Vec::new(), Vec::new());
            let mut begun: Option<Vec<u64>> = None;
            let mut last: Option<(u64, Vec<u64>)> = None;
            let mut from = u64::MAX;
            for (step, slot) in steps {
                match step {
                    0 => {
                        waiting.push(slot);
                        from = behind.update(slot).unwrap_or(u64::MAX).min(from);
                    }
                    1 => stored.append(&mut waiting),
                    2 => {
                        behind.begins(waiting.is_empty());
                        begun = Some(stored.clone());
                    }
                    _ => {
                        if let Some(known) = begun.take() {
                            // A snapshot looks for itself; what it did not know is what counts from here on.
                            from = behind.taken(slot).unwrap_or(u64::MAX);
                            last = Some((slot, known));
                        }
                    }
                }
            }
            if let Some((slot, known)) = last {
                let mut known = known;
                for update in waiting.iter().chain(&stored).filter(|update| **update <= slot) {
                    if let Some(at) = known.iter().position(|of| of == update) {
                        known.swap_remove(at);
                    } else {
                        prop_assert!(from <= *update, "{update} was missed, looked for from {from}");
                    }
                }
            }
        }
    }
}
