//! `faults ingest`: an indexer that is killed at random and at every fail point, before a network that misbehaves.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use hypernode_warehouse::fail;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::compare::{self, Difference};
use crate::indexer::{Ended, Indexer, IndexerOptions};
use crate::net::{Net, NetOptions};
use crate::proxy::{Mischief, Proxy};
use crate::store::{self, Store};

/// Longest run of one seed.
const PATIENCE: Duration = Duration::from_secs(90);
/// Time between looks at what is stored.
const EVERY: Duration = Duration::from_millis(20);
/// Slots at the chain's end that an open window may hold back.
const TAIL: u64 = 10;

/// What all seeds came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Seeds that ran.
    pub seeds: u64,
    /// Times that the indexer was killed or died at a fail point.
    pub kills: u64,
    /// Facts that are not stored.
    pub lost: u64,
    /// Facts that are stored too often.
    pub duplicated: u64,
    /// Rows that do not follow from the facts.
    pub derived_mismatch: u64,
    /// Digests that differ from the clean run's. Not compared yet: always 0.
    pub digest_mismatch: u64,
}

impl Summary {
    /// Nothing was lost or counted twice.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.lost == 0
            && self.duplicated == 0
            && self.derived_mismatch == 0
            && self.digest_mismatch == 0
    }
}

/// What one seed came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Times that the indexer died.
    pub kills: u64,
    /// How what is stored differs from the chain.
    pub difference: Difference,
    /// Slots that were compared.
    pub slots: (u64, u64),
    /// Time that it took.
    pub time: Duration,
}

/// Where what a seed leaves is kept; else it goes.
#[derive(Debug, Clone, Default)]
pub struct Keep(pub Option<PathBuf>);

/// Runs one seed.
///
/// # Errors
/// When a part of it does not start, or the chain's end is not indexed in time.
pub async fn seed(store: &Store, seed: u64, keep: &Keep) -> Result<Outcome> {
    let began = Instant::now();
    store.empty().await?;
    let dir = store::folder()?;
    let root = match &keep.0 {
        Some(folder) => folder.join(format!("seed-{seed}")),
        None => dir.path().to_owned(),
    };
    std::fs::create_dir_all(&root)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let options = NetOptions {
        // Every third network takes confirmed blocks back.
        confirmed_death: if seed.is_multiple_of(3) { 40 } else { 0 },
        ..NetOptions::new(&root, seed)
    };
    let last_slot = options.last_slot;
    let own = own_program()?;
    let mut net = Net::start(&own, options).await?;
    let proxy = Proxy::start(&net.place, Mischief::seeded(seed)).await?;
    let indexer = IndexerOptions {
        program: store::hypernode()?,
        data: root.join("data"),
        store: store.endpoint(),
        geyser: proxy.place.geyser.clone(),
        rpc: proxy.place.rpc.clone(),
        genesis: net.place.genesis.clone(),
        arguments: Vec::new(),
    };
    let log = root.join("indexer.log");
    let mut kills = 0;
    for round in 0..rng.random_range(2..=4) {
        // Fail points in turn over the seeds; between them, any moment.
        let point = (round % 2 == 0).then(|| point(seed, round, &mut rng));
        let mut running = Indexer::start(&indexer, point.as_deref(), &log)?;
        let until = Instant::now() + Duration::from_millis(rng.random_range(150..700));
        while Instant::now() < until && running.ended()?.is_none() {
            tokio::time::sleep(EVERY).await;
        }
        refuse_exit(&mut running, &log)?;
        running.kill().await?;
        kills += 1;
    }
    let mut running = Indexer::start(&indexer, None, &log)?;
    let recording = net.finished().await?;
    store.clean_run(&recording).await?;
    let slots = loop {
        if let Some((from, to, 0)) = compare::covered(&store.client).await?
            && to + TAIL >= last_slot
        {
            break (from, to);
        }
        refuse_exit(&mut running, &log)?;
        if began.elapsed() > PATIENCE {
            let covered = compare::covered(&store.client).await?;
            bail!("seed {seed}: the chain ends at slot {last_slot}, stored is {covered:?}");
        }
        tokio::time::sleep(EVERY).await;
    };
    running.kill().await?;
    let difference = compare::compare(&store.client, 1, slots.1).await?;
    Ok(Outcome {
        kills,
        difference,
        slots,
        time: began.elapsed(),
    })
}

/// An indexer that gives up has failed, whatever is stored.
fn refuse_exit(running: &mut Indexer, log: &std::path::Path) -> Result<()> {
    if let Some(Ended::Code(code)) = running.ended()? {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        let tail: Vec<&str> = text.lines().rev().take(8).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        bail!("the indexer ended with {code}:\n{}", tail.join("\n"));
    }
    Ok(())
}

fn point(seed: u64, round: u64, rng: &mut ChaCha8Rng) -> String {
    let points = fail::POINTS;
    let at = (seed.wrapping_mul(2) + round / 2) as usize % points.len();
    format!("{}:{}", points[at], rng.random_range(1..=6))
}

/// This program: the network's process is another one of it.
///
/// # Errors
/// When it cannot be told.
pub fn own_program() -> Result<PathBuf> {
    let own = std::env::current_exe().context("own executable")?;
    // Tests are other programs: theirs lies one folder above.
    for folder in own.ancestors().skip(1).take(2) {
        let program = folder.join("faults");
        if program.is_file() {
            return Ok(program);
        }
    }
    bail!("no `faults` beside {}", own.display())
}
