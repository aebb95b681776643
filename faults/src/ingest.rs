//! `faults ingest`: an indexer that is killed at random and at every fail point, before a network that misbehaves.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::accounts;
use crate::certificates;
use crate::compare::{self, Difference};
use crate::digest;
use crate::follower::Follower;
use crate::indexer::{Ended, Indexer, IndexerOptions};
use crate::metrics;
use crate::net::{Net, NetOptions};
use crate::proxy::{Mischief, Proxy, StoreProxy};
use crate::rounds::{Round, Rounds};
use crate::rpc;
use crate::scores;
use crate::store::{self, Store};

/// Longest run of one seed.
const PATIENCE: Duration = Duration::from_secs(90);
/// Time between looks at whether it lives.
const EVERY: Duration = Duration::from_millis(20);
/// Between questions how far it has come: each costs the engine some milliseconds.
const ASK: Duration = Duration::from_millis(100);

/// Slots of a window that is still open.
const OPEN: u64 = 4;
/// How long its slots may be on their way.
const ON_ITS_WAY: Duration = Duration::from_secs(3);
/// Confirmations at the chain's very end that may have got lost: nothing comes after them that tells.
const UNSAID: u64 = 2;

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
    /// Seeds whose index digest is not the clean run's.
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
    /// Fail points that were armed, and whether it died there.
    pub points: Vec<(&'static str, bool)>,
    /// Last slot whose digests were compared.
    pub digest_slot: u64,
    /// How the index digest differs from the clean run's.
    pub digest: Option<String>,
    /// How what is stored differs from the chain.
    pub difference: Difference,
    /// Slots that were compared.
    pub slots: (u64, u64),
    /// Retractions that a consumer of changes was told.
    pub retractions: u64,
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
    let dir = store::folder()?;
    let root = match &keep.0 {
        Some(folder) => folder.join(format!("seed-{seed}")),
        None => dir.path().to_owned(),
    };
    std::fs::create_dir_all(&root)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rounds = Rounds::new(seed, &mut rng);
    store.empty().await?;
    if rounds.bare {
        store.bare().await?;
    }
    let options = NetOptions {
        confirmed_death: rounds.deaths,
        replay_slots: if rounds.forgets { 6 } else { 150 },
        ..NetOptions::new(&root, seed)
    };
    let mut net = Net::start(&own_program()?, options).await?;
    let mischief = match rounds.forgets {
        // Much comes from RPC then: an endpoint that also denies what it holds is asked ever more rarely.
        true => Mischief::default(),
        false => Mischief::seeded(seed),
    };
    let proxy = Proxy::start(&net.place, mischief).await?;
    let answers = match rounds.answers {
        true => Some(StoreProxy::start(&store.endpoint().url, seed).await?),
        false => None,
    };
    let mut endpoint = store.endpoint();
    if let Some(proxy) = &answers {
        endpoint.url.clone_from(&proxy.url);
    }
    let settings = [
        (rounds.narrow, "indexer.queue_messages=4"),
        (rounds.accounts, "accounts.enabled=true"),
    ];
    let settings = settings.into_iter().filter(|(wanted, _)| *wanted);
    let indexer = IndexerOptions {
        program: store::hypernode()?,
        data: root.join("data"),
        store: endpoint,
        geyser: proxy.place.geyser.clone(),
        rpc: proxy.place.rpc.clone(),
        genesis: net.place.genesis.clone(),
        arguments: settings
            .map(|(_, setting)| setting.to_owned())
            .chain([format!("network.fee_accounts={}", scores::setting())])
            .flat_map(|setting| ["--set".to_owned(), setting])
            .collect(),
    };
    let log = root.join("indexer.log");
    let follower = Follower::start(store);
    let mut points = Vec::new();
    for round in &rounds.rounds {
        let died = live(&indexer, round, &log).await?;
        points.extend(round.point.map(|(point, _)| (point, died)));
    }
    let mut running = Indexer::start(&indexer, None, &log)?;
    let recording = net.finished().await?;
    store.clean_run(&recording).await?;
    // What the network has confirmed must be there in the end; the last words of it may be among what was lost.
    let confirmed = rpc::confirmed(&net.place.rpc).await?;
    let mut near: Option<Instant> = None;
    loop {
        let covered = compare::covered(&store.client).await?;
        match covered {
            Some((_, to, 0)) if to + UNSAID >= confirmed => break,
            // The rest may still be on its way to a busy indexer; or it has got lost, and only an end closes its window.
            Some((_, to, 0))
                if to + OPEN >= confirmed
                    && near.get_or_insert_with(Instant::now).elapsed() > ON_ITS_WAY =>
            {
                break;
            }
            _ => {}
        }
        refuse_exit(&mut running, &log)?;
        if began.elapsed() > PATIENCE {
            bail!("slot {confirmed} is confirmed, stored is {covered:?}");
        }
        tokio::time::sleep(ASK).await;
    }
    let mut accounts = Difference::default();
    if rounds.accounts {
        accounts::compare(&store.client, &net.place.rpc, &mut accounts).await?;
    }
    running.end().await?;
    let slots = match compare::covered(&store.client).await? {
        Some((from, to, 0)) if to + UNSAID >= confirmed => (from, to),
        covered => {
            bail!("slot {confirmed} is confirmed; after an end in order, stored is {covered:?}")
        }
    };
    let mut difference = compare::compare(&store.client, 1, slots.1).await?;
    certificates::compare(store, slots.1, &mut difference).await?;
    let retractions = follower.finish(store, slots.1, &mut difference).await?;
    scores::compare(store, &mut difference).await?;
    metrics::compare(store, slots.1, &mut difference).await?;
    difference.add(accounts);
    let (digest_slot, digest) = digest::differs(store).await?;
    Ok(Outcome {
        kills: rounds.rounds.len() as u64,
        points,
        digest_slot,
        digest,
        difference,
        slots,
        retractions,
        time: began.elapsed(),
    })
}

/// One life that ends early; `true`: at the fail point that it was to die at.
async fn live(indexer: &IndexerOptions, round: &Round, log: &Path) -> Result<bool> {
    let point = round.point.map(|(point, often)| format!("{point}:{often}"));
    let mut running = Indexer::start(indexer, point.as_deref(), log)?;
    let until = Instant::now() + round.time;
    while Instant::now() < until {
        refuse_exit(&mut running, log)?;
        // Gone before we kill it: the point was reached, not only named.
        if running.ended()? == Some(Ended::Killed) {
            return Ok(true);
        }
        tokio::time::sleep(EVERY).await;
    }
    running.kill().await?;
    Ok(false)
}

/// An indexer that gives up has failed, whatever is stored.
fn refuse_exit(running: &mut Indexer, log: &Path) -> Result<()> {
    if let Some(Ended::Code(code)) = running.ended()? {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        let tail: Vec<&str> = text.lines().rev().take(8).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        bail!("the indexer ended with {code}:\n{}", tail.join("\n"));
    }
    Ok(())
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
