//! What goes wrong on a chain that is asked to misbehave: a function of the seed and the slot alone.

/// How often things go wrong, in thousandths of slots; and which habits of a validator show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chaos {
    /// Two chains of one seed misbehave at the same slots.
    pub seed: u64,
    /// Nothing happens in the slot: its leader is away.
    pub skipped: u64,
    /// The slot's bank is created, some transactions run, and it dies.
    pub dead: u64,
    /// As dead, but nobody says so.
    pub ghost: u64,
    /// A branch of up to three whole blocks that the chain leaves again.
    pub fork: u64,
    /// A block that is confirmed and dies nevertheless. Never on a sound network: 0 unless asked for.
    pub confirmed_death: u64,
    /// A slot whose bank is announced twice, the second time without a parent.
    pub created_twice: u64,
    /// Transactions leave in an order far from their index, sometimes after their block's meta.
    pub disorder: bool,
    /// The replay buffer is lost with the process, as a validator's is; so is the finality of what stood before it.
    pub forgetful: bool,
}

impl Chaos {
    /// Everything that sound networks do, often.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            skipped: 60,
            dead: 40,
            ghost: 40,
            fork: 80,
            confirmed_death: 0,
            created_twice: 50,
            disorder: true,
            forgetful: true,
        }
    }

    /// A number for this slot and purpose.
    fn roll(&self, slot: u64, purpose: u64) -> u64 {
        // splitmix64: each input bit reaches each output bit.
        let mut z = self
            .seed
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(slot.wrapping_mul(0xd1b5_4a32_d192_ed03))
            .wrapping_add(purpose.wrapping_mul(0x8cb9_2ba7_2f3d_8dd7));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// What becomes of a slot.
    pub(super) fn fate(&self, slot: u64) -> Fate {
        let mut left = self.roll(slot, 0) % 1_000;
        let detail = self.roll(slot, 1);
        for (rate, fate) in [
            (self.skipped, Fate::Skipped),
            (self.dead, Fate::Dead),
            (self.ghost, Fate::Ghost),
            (
                self.fork,
                Fate::Fork {
                    blocks: 1 + detail % 3,
                    stride: 1 + (detail >> 8) % 2,
                },
            ),
            (
                self.confirmed_death,
                Fate::ConfirmedDeath {
                    told: detail.is_multiple_of(2),
                },
            ),
        ] {
            if left < rate {
                return fate;
            }
            left -= rate;
        }
        Fate::Block
    }

    /// Whether the slot's bank is announced twice.
    pub(super) fn created_twice(&self, slot: u64) -> bool {
        self.roll(slot, 2) % 1_000 < self.created_twice
    }

    /// How the slot's content leaves: transactions in runs of this length, each backwards; its meta before them or not.
    pub(crate) fn order(&self, slot: u64) -> (usize, bool) {
        if !self.disorder {
            return (2, false);
        }
        let roll = self.roll(slot, 3);
        (
            2 + usize::try_from(roll % 73).unwrap_or(0),
            (roll >> 32).is_multiple_of(4),
        )
    }
}

/// What becomes of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// A block of the chain.
    Block,
    Skipped,
    Dead,
    Ghost,
    /// So many blocks beside the chain, so many slots apart.
    Fork {
        blocks: u64,
        stride: u64,
    },
    /// A block beside the chain that is confirmed; whether its death is told.
    ConfirmedDeath {
        told: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_follow_the_seed_and_come_as_often_as_asked() {
        let chaos = Chaos {
            confirmed_death: 20,
            ..Chaos::new(7)
        };
        let count = |wanted: fn(&Fate) -> bool| {
            (1..=10_000)
                .filter(|slot| wanted(&chaos.fate(*slot)))
                .count()
        };
        for (found, rate) in [
            (count(|f| *f == Fate::Skipped), 60),
            (count(|f| *f == Fate::Dead), 40),
            (count(|f| *f == Fate::Ghost), 40),
            (count(|f| matches!(f, Fate::Fork { .. })), 80),
            (count(|f| matches!(f, Fate::ConfirmedDeath { .. })), 20),
        ] {
            let asked = rate * 10;
            assert!(
                (asked / 2..asked * 2).contains(&found),
                "{found} of {asked}"
            );
        }
        assert!((1..500).all(|slot| chaos.fate(slot) == chaos.clone().fate(slot)));
        let other = Chaos::new(8);
        assert!((1..500).any(|slot| chaos.fate(slot) != other.fate(slot)));
    }
}
