//! How many changes of jobs, and how many jobs on their whole way from submission to credit, are on disk in a second.

use std::path::Path;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use futures::future::try_join_all;

use super::{BenchError, DRIVERS, NOW, file, per_second};
use crate::budgets::{BudgetReserve, BudgetSettle};
use crate::credits::{CreditAdd, Earned, Earner};
use crate::error::StoreError;
use crate::ids::Address;
use crate::jobs::{CountJobs, JobInsert, JobPut};
use crate::outbox::Emit;
use crate::sqlite::{Options, SqliteStore};
use crate::store::{Store, StoreExt};
use crate::unit::Unit;

const QUEUED: u8 = 1;
const OFFERED: u8 = 2;
const LEASED: u8 = 3;
const COMPLETED: u8 = 4;
/// Bytes of a job's record, of what is submitted, and of a message.
const SIZES: (usize, usize, usize) = (600, 400, 200);
const BUDGET: u64 = 1_000_000;
const COST: u64 = 50_000;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobRegime {
    /// Who submits at once; each waits for one unit before it sends the next.
    pub submitters: u32,
    /// Jobs of each one that go their whole way.
    pub paths: u32,
    /// Changes that each one makes to a job of its own.
    pub puts: u32,
}

impl Default for JobRegime {
    fn default() -> Self {
        Self {
            submitters: 64,
            paths: 200,
            puts: 1_000,
        }
    }
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobFigures {
    /// The regime.
    pub regime: JobRegime,
    /// Units of one change of a job and one message, per second.
    pub puts_per_second: f64,
    /// Whole ways per second: four units each (submitted with a reservation, offered, leased, completed with a credit and a
    /// settlement), a message in each.
    pub paths_per_second: f64,
    /// How long both took.
    pub took: Duration,
}

/// Measures in the folder `path`, on whose disk the figures depend; files of earlier runs must not be there. Blocks.
///
/// # Errors
/// [`BenchError`].
pub fn jobs(path: &Path, regime: JobRegime) -> Result<JobFigures, BenchError> {
    for (field, value, most) in [
        ("submitters", regime.submitters, 8_000),
        ("paths", regime.paths, 1_000_000),
        ("puts", regime.puts, 1_000_000),
    ] {
        if !(1..=most).contains(&value) {
            return Err(BenchError::Regime { field, most });
        }
    }
    let begun = Instant::now();
    let store = SqliteStore::open(file(path, "jobs"), Options::default())?;
    let puts = run(&store, regime, put_again)?;
    let paths = run(&store, regime, whole_way)?;
    account(&store, regime)?;
    let total = |each: u32| u64::from(regime.submitters) * u64::from(each);
    Ok(JobFigures {
        regime,
        puts_per_second: per_second(total(regime.puts), puts),
        paths_per_second: per_second(total(regime.paths), paths),
        took: begun.elapsed(),
    })
}

/// All submitters at once; how long it took.
fn run<'s, F: Future<Output = Result<(), StoreError>> + 's>(
    store: &'s SqliteStore,
    regime: JobRegime,
    work: fn(&'s SqliteStore, u32, JobRegime) -> F,
) -> Result<Duration, BenchError> {
    let begun = Instant::now();
    let drive = |driver: usize| {
        let mine = (0..regime.submitters).skip(driver).step_by(DRIVERS);
        block_on(try_join_all(mine.map(|who| work(store, who, regime)))).map(drop)
    };
    std::thread::scope(|scope| {
        let drivers: Vec<_> = (0..DRIVERS)
            .map(|driver| scope.spawn(move || drive(driver)))
            .collect();
        drivers
            .into_iter()
            .try_for_each(|driver| driver.join().unwrap_or(Err(StoreError::Closed)))
    })?;
    Ok(begun.elapsed())
}

/// One job changed over and over, between two states.
async fn put_again(store: &SqliteStore, who: u32, regime: JobRegime) -> Result<(), StoreError> {
    let id = format!("put-{who:032}");
    store.run(insert(&id, who)).await?;
    for version in 1..=u64::from(regime.puts) {
        let state = if version % 2 == 0 { QUEUED } else { OFFERED };
        store.apply(change(&id, version, state)).await?;
    }
    Ok(())
}

/// Jobs from submission to credit.
async fn whole_way(store: &SqliteStore, who: u32, regime: JobRegime) -> Result<(), StoreError> {
    for number in 0..regime.paths {
        // Ids of jobs come in no order.
        let scattered = (u64::from(who) << 32 | u64::from(number)) + 1;
        let scattered = scattered.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let id = format!("{scattered:016x}-{who:08}-{number:010}");
        let mut unit = Unit::new();
        unit.push(insert(&id, who));
        unit.push(BudgetReserve {
            job: id.clone(),
            owner: wallet(who),
            amount: BUDGET,
            cap: None,
        });
        unit.push(message(&id));
        store.apply(unit).await?;
        store.apply(change(&id, 1, OFFERED)).await?;
        store.apply(change(&id, 2, LEASED)).await?;
        let mut unit = change(&id, 3, COMPLETED);
        unit.push(CreditAdd {
            job: id.clone(),
            fence: 1,
            node: node(who),
            wallet: wallet(who),
            cost: COST,
            operator: COST / 100 * 80,
            treasury: COST / 100 * 10,
            incentive: COST / 100 * 5,
            orchestrator: COST / 100 * 5,
            at: NOW,
        });
        unit.push(BudgetSettle {
            job: id,
            charged: COST,
        });
        store.apply(unit).await?;
    }
    Ok(())
}

/// Whether all that was answered is there.
fn account(store: &SqliteStore, regime: JobRegime) -> Result<(), BenchError> {
    let tasks = u64::from(regime.submitters) * u64::from(regime.paths);
    let [_, _, _, _, done, ..] = block_on(store.ask(CountJobs { owner: None }))?.0;
    let earned = block_on(store.ask(Earned { by: Earner::All }))?;
    if done != tasks || earned.credits != tasks || earned.cost != tasks * COST {
        let left = tasks.abs_diff(done);
        return Err(BenchError::Lost { tasks, done, left });
    }
    Ok(())
}

fn wallet(who: u32) -> Address {
    let mut bytes = [1; 32];
    bytes[..4].copy_from_slice(&who.to_le_bytes());
    Address(bytes)
}

fn node(who: u32) -> String {
    format!("node-{who:039}")
}

fn insert(id: &str, who: u32) -> JobInsert {
    JobInsert {
        id: id.to_owned(),
        owner: wallet(who),
        kind: "generic_compute".to_owned(),
        state: QUEUED,
        open: true,
        node: None,
        due: Some(NOW),
        awaits_content: false,
        record: vec![7; SIZES.0],
        content: vec![7; SIZES.1],
        at: NOW,
    }
}

fn message(id: &str) -> Emit {
    Emit {
        topic: "jobs".to_owned(),
        key: id.to_owned(),
        payload: vec![7; SIZES.2],
        at: NOW,
    }
}

fn change(id: &str, version: u64, state: u8) -> Unit {
    let mut unit = Unit::new();
    unit.push(JobPut {
        id: id.to_owned(),
        version,
        state,
        open: state != COMPLETED,
        node: (state != QUEUED).then(|| node(0)),
        due: Some(NOW),
        record: vec![7; SIZES.0],
        at: NOW,
    });
    unit.push(message(id));
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_goes_its_way() {
        let folder = tempfile::tempdir().unwrap();
        let regime = JobRegime {
            submitters: 8,
            paths: 5,
            puts: 10,
        };
        let figures = jobs(folder.path(), regime).unwrap();
        assert_eq!(figures.regime, regime);
        assert!(figures.puts_per_second > 0.0 && figures.paths_per_second > 0.0);
        let none = JobRegime { paths: 0, ..regime };
        let refused = jobs(folder.path(), none);
        assert!(matches!(
            refused,
            Err(BenchError::Regime { field: "paths", .. })
        ));
    }
}
