//! A live stream, from the ledger's end onwards.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hypernode_decoder::Decoder;
use hypernode_warehouse::{Client, fail};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use yellowstone_grpc_proto::geyser::subscribe_update::UpdateOneof;

use super::stage::{Stage, Start};
use super::status::{IndexerStatus, StatusHandle};
use super::store::{Patience, Work, insist, store};
use super::{PipelineError, coverage, open_warehouse};
use crate::accounts::{self, AccountOptions, AccountSender};
use crate::batch::LIVE_WINDOW;
use crate::geyser::{self, Event, GeyserOptions, Update};
use crate::slots::{Head, Input, SlotStatus};
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
    let head = coverage.last().map(|range| Head {
        slot: range.last_block_slot,
        blockhash: Some(range.last_blockhash),
    });
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
    let (sender, events) = mpsc::channel(EVENT_QUEUE);
    // The source stops first, by the token; the stages behind it end when their input does.
    let stop_source = shutdown.child_token();
    let mut geyser = options.geyser;
    let stop_accounts = shutdown.child_token();
    let (account_sender, account_lane) = options
        .accounts
        .map(|accounts| {
            let owners = accounts.decoder.owners();
            geyser.account_owners = owners.map(|(_, id)| *id).collect();
            let (sender, receiver) = accounts::channel(accounts.queue_bytes);
            let lane = accounts::run(
                accounts,
                client,
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
    let source = tokio::spawn(geyser::run(
        geyser,
        position,
        resynced,
        sender,
        stop_source.clone(),
    ));
    let stop_feeding = stop_source.clone();
    let feeding = tokio::task::spawn_blocking(move || feed.run(events, &stop_feeding));
    let (sender, batches) = mpsc::channel(BATCH_QUEUE);
    let stage = Stage::new(decoder, LIVE_WINDOW, start, (), status.clone(), true);
    let follow = Follow {
        stage,
        status: status.clone(),
        batches: sender,
        published,
        resync,
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
    let decoded = decoding.await?;
    let source = source.await?;
    feeding.await?.close();
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
    pub(super) resync: watch::Sender<u64>,
    pub(super) accounts: Option<AccountSender>,
    /// From then on nothing more is taken from the queue.
    pub(super) stop: CancellationToken,
}

impl Follow {
    pub(super) fn run(
        mut self,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<(), PipelineError> {
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
            Event::ReplayLost { wanted, available } => {
                let head = self.stage.head();
                self.status.update(|status| {
                    // Without anything stored, the stream simply starts later.
                    if let (Some(head), Some(available)) = (head, available) {
                        status.gap = Some(crate::slots::Gap {
                            after: head.slot,
                            before: available,
                        });
                    }
                    status.message =
                        Some(format!("the source no longer holds slots from {wanted} on"));
                });
            }
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
        let gaps = self.stage.gaps().len();
        let before = self.stage.head();
        self.stage.push(input)?;
        let head = self.stage.head();
        if head != before {
            self.published.send_replace(head.map(|head| head.slot));
            fail::point("live.published");
        }
        if self.stage.gaps().len() > gaps {
            // The server may still hold what the stream left out.
            self.resync.send_modify(|count| *count += 1);
        }
        Ok(())
    }

    /// `false`: nobody takes them any more.
    fn send(&mut self) -> bool {
        self.stage
            .work()
            .all(|work| self.batches.blocking_send(work).is_ok())
    }
}
