//! The task that owns the board.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt as _, try_join_all};
use hypernode_state::{Store, StoreError, Unit, UnixMs};
use tokio::sync::mpsc;

use super::command::{Command, Done, Told};
use super::facts::{self, Load, Refused};
use super::figures::Before;
use super::group::Group;
use super::keep::{Keeper, Versions};
use super::kinds::Kinds;
use super::restore::Open;
use super::{Changes, ServiceError, Setup};
use crate::board::{Board, Denied, Input};
use crate::ids::{JobId, NodeId};
use crate::job::{Effect, Refusal};

/// Commands taken in before the board gives out jobs.
const BURST: usize = 256;
/// Changed jobs in a group beyond which nothing more is taken in: the store is the pace.
const LARGEST: usize = 4_096;
/// Pauses between tries while the store has no room.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(10);
/// Refused answers that a group tells of; more are only counted.
const MOST_REFUSED: usize = 64;
/// Between two tellings of the load.
const LOAD_MS: i64 = 60_000;
/// How long a node that held a job before the start may take to come back.
const GRACE_MS: i64 = 10_000;

/// The task that owns the board.
pub(super) struct Worker {
    setup: Setup,
    changes: Changes,
    board: Board,
    keeper: Keeper,
    commands: mpsc::Receiver<Command>,
    connections: HashMap<NodeId, mpsc::Sender<Told>>,
    next: Group,
    /// Nodes that held jobs before the start, until when they may come back.
    awaited: Option<(UnixMs, Vec<NodeId>)>,
    /// When the load is told again.
    load_at: UnixMs,
}

type Kept = Result<Group, ServiceError>;

impl Worker {
    pub(super) fn new(
        setup: Setup,
        changes: Changes,
        fence: Option<u64>,
        kinds: Kinds,
        open: Vec<Open>,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        let now = (setup.clock)();
        let versions: Versions = open
            .iter()
            .map(|one| (one.record.job.id, one.version))
            .collect();
        let records = open.into_iter().map(|one| one.record);
        let board = Board::restore(setup.config, setup.secret.clone(), records, now);
        let mut holders: Vec<NodeId> = board.jobs().filter_map(|r| r.job.holder()).collect();
        holders.sort_unstable();
        holders.dedup();
        let keeper = Keeper {
            config: setup.config,
            signer: setup.signer.clone(),
            fence,
            kinds,
            versions,
        };
        Self {
            setup,
            changes,
            board,
            keeper,
            commands,
            connections: HashMap::new(),
            next: Group::default(),
            awaited: Some((now + GRACE_MS, holders)),
            load_at: now + LOAD_MS,
        }
    }

    pub(super) async fn run(mut self) -> Result<(), ServiceError> {
        let mut underway: Option<BoxFuture<'static, Kept>> = None;
        let mut burst = Vec::with_capacity(BURST);
        loop {
            let now = (self.setup.clock)();
            self.board.tick(now, &mut self.next.step);
            self.give_up_awaited(now);
            self.board.pump(now, &mut self.next.step);
            self.see(now)?;
            if underway.is_none() && !self.next.is_empty() {
                underway = Some(self.keep(now)?);
            }
            let wait = self.wait(now);
            let takes = self.next.step.records().len() < LARGEST;
            tokio::select! {
                biased;
                kept = async { underway.as_mut()?.await.into() }, if underway.is_some() => {
                    underway = None;
                    if let Some(kept) = kept {
                        self.release(kept?);
                    }
                }
                count = self.commands.recv_many(&mut burst, BURST), if takes => {
                    if count == 0 {
                        return self.finish(underway).await;
                    }
                    let now = (self.setup.clock)();
                    for command in burst.drain(..) {
                        self.take(command, now);
                    }
                }
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// All handles are gone: what is on its way is kept, and what came after it.
    async fn finish(
        mut self,
        underway: Option<BoxFuture<'static, Kept>>,
    ) -> Result<(), ServiceError> {
        if let Some(underway) = underway {
            let kept = underway.await?;
            self.release(kept);
        }
        if !self.next.is_empty() {
            let now = (self.setup.clock)();
            let kept = self.keep(now)?.await?;
            self.release(kept);
        }
        Ok(())
    }

    /// Shows and, now and then, tells what is before the board.
    fn see(&mut self, now: UnixMs) -> Result<(), ServiceError> {
        let board = &self.board;
        self.setup.figures.see(Before {
            open: board.open(),
            queued: board.queued(),
            nodes: board.pool().len(),
            day: board.day(),
            slot: board.slot(),
        });
        if now < self.load_at {
            return Ok(());
        }
        self.load_at = now + LOAD_MS;
        // A dispatcher that nobody uses fills no store.
        if board.open() > 0 || !board.pool().is_empty() {
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            let (slots, busy) = board.pool().slots();
            let load = facts::load(&Load {
                at: now,
                nodes: count(board.pool().len()),
                slots,
                busy,
                queued: count(board.queued()),
                open: count(board.open()),
            });
            self.next
                .facts
                .push(load.map_err(|error| ServiceError::Unwritable(error.to_string()))?);
        }
        Ok(())
    }

    fn wait(&self, now: UnixMs) -> Duration {
        let awaited = self.awaited.as_ref().map(|(until, _)| *until);
        let next = [self.board.next_tick(), awaited, Some(self.load_at)]
            .into_iter()
            .flatten()
            .min();
        let ms = next.map_or(60_000, |next| (next - now).clamp(1, 60_000));
        Duration::from_millis(ms.unsigned_abs())
    }

    fn take(&mut self, command: Command, now: UnixMs) {
        let Self { board, next, .. } = self;
        match command {
            Command::Input(input, done) => {
                let asked = answered(&input);
                let result = board.take(input, now, &mut next.step);
                self.answer(done, result, asked, now);
            }
            Command::TurnDay(secret, done) => {
                board.turn_day(secret);
                next.answer(done, Ok(()));
            }
            Command::Stand { slot, nodes, done } => {
                board.stand(slot, nodes, now);
                next.answer(done, Ok(()));
            }
            Command::Submit(order, done) => {
                let input = Input::Submit(Box::new(order.submission.clone()));
                let result = board.take(input, now, &mut next.step);
                if result.is_ok() {
                    self.keeper.kinds.add(order.submission.id, &order.kind);
                    next.orders.push(*order);
                    self.setup.figures.submitted();
                }
                next.answer(done, result);
            }
            Command::Arrived {
                job,
                needs,
                content,
                done,
            } => {
                let result = board.take(Input::Arrived { job, needs }, now, &mut next.step);
                if result.is_ok() {
                    next.contents.push((job, content));
                }
                next.answer(done, result);
            }
            Command::Again {
                job,
                input,
                version,
                kind,
                done,
            } => {
                let result = board.take(input, now, &mut next.step);
                if result.is_ok() {
                    // It was forgotten when the job had ended.
                    self.keeper.kinds.add(job, &kind);
                    self.keeper.versions.insert(job, version);
                    next.replayed.push(job);
                }
                next.answer(done, result);
            }
            Command::Ended { input, kept, done } => self.ended(input, kept, done, now),
            Command::Why {
                needs,
                excluded,
                done,
            } => {
                let _ = done.send(board.pool().why(&needs, &excluded));
            }
            Command::Match {
                needs,
                algorithm,
                done,
            } => {
                // Whoever asks no longer is told nothing.
                let _ = done.send(board.preview(&needs, algorithm));
            }
            Command::Connect {
                facts,
                manner,
                frames,
                done,
            } => {
                let node = facts.id;
                self.connections.insert(node, frames);
                if let Some((_, awaited)) = &mut self.awaited {
                    awaited.retain(|n| *n != node);
                }
                let input = Input::Up { facts, manner };
                let result = self.board.take(input, now, &mut self.next.step);
                self.next.answer(done, result);
            }
        }
    }

    /// Answers what was asked of a job. What came of a fence that is no longer in force is counted and told.
    fn answer(
        &mut self,
        done: Done,
        result: Result<(), Denied>,
        asked: Option<(NodeId, JobId, u32)>,
        at: UnixMs,
    ) {
        if let Err(Denied::Job(Refusal::Stale { now })) = result {
            self.setup.figures.stale();
            if let Some((node, job, fence)) = asked
                && self.next.facts.len() < MOST_REFUSED
            {
                let refused = facts::refused(&Refused {
                    at,
                    job,
                    fence,
                    refused: now,
                    node,
                });
                self.next.facts.extend(refused.ok());
            }
        }
        self.next.answer(done, result);
    }

    fn ended(&mut self, input: Input, kept: Vec<u8>, done: Done, now: UnixMs) {
        let (node, job) = match &input {
            Input::Ended { node, job, .. } => (*node, *job),
            _ => return,
        };
        // Whose the node is must be known before anything is credited to it.
        let Some(wallet) = self.board.pool().get(node).map(|facts| facts.owner) else {
            self.next.answer(done, Err(Denied::UnknownNode));
            return;
        };
        let asked = answered(&input);
        let result = self.board.take(input, now, &mut self.next.step);
        if result.is_ok() {
            self.next.outcomes.push((job, kept));
            self.next.wallets.push((node, wallet));
        }
        self.answer(done, result, asked, now);
    }

    /// Nodes that held jobs before the start and have not come back.
    fn give_up_awaited(&mut self, now: UnixMs) {
        let over = self.awaited.take_if(|(until, _)| *until <= now);
        for node in over.into_iter().flat_map(|(_, nodes)| nodes) {
            // A node that is gone cannot be refused to go.
            let _ = self
                .board
                .take(Input::Down { node }, now, &mut self.next.step);
        }
    }

    /// Sends the next group to the disk.
    fn keep(&mut self, now: UnixMs) -> Result<BoxFuture<'static, Kept>, ServiceError> {
        let mut group = std::mem::take(&mut self.next);
        let units = self.keeper.units(&mut group, now)?;
        let (store, figures) = (self.setup.store.clone(), self.setup.figures.clone());
        let kept = async move {
            let (began, any) = (Instant::now(), !units.is_empty());
            // Units go in the order of the calls; what they hold does not depend on one another.
            try_join_all(units.into_iter().map(|unit| apply(store.as_ref(), unit))).await?;
            if any {
                figures.committed(began.elapsed());
            }
            Ok(group)
        };
        Ok(kept.boxed())
    }

    /// The group is kept: now it is told.
    fn release(&mut self, group: Group) {
        let now = (self.setup.clock)();
        self.changes.tell(now, group.step.records());
        for (job, effect) in group.step.effects {
            self.setup.figures.effect(&effect);
            if let Some((node, told)) = told(job, &effect) {
                self.tell(node, told);
            }
        }
        Group::tell(group.answers);
    }

    fn tell(&mut self, node: NodeId, told: Told) {
        let takes = self
            .connections
            .get(&node)
            .map(|frames| frames.try_send(told));
        // Who takes no more is disconnected: it comes back, or its jobs go to others.
        if takes.is_some_and(|sent| sent.is_err()) {
            self.connections.remove(&node);
        }
    }
}

/// Keeps a unit, however long the store has no room or no turn for it: nobody is told of anything meanwhile.
async fn apply(store: &dyn Store, unit: Unit) -> Result<(), StoreError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match store.apply(unit.clone()).await {
            Err(
                error @ (StoreError::Busy { .. }
                | StoreError::Locked { .. }
                | StoreError::DiskFull { .. }),
            ) => {
                tracing::warn!("dispatch waits for its store: {error}");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LAST_PAUSE);
            }
            done => return done.map(|_| ()),
        }
    }
}

/// Whose answer it is, to which offer or lease of which job. That a lease is renewed is said too often to be told.
fn answered(input: &Input) -> Option<(NodeId, JobId, u32)> {
    match *input {
        Input::Accept { node, job, fence } | Input::Reject { node, job, fence } => {
            Some((node, job, fence))
        }
        Input::Ended {
            node, job, fence, ..
        } => Some((node, job, fence.unwrap_or(0))),
        _ => None,
    }
}

fn told(job: JobId, effect: &Effect) -> Option<(NodeId, Told)> {
    Some(match *effect {
        Effect::Offer { node, fence, until } => (node, Told::Offer { job, fence, until }),
        Effect::Withdraw { node, fence } => (node, Told::Withdraw { job, fence }),
        Effect::Run {
            node,
            fence,
            until,
            deadline,
        } => (
            node,
            Told::Run {
                job,
                fence,
                until,
                deadline,
            },
        ),
        Effect::Stop { node, fence } => (node, Told::Stop { job, fence }),
        Effect::Missed { .. } | Effect::Credit { .. } => return None,
    })
}
