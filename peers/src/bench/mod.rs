//! Measuring side by side: interleaved rounds, medians.

pub mod decode;
pub mod scan;
mod types;

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// One way to do the work.
pub struct Contender<'a> {
    pub name: String,
    /// What it does that the others do not, or the reverse.
    pub note: String,
    /// Units of work in one pass (transactions or events).
    pub units: usize,
    /// One pass; tells how many records it found.
    pub pass: Box<dyn FnMut() -> usize + 'a>,
}

/// What one came to.
#[derive(Debug, Clone)]
pub struct Figure {
    pub name: String,
    pub note: String,
    /// Units a second of processor time, the median of the rounds.
    pub rate: f64,
    pub slowest: f64,
    pub fastest: f64,
    /// Records found in a pass.
    pub found: usize,
}

/// Rounds and how long each contender has in one.
#[derive(Debug, Clone, Copy)]
pub struct Regime {
    pub rounds: usize,
    pub turn: Duration,
}

/// Processor time of this thread so far: what others do on the machine counts less than on a wall clock.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Each contender in turn, round after round, so that a slow moment of the machine hits all alike.
pub fn race(title: &str, regime: Regime, mut contenders: Vec<Contender<'_>>) -> Vec<Figure> {
    let mut rates: Vec<Vec<f64>> = vec![Vec::new(); contenders.len()];
    let mut found = vec![0; contenders.len()];
    // The first round warms caches and branch predictors; it does not count.
    for round in 0..=regime.rounds {
        for (at, contender) in contenders.iter_mut().enumerate() {
            eprint!(
                "\r\x1b[K{title}: round {round} of {}, {}",
                regime.rounds, contender.name
            );
            let (start, mut passes) = (used(), 0);
            while used() - start < regime.turn || passes == 0 {
                found[at] = std::hint::black_box((contender.pass)());
                passes += 1;
            }
            if round > 0 {
                rates[at].push((passes * contender.units) as f64 / (used() - start).as_secs_f64());
            }
        }
    }
    eprintln!("\r\x1b[K{title}: {} rounds done", regime.rounds);
    let figures = contenders.into_iter().zip(rates).zip(found);
    figures
        .map(|((contender, mut rates), found)| {
            rates.sort_by(f64::total_cmp);
            Figure {
                name: contender.name,
                note: contender.note,
                rate: rates[rates.len() / 2],
                slowest: rates[0],
                fastest: rates[rates.len() - 1],
                found,
            }
        })
        .collect()
}
