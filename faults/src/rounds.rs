//! When an indexer dies: at which fail point, after how long, and what has to be so that it passes there.

use std::time::Duration;

use hypernode_warehouse::fail::POINTS;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

/// Fail points that one seed aims at; all of them come in turn over the seeds.
const AIMS: u64 = 2;
/// Longest wait for a fail point to be reached: the chain goes on for about as long.
const PATIENCE: Duration = Duration::from_millis(3_000);
/// A life in which blocks become final and are stored.
const LONG: Duration = Duration::from_millis(1_800);

/// One life of an indexer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Round {
    /// Where it dies, and at which passing.
    pub(crate) point: Option<(&'static str, u32)>,
    /// When it is killed if it has not died before.
    pub(crate) time: Duration,
}

/// What a seed does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rounds {
    /// Lives that end early, in order.
    pub(crate) rounds: Vec<Round>,
    /// Thousandths of slots that are confirmed and left again.
    pub(crate) deaths: u64,
    /// ClickHouse's answers get lost.
    pub(crate) answers: bool,
    /// There are no tables yet.
    pub(crate) bare: bool,
    /// Next to nothing may wait in memory.
    pub(crate) narrow: bool,
    /// The server replays next to nothing: what was missed is a hole.
    pub(crate) forgets: bool,
    /// Accounts are followed, too.
    pub(crate) accounts: bool,
}

impl Rounds {
    pub(crate) fn new(seed: u64, rng: &mut ChaCha8Rng) -> Self {
        let count = POINTS.len() as u64;
        let aims =
            (0..AIMS).map(|n| POINTS[(seed.wrapping_mul(AIMS).wrapping_add(n) % count) as usize]);
        Self::at(&aims.collect::<Vec<_>>(), seed, rng)
    }

    fn at(aims: &[&'static str], seed: u64, rng: &mut ChaCha8Rng) -> Self {
        let group = |name: &str| aims.iter().any(|aim| aim.starts_with(name));
        let mut all = Self {
            rounds: Vec::new(),
            // What is left must be stored by then: few are, so that many have to be left.
            deaths: match (group("retract."), seed.is_multiple_of(3)) {
                (true, _) => 250,
                (false, true) => 60,
                (false, false) => 0,
            },
            answers: group("writer.remove") || seed.is_multiple_of(4),
            bare: group("migrate.") || group("evolve.") || group("digest.header"),
            narrow: group("wal."),
            forgets: group("gap."),
            accounts: group("account."),
        };
        for aim in aims {
            all.aim(aim, rng);
            if rng.random_bool(0.4) {
                all.any(rng);
            }
        }
        all
    }

    /// A death at any moment.
    fn any(&mut self, rng: &mut ChaCha8Rng) {
        self.rounds.push(Round {
            point: None,
            time: Duration::from_millis(rng.random_range(150..700)),
        });
    }

    fn aim(&mut self, aim: &'static str, rng: &mut ChaCha8Rng) {
        let often = match aim.split('.').next() {
            // What recovery removes is what a death between rows and their ledger row leaves.
            Some("recover") => {
                self.die("writer.ledger.before", rng.random_range(1..=4));
                1
            }
            // Leaves are of final blocks.
            Some("digest" | "reputation" | "metrics") => {
                if aim != "digest.header" {
                    self.rounds.push(Round {
                        point: None,
                        time: LONG,
                    });
                }
                1
            }
            Some("gap") => {
                // There is a hole only behind what is stored.
                self.die("writer.ledger.after", 1);
                1
            }
            Some("retract" | "account") => 1,
            Some("migrate" | "evolve") => rng.random_range(1..=30),
            _ if aim == "writer.remove" => 1,
            _ => rng.random_range(1..=3),
        };
        self.die(aim, often);
    }

    fn die(&mut self, point: &'static str, often: u32) {
        self.rounds.push(Round {
            point: Some((point, often)),
            time: PATIENCE,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn every_fail_point_has_its_turn() {
        let mut aimed = BTreeSet::new();
        for seed in 0..POINTS.len() as u64 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let rounds = Rounds::new(seed, &mut rng).rounds;
            assert!((2..=7).contains(&rounds.len()), "{rounds:?}");
            aimed.extend(
                rounds
                    .iter()
                    .filter_map(|round| round.point)
                    .map(|(point, _)| point),
            );
        }
        assert_eq!(aimed, POINTS.iter().copied().collect());
    }
}
