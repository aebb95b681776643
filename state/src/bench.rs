//! How fast the queue is emptied: claim-and-complete pairs per second at full durability, beside the same with one commit
//! for each operation. And how many jobs go their whole way ([`jobs()`]).

mod jobs;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::executor::block_on;
use futures::future::try_join_all;

use crate::error::{OpenError, StoreError};
use crate::ids::UnixMs;
use crate::limits;
use crate::sqlite::{Options, SqliteStore};
use crate::store::{Store, StoreExt};
use crate::tasks::{Claim, Complete, CountTasks, Enqueue};
use crate::unit::Unit;

pub use jobs::{JobFigures, JobRegime, jobs};

const QUEUE: &str = "burn-down";
/// Threads that the callers share.
const DRIVERS: usize = 2;
/// When everything happens, as far as the store knows.
const NOW: UnixMs = 1_700_000_000_000;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regime {
    /// Tasks that wait before the clock starts.
    pub tasks: u32,
    /// Callers at once; each claims, completes, and claims again.
    pub callers: u32,
    /// Tasks that a claim takes; its completions are one unit of as many operations. 1 to [`limits::MANY`].
    pub per_claim: u32,
    /// How long the part with one commit for each operation goes on.
    pub single: Duration,
}

impl Default for Regime {
    fn default() -> Self {
        Self {
            tasks: 400_000,
            callers: 2_000,
            per_claim: 4,
            single: Duration::from_secs(5),
        }
    }
}

/// What was measured. A pair is one task claimed and completed, both on disk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// The regime.
    pub regime: Regime,
    /// Pairs per second, units sharing commits.
    pub pairs_per_second: f64,
    /// Pairs per second with one commit for each operation.
    pub single_pairs_per_second: f64,
    /// The first over the second.
    pub ratio: f64,
    /// How long emptying the queue took.
    pub took: Duration,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The regime cannot be measured.
    #[error("`{field}` must be 1 to {most}")]
    Regime {
        /// The part of the regime.
        field: &'static str,
        /// The most it may be.
        most: u32,
    },
    /// The store did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Tasks are left or were claimed twice: a defect of the store.
    #[error(
        "{done} tasks of {tasks} were completed and {left} are left; this is a defect of the store"
    )]
    Lost {
        /// Tasks enqueued.
        tasks: u64,
        /// Tasks completed.
        done: u64,
        /// Tasks left.
        left: u64,
    },
}

/// Measures in the folder `path`, on whose disk the figures depend; files of earlier runs must not be there. Blocks.
///
/// # Errors
/// [`BenchError`].
pub fn bench(path: &Path, regime: Regime) -> Result<Figures, BenchError> {
    let fits = |field, value, most| {
        if (1..=most).contains(&value) {
            Ok(())
        } else {
            Err(BenchError::Regime { field, most })
        }
    };
    fits("tasks", regime.tasks, 100_000_000)?;
    fits("callers", regime.callers, 100_000)?;
    fits("per_claim", regime.per_claim, limits::MANY)?;
    let shared = Options {
        queue: regime.callers as usize + 1,
        ..Options::default()
    };
    let alone = Options {
        group_ops: 1,
        ..shared.clone()
    };
    // As many tasks as a disk with a fast sync might get done. Callers beyond a few change nothing where commits are not
    // shared, and would only end late.
    let few = Regime {
        tasks: regime.tasks.min(100_000),
        callers: regime.callers.min(16),
        ..regime
    };
    // One half before and one after: a disk's mood changes within seconds.
    let half = Some(regime.single / 2);
    let (before, before_took) = burn_down(&file(path, "single-1"), &alone, few, half)?;
    let (done, took) = burn_down(&file(path, "grouped"), &shared, regime, None)?;
    let (after, after_took) = burn_down(&file(path, "single-2"), &alone, few, half)?;
    let pairs_per_second = per_second(done, took);
    let single_pairs_per_second = per_second(before + after, before_took + after_took);
    Ok(Figures {
        regime,
        pairs_per_second,
        single_pairs_per_second,
        ratio: pairs_per_second / single_pairs_per_second,
        took,
    })
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("bench-{name}.db"))
}

#[expect(clippy::cast_precision_loss, reason = "a rate, not an account")]
fn per_second(done: u64, took: Duration) -> f64 {
    done as f64 / took.as_secs_f64()
}

/// Fills a queue and empties it, or stops after a time; pairs done, and in how long.
fn burn_down(
    path: &Path,
    options: &Options,
    regime: Regime,
    until: Option<Duration>,
) -> Result<(u64, Duration), BenchError> {
    fill(path, regime.tasks)?;
    let store = SqliteStore::open(path, options.clone())?;
    let work = Work {
        store: &store,
        regime,
        one_op_units: options.group_ops == 1,
        stop: AtomicBool::new(false),
        done: AtomicU64::new(0),
    };
    let begun = Instant::now();
    let results = std::thread::scope(|scope| {
        let drivers: Vec<_> = (0..DRIVERS)
            .map(|driver| {
                let work = &work;
                scope.spawn(move || work.drive(driver))
            })
            .collect();
        if let Some(until) = until {
            while begun.elapsed() < until && drivers.iter().any(|driver| !driver.is_finished()) {
                std::thread::sleep(Duration::from_millis(10));
            }
            work.stop.store(true, Ordering::Relaxed);
        }
        let ended = drivers.into_iter().map(std::thread::ScopedJoinHandle::join);
        ended.collect::<Vec<_>>()
    });
    let took = begun.elapsed();
    for result in results {
        result.unwrap_or(Err(StoreError::Closed))?;
    }
    let done = work.done.load(Ordering::Relaxed);
    let queue = QUEUE.to_owned();
    let counts = block_on(store.ask(CountTasks { queue }))?;
    let left = counts.waiting + counts.ready + counts.leased;
    let tasks = u64::from(regime.tasks);
    if done + left != tasks || (until.is_none() && left > 0) {
        return Err(BenchError::Lost { tasks, done, left });
    }
    Ok((done, took))
}

/// Enqueues in full units, before any clock runs.
fn fill(path: &Path, tasks: u32) -> Result<(), BenchError> {
    let store = SqliteStore::open(path, Options::default())?;
    let mut next = 0;
    while next < tasks {
        let end = tasks.min(next + limits::OPS as u32);
        let unit: Unit = (next..end).map(|number| task(number).into()).collect();
        block_on(store.apply(unit))?;
        next = end;
    }
    Ok(())
}

/// A task as a dispatcher has it: an id as long as an address, a payload of 100 bytes.
fn task(number: u32) -> Enqueue {
    // Ids of jobs come in no order.
    let scattered = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Enqueue {
        queue: QUEUE.to_owned(),
        id: format!("{scattered:016x}-{number:027}"),
        priority: 0,
        payload: vec![7; 100],
        not_before: NOW,
        now: NOW,
    }
}

struct Work<'s> {
    store: &'s SqliteStore,
    regime: Regime,
    /// Completions go one by one, so that a commit for each unit is one for each operation.
    one_op_units: bool,
    stop: AtomicBool,
    done: AtomicU64,
}

impl Work<'_> {
    fn drive(&self, driver: usize) -> Result<(), StoreError> {
        let mine = (driver..self.regime.callers as usize).step_by(DRIVERS);
        block_on(try_join_all(mine.map(|caller| self.caller(caller)))).map(drop)
    }

    async fn caller(&self, number: usize) -> Result<(), StoreError> {
        let worker = format!("worker-{number}");
        while !self.stop.load(Ordering::Relaxed) {
            let claim = Claim {
                queue: QUEUE.to_owned(),
                worker: worker.clone(),
                now: NOW,
                lease_ms: 45_000,
                limit: self.regime.per_claim,
            };
            let claimed = self.store.run(claim).await?;
            if claimed.is_empty() {
                break;
            }
            let pairs = claimed.len() as u64;
            let completions = claimed.into_iter().map(|task| Complete {
                id: task.id,
                fence: task.fence,
                result: b"ok".to_vec(),
                now: NOW,
            });
            if self.one_op_units {
                for completion in completions {
                    self.store.run(completion).await?;
                    self.done.fetch_add(1, Ordering::Relaxed);
                }
            } else {
                let unit: Unit = completions.map(Into::into).collect();
                self.store.apply(unit).await?;
                self.done.fetch_add(pairs, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once_and_figures_are_those_of_the_regime() {
        let folder = tempfile::tempdir().unwrap();
        let regime = Regime {
            tasks: 2_000,
            callers: 50,
            per_claim: 3,
            single: Duration::from_millis(50),
        };
        let figures = bench(folder.path(), regime).unwrap();
        assert_eq!(figures.regime, regime);
        assert!(figures.pairs_per_second > 0.0 && figures.single_pairs_per_second > 0.0);
        let none = Regime {
            callers: 0,
            ..regime
        };
        assert!(matches!(
            bench(folder.path(), none),
            Err(BenchError::Regime {
                field: "callers",
                ..
            })
        ));
    }
}
