//! Scenarios with the real indexer, a network and its proxies.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::Verdict;
use crate::accounts;
use crate::compare::{self, Difference};
use crate::indexer::{Ended, Indexer, IndexerOptions};
use crate::ingest::own_program;
use crate::net::{Net, NetOptions, Place};
use crate::proxy::{Mischief, Proxy, Seen};
use crate::store::{self, Store};

/// Longest run.
const PATIENCE: Duration = Duration::from_secs(40);
const EVERY: Duration = Duration::from_millis(20);
/// Slots at the chain's end that an open window may hold back.
const TAIL: u64 = 10;

/// The parts of one.
#[derive(Debug, Clone)]
pub(super) struct Live {
    /// What differs from a usual network.
    pub(super) net: fn(&mut NetOptions),
    /// What the proxies do.
    pub(super) mischief: fn() -> Mischief,
    /// What else happens.
    pub(super) act: Act,
    /// Accounts are followed, and what is stored of them in the end is what the network holds.
    pub(super) accounts: bool,
    /// What must be true of what was asked.
    pub(super) asked: fn(&Seen) -> Result<(), String>,
}

/// What happens while the network runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Nothing,
    /// The network is killed, stays away, and another process goes on.
    RestartNet(Duration),
    /// The indexer is killed and started again so many times.
    KillIndexer(u32),
    /// The indexer stands still for so long.
    StopIndexer(Duration),
    /// ClickHouse is killed so many times under the writer.
    KillEngine(u32),
    /// A further program is to be indexed; then the indexer is killed.
    AddIdl,
}

impl Live {
    pub(super) fn new(mischief: fn() -> Mischief) -> Self {
        Self {
            net: |_| {},
            mischief,
            act: Act::Nothing,
            accounts: false,
            asked: |_| Ok(()),
        }
    }

    pub(super) async fn play(&self, store: &Store) -> Result<Verdict> {
        let root = store::folder()?;
        let mut options = NetOptions::new(root.path(), 77);
        (self.net)(&mut options);
        let mut last = options.last_slot;
        let mut net = Net::start(&own_program()?, options).await?;
        let proxy = Proxy::start(&net.place, (self.mischief)()).await?;
        let log = root.path().join("indexer.log");
        let mut indexer = indexer(store, &proxy.place, root.path())?;
        if self.accounts {
            let setting = ["--set", "accounts.enabled=true"].map(str::to_owned);
            indexer.arguments.extend(setting);
        }
        let mut running = Indexer::start(&indexer, None, &log)?;
        match self.act {
            Act::Nothing => {}
            Act::RestartNet(away) => {
                tokio::time::sleep(Duration::from_millis(1_200)).await;
                last += 80;
                let again = net.kill(last).await?;
                tokio::time::sleep(away).await;
                net = Net::start(&own_program()?, again).await?;
            }
            Act::KillIndexer(times) => {
                for _ in 0..times {
                    tokio::time::sleep(Duration::from_millis(700)).await;
                    running.kill().await?;
                    running = Indexer::start(&indexer, None, &log)?;
                }
            }
            Act::KillEngine(times) => {
                for _ in 0..times {
                    tokio::time::sleep(Duration::from_millis(700)).await;
                    store.kill_engine().await?;
                }
            }
            Act::AddIdl => {
                tokio::time::sleep(Duration::from_millis(900)).await;
                add_idl(&indexer.data)?;
                tokio::time::sleep(Duration::from_millis(2_500)).await;
                running.kill().await?;
                running = Indexer::start(&indexer, None, &log)?;
            }
            Act::StopIndexer(time) => {
                tokio::time::sleep(Duration::from_millis(900)).await;
                running.pause(time).await?;
            }
        }
        let recording = net.finished().await?;
        store.clean_run(&recording).await?;
        let stored = self.wait(store, &mut running, &log, last).await?;
        let mut accounts = Difference::default();
        if self.accounts {
            accounts::compare(&store.client, &net.place.rpc, &mut accounts).await?;
        }
        running.kill().await?;
        if !accounts.is_none() {
            return Ok(Verdict::Failed(accounts.lines.join("; ")));
        }
        if let Err(why) = (self.asked)(proxy.seen()) {
            return Ok(Verdict::Failed(why));
        }
        verdict(store, stored, last).await
    }

    /// Until all is stored, or a gap is on record and nothing has moved since.
    async fn wait(
        &self,
        store: &Store,
        running: &mut Indexer,
        log: &Path,
        last: u64,
    ) -> Result<Option<(u64, u64, u64)>> {
        let began = Instant::now();
        let mut covered = None;
        while began.elapsed() < PATIENCE {
            covered = compare::covered(&store.client).await?;
            if matches!(covered, Some((_, to, 0)) if to + TAIL >= last) {
                break;
            }
            if let Some(Ended::Code(code)) = running.ended()? {
                let text = std::fs::read_to_string(log).unwrap_or_default();
                let line = text.lines().last().unwrap_or_default().to_owned();
                bail!("the indexer ended with {code}: {line}");
            }
            if began.elapsed() > PATIENCE / 4
                && !compare::open_gaps(&store.client).await?.is_empty()
            {
                break;
            }
            tokio::time::sleep(EVERY).await;
        }
        Ok(covered)
    }
}

/// What is stored must be right; what is not must be on record.
async fn verdict(store: &Store, stored: Option<(u64, u64, u64)>, last: u64) -> Result<Verdict> {
    let Some((from, to, missing)) = stored else {
        return Ok(Verdict::Failed("nothing is stored".to_owned()));
    };
    let gaps = compare::open_gaps(&store.client).await?;
    // Outside of what is on record nothing may be missing, and nowhere may anything be too much.
    let mut difference = Difference::default();
    for (from, to) in compare::outside(&gaps, 1, to) {
        difference.add(compare::compare(&store.client, from, to).await?);
    }
    for gap in &gaps {
        let within = compare::compare(&store.client, gap.slot_lo, gap.slot_hi).await?;
        difference.duplicated += within.duplicated;
    }
    // What stops short of the end stops before a gap.
    let stops = to + TAIL < last;
    let told = gaps
        .iter()
        .any(|gap| gap.slot_lo <= to + TAIL && gap.slot_hi > to);
    if difference.is_none() && (!stops || told) {
        if gaps.is_empty() && missing == 0 {
            return Ok(Verdict::Equal(difference.rows));
        }
        if !gaps.is_empty() {
            let told: Vec<String> = gaps
                .iter()
                .map(|gap| format!("slots {} to {}: {}", gap.slot_lo, gap.slot_hi, gap.reason))
                .collect();
            return Ok(Verdict::Gap(told.join("; ")));
        }
    }
    let lines = difference.lines.join("; ");
    Ok(Verdict::Failed(format!(
        "stored {from} to {to} of {last}, {missing} slots missing between, {} gaps on record; {lines}",
        gaps.len()
    )))
}

/// Another program's IDL, which the stream has to be asked for anew.
fn add_idl(data: &Path) -> Result<()> {
    let id = bs58::encode(hypernode_schemas::localnet::program_id("nobody")).into_string();
    let idl = serde_json::json!({
        "address": id,
        "metadata": {"name": "nobody", "version": "0.1.0", "spec": "0.1.0"},
        "instructions": [],
        "events": [{"name": "Pulse", "discriminator": [77, 1]}],
        "types": [{"name": "Pulse", "type": {"kind": "struct", "fields": []}}],
    });
    let folder = data.join("idl");
    std::fs::create_dir_all(&folder)?;
    Ok(std::fs::write(
        folder.join("nobody.idl.json"),
        idl.to_string(),
    )?)
}

fn indexer(store: &Store, place: &Place, root: &Path) -> Result<IndexerOptions> {
    Ok(IndexerOptions {
        program: store::hypernode()?,
        data: root.join("data"),
        store: store.endpoint(),
        geyser: place.geyser.clone(),
        rpc: place.rpc.clone(),
        genesis: place.genesis.clone(),
        arguments: Vec::new(),
    })
}
