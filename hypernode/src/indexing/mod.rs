//! The live indexer's role: it runs until it is stopped, and takes up changed IDLs on the way.

pub(crate) mod digest;
pub(crate) mod keepers;
mod kept;
mod reload;
mod told;

use std::time::{Duration, Instant};

use hypernode_analytics::reputation::{FeeAccounts, Keeper as Scores};
use hypernode_analytics::rollup;
use hypernode_api::ApiState;
use hypernode_indexer::WalOptions;
use hypernode_indexer::accounts::AccountOptions;
use hypernode_indexer::geyser::GeyserOptions;
use hypernode_indexer::pipeline::{
    self, IndexerStatus, LiveOptions, PipelineError, State, StatusHandle,
};
use hypernode_indexer::rpc::PoolOptions;
use hypernode_warehouse::Client;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::exit::{Failure, Outcome};
use crate::instance::program_ids;
use crate::programs::Decoders;
use crate::store::{self, Made};

pub(crate) use kept::Kept;
use reload::Plan;
pub(crate) use reload::Reload;
pub(crate) use told::{Entry, IdlStatus, Told};

/// Slots still to be stored at which a run may be replaced. An indexer that keeps up has fewer, one whose queues are
/// full has more: what waits before them would take longer to store than sources remember (commonly 150 slots).
const NEAR: u64 = 16;
/// Longest pause between attempts to reach an absent ClickHouse.
const MAX_PAUSE: Duration = Duration::from_secs(15);
/// How often a change that waits says so again.
const SAY_AGAIN: Duration = Duration::from_secs(30);

/// What the role needs.
pub(crate) struct Indexing {
    /// The source; its programs are the decoder's.
    pub(crate) geyser: GeyserOptions,
    pub(crate) client: Client,
    pub(crate) status: StatusHandle,
    /// Told how far what is kept beside has come.
    pub(crate) kept: Kept,
    /// Told which programs are indexed.
    pub(crate) api: ApiState,
    /// JSON-RPC endpoint of the same network, if any.
    pub(crate) rpc: Option<String>,
    /// What may wait while ClickHouse does not keep up.
    pub(crate) wal: WalOptions,
    /// Where to ask for blocks that the stream leaves out.
    pub(crate) blocks: Option<PoolOptions>,
    /// Time between snapshots of accounts.
    pub(crate) snapshot_every: Duration,
    /// Genesis hash, base58.
    pub(crate) genesis: String,
    /// What settlements must pay to count for reputation.
    pub(crate) fee_accounts: Vec<FeeAccounts>,
    /// The tables are made already.
    pub(crate) prepared: bool,
}

/// Why a run is not the one to go on with.
enum Turn {
    /// It has ended by itself.
    Ended(Result<(), PipelineError>),
    /// IDLs have changed.
    Next(Plan, Made),
}

impl Indexing {
    /// Runs until `stop`. When IDLs change, the run at hand ends in order (its open window is closed with what is
    /// proven) and another one goes on from the ledger with the new decoder: no block is lost or stored twice. If that
    /// one fails, the decoder of before is taken up again in the same way; if that fails too, so does the role.
    pub(crate) async fn run(
        self,
        mut decoder: Decoders,
        mut reload: Reload,
        stop: CancellationToken,
    ) -> Outcome {
        let told = reload.told();
        if !self.prepared && !self.prepare(&mut decoder, &told, &stop).await? {
            return Ok(());
        }
        let mut plan = reload.first(decoder);
        let (headers, header) = watch::channel(plan.header(&self.genesis));
        let kept_until = stop.child_token();
        let _end = kept_until.clone().drop_guard();
        tokio::spawn(digest::keep(
            self.client.clone(),
            header,
            self.kept.digest.clone(),
            kept_until.clone(),
        ));
        let scores = Scores::new(self.client.clone(), self.fee_accounts.clone());
        tokio::spawn(keepers::scores(
            scores,
            self.kept.scores.clone(),
            kept_until.clone(),
        ));
        let metrics = rollup::Keeper::new(self.client.clone());
        tokio::spawn(keepers::metrics(
            metrics,
            self.kept.metrics.clone(),
            kept_until,
        ));
        let mut before: Option<Plan> = None;
        let mut change: Option<Made> = None;
        let mut changed = false;
        loop {
            let run_stop = stop.child_token();
            let run = pipeline::run_live(
                self.options(&plan, changed),
                plan.blocks.clone(),
                self.client.clone(),
                self.status.clone(),
                run_stop.clone(),
            );
            let mut run = Box::pin(run);
            let turn = {
                let next = async {
                    let next = reload.next(&self.client).await;
                    self.caught_up(&told).await;
                    next
                };
                let up = self.up();
                tokio::pin!(next, up);
                let mut is_up = false;
                loop {
                    tokio::select! {
                        biased;
                        ended = &mut run => break Turn::Ended(ended),
                        since = &mut up, if !is_up => {
                            is_up = true;
                            headers.send_replace(plan.header(&self.genesis));
                            self.in_force(&told, &plan, since, change.take());
                        }
                        (plan, made) = &mut next => break Turn::Next(plan, made),
                    }
                }
            };
            match turn {
                Turn::Next(next, made) => {
                    run_stop.cancel();
                    if let Err(error) = run.await {
                        // What it did not store, the next run fetches again.
                        tracing::warn!(%error, "the run before the change of IDLs did not end well");
                    }
                    if stop.is_cancelled() {
                        return Ok(());
                    }
                    reload.adopt(&next);
                    before = Some(std::mem::replace(&mut plan, next));
                    (change, changed) = (Some(made), true);
                }
                Turn::Ended(Ok(())) => return Ok(()),
                Turn::Ended(Err(error)) => {
                    let old = before.take().filter(|_| !stop.is_cancelled());
                    let Some(old) = old else {
                        return Err(Failure::Broke(error.into()));
                    };
                    let what = format!(
                        "indexing with the changed IDLs failed, and goes on with those of before: {error}; mend the \
                         cause and `hypernode idl add` the file again, or take it out of its folder"
                    );
                    tracing::error!("{what}");
                    told.refused(what);
                    reload.adopt(&old);
                    plan = old;
                    (change, changed) = (None, true);
                }
            }
        }
    }

    fn options(&self, plan: &Plan, changed: bool) -> LiveOptions {
        let mut geyser = self.geyser.clone();
        geyser.program_ids = plan.blocks.programs().map(|(_, id)| *id).collect();
        LiveOptions {
            geyser,
            source: "geyser".to_owned(),
            wal: self.wal.clone(),
            rpc: self.blocks.clone(),
            accounts: plan.accounts.clone().map(|decoder| AccountOptions {
                snapshot_every: self.snapshot_every,
                after_idl_change: changed,
                ..AccountOptions::new(decoder, self.rpc.clone())
            }),
        }
    }

    /// Returns when the run at hand stores what the source sends: with the last slot that was stored before it, and the
    /// chain's tip.
    async fn up(&self) -> (u64, u64) {
        let mut status = self.status.subscribe();
        let up = status.wait_for(|now| {
            matches!(now.state, State::Running | State::Filling | State::Stalled)
                && now.seen_slot > 0
        });
        let found = up.await.map(|now| (now.as_of_slot, now.seen_slot));
        match found {
            Ok(found) => found,
            // This role holds the sender.
            Err(_) => std::future::pending().await,
        }
    }

    /// Tells what is in force from now on, and whether it is the result of a change.
    fn in_force(&self, told: &Told, plan: &Plan, since: (u64, u64), change: Option<Made>) {
        let (stored, tip) = since;
        told.in_force(&plan.entries, stored + 1);
        for entry in plan.entries.iter().filter(|entry| entry.from_slot > tip) {
            tracing::warn!(
                idl = entry.name(),
                tip,
                "describes its program from slot {} on, which is {} slots after the chain's tip: not used before",
                entry.from_slot,
                entry.from_slot - tip
            );
        }
        self.api.set_programs(program_ids(&plan.blocks));
        if let Some(made) = change {
            told.changed(&made);
            tracing::info!(
                from_slot = stored + 1,
                "IDLs have changed: indexing goes on with the new ones"
            );
        }
    }

    /// Waits until little of what the source sent is still to be stored: what a run has not stored when it ends is
    /// streamed again, and sources replay a short while only. A change is worth no gap, so this waits for as long as it takes, and says so.
    async fn caught_up(&self, told: &Told) {
        let mut said: Option<Instant> = None;
        loop {
            let Some(what) = to_catch_up(&self.status.get()) else {
                return;
            };
            if said.is_none_or(|at| at.elapsed() >= SAY_AGAIN) {
                tracing::info!("changed IDLs wait: {what}");
                said = Some(Instant::now());
            }
            told.waiting(Some(what));
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Makes the tables, waiting for a ClickHouse that is not there yet; `false` if stopped meanwhile.
    async fn prepare(
        &self,
        decoder: &mut Decoders,
        told: &Told,
        stop: &CancellationToken,
    ) -> Outcome<bool> {
        let mut pause = Duration::from_millis(500);
        loop {
            let error = match store::prepare(&self.client, decoder, &self.genesis).await {
                Ok(made) => {
                    told.placed(&made);
                    return Ok(true);
                }
                Err(error) => error,
            };
            if !error.is_retryable() {
                return Err(Failure::start("tables", error));
            }
            tracing::warn!(%error, retry_in = ?pause, "ClickHouse is not ready; nothing is lost meanwhile");
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return Ok(false),
            }
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }
}

/// What a change of IDLs has to wait for, if anything.
fn to_catch_up(now: &IndexerStatus) -> Option<String> {
    let behind = now.confirmed_slot.saturating_sub(now.as_of_slot);
    (behind > NEAR).then(|| {
        format!(
            "{behind} slots are still to be stored; the change is taken up when {NEAR} or fewer are"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_waits_for_slots_on_their_way_and_says_how_many() {
        let mut now = IndexerStatus::default();
        assert_eq!(to_catch_up(&now), None);
        (now.as_of_slot, now.confirmed_slot) = (100, 100 + NEAR);
        assert_eq!(to_catch_up(&now), None);
        now.confirmed_slot += 1;
        let what = to_catch_up(&now).unwrap();
        assert!(what.starts_with("17 slots"), "{what}");
    }
}
