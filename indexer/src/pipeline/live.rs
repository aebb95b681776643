//! A live stream, from the ledger's end onwards.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hypernode_decoder::Decoder;
use hypernode_warehouse::{Client, fail, gaps};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use yellowstone_grpc_proto::geyser::subscribe_update::UpdateOneof;

use super::fill::{self, Fill, Wants};
use super::stage::{Stage, Start};
use super::status::{IndexerStatus, StatusHandle};
use super::store::{Patience, Work, insist, store};
use super::{PipelineError, coverage, open_warehouse, repair};
use crate::accounts::{self, AccountOptions, AccountSender};
use crate::batch::LIVE_WINDOW;
use crate::geyser::{self, Event, GeyserOptions, Update};
use crate::rpc::{Pool, PoolOptions};
use crate::slots::{Gap, Head, Input, SlotStatus};
use crate::wal::{self, WalOptions};

/// Messages between the receiver and the decoder; their bytes are bounded by the source.
pub(super) const EVENT_QUEUE: usize = 8_192;
/// Batches between the decoder and the warehouse.
pub(super) const BATCH_QUEUE: usize = 4;

/// What to follow.
#[derive(Debug, Clone)]
pub struct LiveOptions {
    /// The source.
    pub geyser: GeyserOptions,
    /// Name of the source in the ledger.
    pub source: String,
    /// What may wait while ClickHouse does not keep up.
    pub wal: WalOptions,
    /// What to keep of accounts; `None`: nothing.
    pub accounts: Option<AccountOptions>,
    /// Where to ask for what the stream left out; `None`: it stays a gap.
    pub rpc: Option<PoolOptions>,
}

/// Follows the stream until `shutdown`; the open window is then closed as partial. What waits and cannot be stored soon is
/// left out: the next run asks for it again, from the ledger's end on.
///
/// # Errors
/// When recovery fails, the stream is of another chain than what is stored, the token is refused, or ClickHouse
/// refuses rows for a reason that waiting does not cure. An absent ClickHouse or stream is waited for.
pub async fn run_live(
    options: LiveOptions,
    decoder: Arc<Decoder>,
    client: Client,
    status: StatusHandle,
    shutdown: CancellationToken,
) -> Result<(), PipelineError> {
    let patience = Patience {
        first: Duration::from_millis(250),
        max: Duration::from_secs(15),
        give_up: None,
    };
    status.update(IndexerStatus::restart);
    let opened = open_warehouse(&client, &decoder, &status, patience, &shutdown).await?;
    let Some((writer, coverage)) = opened else {
        return Ok(());
    };
    status.update(|status| status.missing = coverage.missing());
    let pool = options.rpc.as_ref().map(Pool::new).transpose()?;
    let stored = coverage.last().map(|range| Head {
        slot: range.last_block_slot,
        blockhash: Some(range.last_blockhash),
    });
    let anchor = match (stored, options.geyser.from_slot, &pool) {
        (None, Some(from), Some(pool)) => fill::anchor(pool, from, &status, &shutdown).await,
        _ => None,
    };
    if shutdown.is_cancelled() {
        return Ok(());
    }
    let head = stored.or(anchor.map(|anchor| anchor.head));
    let accepted = || gaps::accepted(&client);
    let what = "reading accepted gaps has to wait";
    let Some(accepted) = insist(accepted, what, &status, patience, &shutdown).await? else {
        return Ok(());
    };
    let links = || async {
        match head {
            Some(head) => coverage::links(&client, head.slot).await,
            None => Ok(Vec::new()),
        }
    };
    let what = "reading the newest blocks has to wait";
    let Some(recent) = insist(links, what, &status, patience, &shutdown).await? else {
        return Ok(());
    };
    let start = Start {
        coverage,
        head,
        recent,
    };

    let (published, position) = watch::channel(head.map(|head| head.slot));
    let (resync, resynced) = watch::channel(0_u64);
    let (wants, wanted) = watch::channel(Wants {
        lost: anchor.and_then(|anchor| anchor.lost),
        ..Wants::default()
    });
    let (sender, events) = mpsc::channel(EVENT_QUEUE);
    // The source stops first, by the token; the stages behind it end when their input does.
    let stop_source = shutdown.child_token();
    let mut geyser = options.geyser;
    let filler = Fill::new(
        pool.clone(),
        client.clone(),
        status.clone(),
        sender.clone(),
        position.clone(),
        wanted,
        resync.clone(),
        &geyser.program_ids,
    );
    // A source that gives up ends the run: nobody else may keep the queue open then.
    let stop_filling = stop_source.child_token();
    let filler = tokio::spawn(filler.run(stop_filling.clone()));
    let stop_accounts = shutdown.child_token();
    let (account_sender, account_lane) = options
        .accounts
        .map(|accounts| {
            let owners = accounts.decoder.owners();
            geyser.account_owners = owners.map(|(_, id)| *id).collect();
            let (sender, receiver) = accounts::channel(accounts.queue_bytes);
            let lane = accounts::run(
                accounts,
                client.clone(),
                receiver,
                status.clone(),
                stop_accounts.clone(),
            );
            (sender, tokio::spawn(lane))
        })
        .unzip();
    // A quarter may be on its way to the queue, the rest in it.
    let buffer = geyser.buffer_bytes;
    geyser.buffer_bytes = buffer / 4;
    let (feed, line) = wal::open(&options.wal, &geyser.program_ids, buffer / 4 * 3, &status)
        .map_err(PipelineError::Wal)?;
    let source = geyser::run(geyser, position, resynced, sender, stop_source.clone());
    let source = tokio::spawn(async move {
        let ended = source.await;
        stop_filling.cancel();
        ended
    });
    let stop_feeding = stop_source.clone();
    let feeding = tokio::task::spawn_blocking(move || feed.run(events, &stop_feeding));
    let (sender, batches) = mpsc::channel(BATCH_QUEUE);
    let stop_repairs = shutdown.child_token();
    let repairs = repair::Requests {
        client,
        decoder: Arc::clone(&decoder),
        rpc: pool.clone(),
        out: sender.downgrade(),
        status: status.clone(),
    };
    let repairs = tokio::spawn(repairs.answer(stop_repairs.clone()));
    let stage = Stage::new(decoder, LIVE_WINDOW, start, (), status.clone(), true);
    let follow = Follow {
        stage,
        status: status.clone(),
        batches: sender,
        published,
        resync: pool.is_none().then_some(resync),
        wants,
        accepted,
        accounts: account_sender,
        stop: shutdown.clone(),
    };
    let decoding = tokio::task::spawn_blocking(move || follow.run(line));
    let stored = store(
        &writer,
        &options.source,
        batches,
        &status,
        patience,
        &shutdown,
    )
    .await;
    stop_source.cancel();
    stop_repairs.cancel();
    repairs.await?;
    let decoded = decoding.await?;
    let source = source.await?;
    feeding.await?.close();
    filler.await?;
    // By now where the run was not stopped but failed: the lane stores what it still has.
    stop_accounts.cancel();
    if let Some(lane) = account_lane {
        lane.await?;
    }
    status.update(|status| status.stopped = true);
    stored?;
    decoded?;
    Ok(source?)
}

pub(super) struct Follow {
    pub(super) stage: Stage<()>,
    pub(super) status: StatusHandle,
    pub(super) batches: mpsc::Sender<Work>,
    pub(super) published: watch::Sender<Option<u64>>,
    /// Where only the stream itself can fill a hole: asks for it anew.
    pub(super) resync: Option<watch::Sender<u64>>,
    /// What is missing, for whom it may concern.
    pub(super) wants: watch::Sender<Wants>,
    /// Slots that the operator does without.
    pub(super) accepted: Vec<(u64, u64)>,
    pub(super) accounts: Option<AccountSender>,
    /// From then on nothing more is taken from the queue.
    pub(super) stop: CancellationToken,
}

impl Follow {
    pub(super) fn run(
        mut self,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<(), PipelineError> {
        if let Some(head) = self.stage.head() {
            self.give_up(head.slot)?;
        }
        for event in events {
            if self.stop.is_cancelled() {
                break;
            }
            if !self.event(event)? {
                return Ok(());
            }
        }
        self.stage.finish(false)?;
        self.send();
        Ok(())
    }

    fn event(&mut self, event: Event) -> Result<bool, PipelineError> {
        match event {
            Event::Update(mut update, _permit) => {
                if let (Some(accounts), Update::Other(other)) = (&self.accounts, &mut update)
                    && let Some(UpdateOneof::Account(account)) = &mut other.update_oneof
                {
                    if !accounts.update(std::mem::take(account)) {
                        self.status.update(|status| status.malformed += 1);
                    }
                    return Ok(true);
                }
                return self.update(update);
            }
            // An earlier run's connection brought it: nothing is said of accounts by it.
            Event::Kept(Update::Other(other))
                if matches!(other.update_oneof, Some(UpdateOneof::Account(_))) => {}
            Event::Kept(update) => {
                let accounts = self.accounts.take();
                let result = self.update(update);
                self.accounts = accounts;
                return result;
            }
            Event::Inputs(inputs, _permit) => {
                for input in inputs {
                    if let Input::GiveUp { from, to } = input {
                        self.accepted.push((from, to));
                        self.status
                            .update(|status| status.missing.give_up(from, to));
                    }
                    self.take(input)?;
                }
                return Ok(self.send());
            }
            Event::Connected { .. } => {
                self.accounts.iter().for_each(AccountSender::connected);
                self.status.update(|status| {
                    status.started = true;
                    status.source_down = false;
                });
            }
            Event::Disconnected { reason, retry_in } => {
                self.accounts.iter().for_each(AccountSender::disconnected);
                self.status.update(|status| {
                    status.source_down = true;
                    status.reconnects += 1;
                    status.retry_at = Some(SystemTime::now() + retry_in);
                    status.message = Some(reason);
                });
            }
            Event::AccountsRefused { reason } => {
                if let Some(accounts) = &self.accounts {
                    accounts.refused(&reason);
                }
            }
            Event::ReplayLost { wanted, available } => self.replay_lost(wanted, available),
        }
        Ok(true)
    }

    fn update(&mut self, update: Update) -> Result<bool, PipelineError> {
        let malformed = match update.convert() {
            Ok((input, malformed)) => {
                if let Some(input) = input {
                    self.push(input)?;
                }
                malformed
            }
            Err(error) => {
                // Its slot stays open: a block that is really missing shows as a gap.
                tracing::warn!(%error, "message of the stream passed over");
                1
            }
        };
        if malformed > 0 {
            self.status.update(|status| status.malformed += malformed);
        }
        Ok(self.send())
    }

    fn push(&mut self, input: Input) -> Result<(), PipelineError> {
        if let (
            Some(accounts),
            Input::Status {
                slot,
                status: SlotStatus::Confirmed,
                ..
            },
        ) = (&self.accounts, &input)
        {
            accounts.confirmed(*slot);
        }
        self.take(input)
    }

    /// Takes one input of whichever source.
    fn take(&mut self, input: Input) -> Result<(), PipelineError> {
        let (gaps, hole) = (self.stage.gaps().len(), self.stage.hole());
        let before = self.stage.head();
        self.stage.push(input)?;
        let head = self.stage.head();
        if head != before {
            self.published.send_replace(head.map(|head| head.slot));
            fail::point("live.published");
        }
        if self.stage.gaps().len() > gaps
            && let Some(resync) = &self.resync
        {
            // The server may still hold what the stream left out.
            resync.send_modify(|count| *count += 1);
        }
        let doubts: Vec<u64> = self.stage.doubts().collect();
        if !doubts.is_empty() {
            self.wants.send_modify(|wants| {
                doubts.into_iter().for_each(|slot| wants.doubt(slot));
            });
        }
        let now = self.stage.hole();
        if now != hole {
            self.wants.send_modify(|wants| wants.hole = now);
            if let Some(gap) = now {
                self.give_up(gap.after)?;
            }
        }
        Ok(())
    }

    /// What the operator does without right after a slot is given up; a withdrawal may have brought it back.
    fn give_up(&mut self, after: u64) -> Result<(), PipelineError> {
        let next = after.saturating_add(1);
        let accepted = self.accepted.iter().copied();
        let at = accepted.filter(|(from, to)| (*from..=*to).contains(&next));
        let Some(to) = at.map(|(_, to)| to).max() else {
            return Ok(());
        };
        self.take(Input::GiveUp { from: next, to })
    }

    fn replay_lost(&mut self, wanted: u64, available: Option<u64>) {
        match (self.stage.head(), available) {
            // What the stream sends next does not attach.
            (Some(head), Some(available))
                if available > head.slot + 1 && self.stage.hole().is_none() =>
            {
                let gap = Gap {
                    after: head.slot,
                    before: available,
                };
                self.stage.miss(gap);
                self.wants.send_modify(|wants| wants.hole = Some(gap));
            }
            // Without anything stored, the stream simply starts later.
            (None, Some(available)) if available > wanted => {
                let lost = Some((wanted, available - 1));
                self.wants.send_modify(|wants| wants.lost = lost);
            }
            _ => {}
        }
        self.status.update(|status| {
            status.message = Some(format!("the source no longer holds slots from {wanted} on"));
        });
    }

    /// `false`: nobody takes them any more.
    fn send(&mut self) -> bool {
        self.stage
            .work()
            .all(|work| self.batches.blocking_send(work).is_ok())
    }
}
