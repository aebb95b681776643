//! Dispatch in virtual time: crashing dispatchers, a lossy network, and hosts and clients of every kind, by seed.
//!
//! The board, the queue, the matchmaker and the jobs are the real ones; around them is what the service does: it keeps
//! each step in groups, and acts on it only when it is kept. A crash loses what was not. Time is a number, so a day of
//! faults takes milliseconds, and a seed gives the same day on every machine.
//!
//! What is counted is found by what lies on the disk and by what hosts and clients know. Only whether a result is stale is
//! read from the board: from the job's record, just before the result is handed over.
#![forbid(unsafe_code)]

mod act;
mod ask;
mod client;
mod disk;
mod dispatcher;
mod events;
mod host;
mod net;
mod serve;
mod tally;
mod world;

pub use tally::Tally;

/// Lives through one seed's faults and gives what was counted.
pub fn run(seed: u64) -> Tally {
    world::World::new(seed).run()
}

#[cfg(test)]
mod tests;
