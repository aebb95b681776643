//! `faults dispatch`: days of faults around the dispatcher's board, in virtual time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use hypernode_dispatch_simulation::{Tally, run};

/// How often the way there is told.
const TOLD_EVERY: Duration = Duration::from_secs(2);

/// What one seed came to.
#[derive(Clone, Copy, Debug)]
pub struct Day {
    /// The seed.
    pub seed: u64,
    /// What was counted.
    pub tally: Tally,
}

/// Lives through `seeds` from `from` on `threads` threads. Tells of each seed in which something went wrong as `bad`, and
/// of how far it is as `progress`.
pub fn days(
    from: u64,
    seeds: u64,
    threads: u64,
    mut bad: impl FnMut(Day),
    mut progress: impl FnMut(u64),
) -> Tally {
    let next = AtomicU64::new(from);
    let end = from.saturating_add(seeds);
    let (sender, days) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, 64) {
            let (next, sender) = (&next, sender.clone());
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let tally = if seed < end { run(seed) } else { break };
                    // Who listens to the end is below.
                    let _ = sender.send(Day { seed, tally });
                }
            });
        }
        drop(sender);
        let (mut all, mut done, mut told) = (Tally::default(), 0, Instant::now());
        for day in days {
            all += day.tally;
            done += 1;
            if !day.tally.is_clean() {
                bad(day);
            }
            if told.elapsed() >= TOLD_EVERY {
                progress(done);
                told = Instant::now();
            }
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_may_be_split() {
        let days = |from, seeds| days(from, seeds, 2, |_| panic!("a bad day"), |_| {});
        let mut parts = days(1, 2);
        parts += days(3, 3);
        assert_eq!(parts, days(1, 5));
    }
}
