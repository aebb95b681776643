//! Commitment: how far behind the newest slot each level stands.

/// Slots between a block's production and its confirmation.
pub const CONFIRM_LAG: u64 = 1;
/// Slots between a block's production and its finality.
pub const FINALIZE_LAG: u64 = 31;

/// A commitment level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Commitment {
    /// Executed and stored.
    Processed,
    /// One slot old.
    Confirmed,
    /// Thirty-one slots old.
    Finalized,
}

impl Commitment {
    /// The name that JSON-RPC uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Processed => "processed",
            Self::Confirmed => "confirmed",
            Self::Finalized => "finalized",
        }
    }
}

/// The newest stored slot; 0 before the first block. Every level follows from it alone, so that a
/// restart cannot move any of them backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tip(pub u64);

impl Tip {
    /// The newest slot at a level; 0 when no block has reached it.
    pub fn at(self, level: Commitment) -> u64 {
        match level {
            Commitment::Processed => self.0,
            Commitment::Confirmed => self.0.saturating_sub(CONFIRM_LAG),
            Commitment::Finalized => self.0.saturating_sub(FINALIZE_LAG),
        }
    }

    /// The highest level that a stored slot has reached; `None` for a slot that is not stored yet.
    pub fn level_of(self, slot: u64) -> Option<Commitment> {
        if slot == 0 || slot > self.0 {
            return None;
        }
        Some(match self.0 - slot {
            lag if lag >= FINALIZE_LAG => Commitment::Finalized,
            lag if lag >= CONFIRM_LAG => Commitment::Confirmed,
            _ => Commitment::Processed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_the_tip() {
        assert_eq!(Tip(0).at(Commitment::Confirmed), 0);
        assert_eq!(Tip(32).at(Commitment::Finalized), 1);
        assert_eq!(Tip(32).level_of(1), Some(Commitment::Finalized));
        assert_eq!(Tip(32).level_of(2), Some(Commitment::Confirmed));
        assert_eq!(Tip(32).level_of(32), Some(Commitment::Processed));
        assert_eq!(Tip(32).level_of(33), None);
        assert_eq!(Tip(32).level_of(0), None);
    }
}
