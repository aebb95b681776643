//! The proxy for Geyser: a service that asks the one behind it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use futures::{Stream, StreamExt as _};
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status, Streaming};
use yellowstone_grpc_proto::geyser::geyser_client::GeyserClient;
use yellowstone_grpc_proto::geyser::geyser_server::{Geyser, GeyserServer};
use yellowstone_grpc_proto::geyser::{
    GetBlockHeightRequest, GetBlockHeightResponse, GetLatestBlockhashRequest,
    GetLatestBlockhashResponse, GetSlotRequest, GetSlotResponse, GetVersionRequest,
    GetVersionResponse, IsBlockhashValidRequest, IsBlockhashValidResponse, PingRequest,
    PongResponse, SlotStatus, SubscribeDeshredRequest, SubscribeGossipRequest,
    SubscribeReplayInfoRequest, SubscribeReplayInfoResponse, SubscribeRequest, SubscribeUpdate,
    SubscribeUpdateDeshred, SubscribeUpdateGossip, subscribe_update::UpdateOneof,
};

use yellowstone_grpc_proto::prelude::Reward;

use super::Seen;
use super::plan::{Shared, StreamPlan};

/// Messages between the two streams.
const QUEUE: usize = 64;
/// Longest message.
const MAX_MESSAGE: usize = 64 << 20;
/// Silence after which what is held back leaves.
const QUIET: Duration = Duration::from_millis(50);

type Updates = Pin<Box<dyn Stream<Item = Result<SubscribeUpdate, Status>> + Send>>;
/// What a client asks, passed on until it says no more.
fn requests<T: Send + 'static>(
    mut from: Streaming<T>,
    change: impl Fn(&mut T) + Send + 'static,
) -> ReceiverStream<T> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(Ok(mut request)) = from.next().await {
            change(&mut request);
            if sender.send(request).await.is_err() {
                return;
            }
        }
    });
    ReceiverStream::new(receiver)
}

type Answer<T> = Result<Response<T>, Status>;

#[derive(Debug, Clone)]
pub(super) struct Relay {
    behind: GeyserClient<Channel>,
    mischief: Shared,
    seen: Arc<Seen>,
    stop: CancellationToken,
}

impl Relay {
    pub(super) fn new(
        url: &str,
        (mischief, seen): (Shared, Arc<Seen>),
        stop: CancellationToken,
    ) -> Result<Self> {
        let channel = Endpoint::from_shared(url.to_owned())?
            .tcp_nodelay(true)
            .connect_lazy();
        Ok(Self {
            behind: GeyserClient::new(channel).max_decoding_message_size(MAX_MESSAGE),
            mischief,
            seen,
            stop,
        })
    }
}

pub(super) async fn serve(listener: TcpListener, relay: Relay, stop: CancellationToken) {
    let serving = Server::builder()
        .tcp_nodelay(true)
        .add_service(GeyserServer::new(relay))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::select! {
        result = serving => if let Err(error) = result {
            tracing::error!(%error, "the Geyser proxy stopped");
        },
        () = stop.cancelled() => {}
    }
}

/// Passes a stream on, as its plan says.
struct Passing {
    plan: StreamPlan,
    rng: ChaCha8Rng,
    out: mpsc::Sender<Result<SubscribeUpdate, Status>>,
    /// Messages held back, and the number of the message after which they leave.
    held: Vec<(u64, SubscribeUpdate)>,
    /// Accounts that are late, and the slot whose block overtakes them.
    late: Vec<(u64, SubscribeUpdate)>,
    count: u64,
}

/// The client is gone, or the stream has ended.
struct Over;

impl Passing {
    async fn run(mut self, mut updates: Streaming<SubscribeUpdate>, stop: CancellationToken) {
        let out = self.out.clone();
        tokio::select! {
            _ = self.pass(&mut updates) => {}
            () = stop.cancelled() => {}
            () = out.closed() => {}
        }
    }

    async fn pass(&mut self, updates: &mut Streaming<SubscribeUpdate>) -> Result<(), Over> {
        loop {
            let Ok(next) = tokio::time::timeout(QUIET, updates.next()).await else {
                self.release(u64::MAX).await?;
                self.overtaken(u64::MAX).await?;
                continue;
            };
            let update = match next {
                Some(Ok(update)) => update,
                Some(Err(status)) => {
                    self.release(u64::MAX).await?;
                    return self.end(Some(status)).await;
                }
                None => return Err(Over),
            };
            if matches!(update.update_oneof, Some(UpdateOneof::Ping(_))) {
                self.send(update).await?;
                continue;
            }
            if let Some((_, ending)) = self.plan.cut.take_if(|(at, _)| *at <= self.count) {
                return self.end(ending.status()).await;
            }
            if let Some((_, time)) = self.plan.stall.take_if(|(at, _)| *at <= self.count) {
                tokio::time::sleep(time).await;
            }
            self.count += 1;
            self.message(update).await?;
            self.release(self.count).await?;
        }
    }

    async fn message(&mut self, mut update: SubscribeUpdate) -> Result<(), Over> {
        self.alter(&mut update);
        if self.plan.late_accounts > 0 {
            match &update.update_oneof {
                Some(UpdateOneof::Account(account)) => {
                    let until = account.slot + self.plan.late_accounts;
                    self.late.push((until, update));
                    return Ok(());
                }
                // All of a slot has been told when a later block comes.
                Some(UpdateOneof::Block(block)) => {
                    let slot = block.slot;
                    self.overtaken(slot).await?;
                }
                _ => {}
            }
        }
        let mut orphan = None;
        let mut may_wait = true;
        match &update.update_oneof {
            Some(UpdateOneof::Slot(slot)) => {
                let status = slot.status();
                let lost = match status {
                    SlotStatus::SlotConfirmed if self.plan.never_confirmed => true,
                    SlotStatus::SlotFinalized if self.plan.never_finalized => true,
                    SlotStatus::SlotConfirmed if self.plan.only_rooted => false,
                    SlotStatus::SlotFinalized => false,
                    _ if self.plan.only_rooted => true,
                    SlotStatus::SlotDead => false,
                    _ => self.roll(self.plan.lose_statuses),
                };
                if lost {
                    return Ok(());
                }
                if self.roll(self.plan.orphaned) {
                    let mut slot = slot.clone();
                    slot.parent = None;
                    orphan = Some(UpdateOneof::Slot(slot));
                }
            }
            Some(UpdateOneof::BlockMeta(_)) => {
                if self.roll(self.plan.lose_metas) {
                    return Ok(());
                }
            }
            Some(UpdateOneof::Block(block)) => {
                if self.plan.lose_blocks.contains(&block.slot) {
                    return Ok(());
                }
                may_wait = false;
            }
            _ => may_wait = false,
        }
        if may_wait && self.roll(self.plan.hold) {
            let until = self.count + self.rng.random_range(1..=8);
            self.held.push((until, update));
            return Ok(());
        }
        let twice = self.roll(self.plan.double).then(|| update.clone());
        let second = orphan.map(|of| SubscribeUpdate {
            update_oneof: Some(of),
            ..update.clone()
        });
        self.send(update).await?;
        for update in twice.into_iter().chain(second) {
            self.send(update).await?;
        }
        Ok(())
    }

    /// Changes blocks as the plan says.
    fn alter(&self, update: &mut SubscribeUpdate) {
        let Some(UpdateOneof::Block(block)) = &mut update.update_oneof else {
            return;
        };
        if self.plan.pad > 0 && block.slot.is_multiple_of(16) {
            let rewards = block.rewards.get_or_insert_default();
            rewards.rewards.push(Reward {
                pubkey: "1".repeat(self.plan.pad),
                ..Reward::default()
            });
        }
        if self.plan.forge.contains(&block.slot) {
            // Another hash, and one transaction less: what another node may have seen.
            block.blockhash = bs58::encode([7; 32]).into_string();
            block.transactions.pop();
        }
    }

    fn roll(&mut self, rate: u64) -> bool {
        rate > 0 && self.rng.random_range(0..1_000) < rate
    }

    /// Sends the accounts that were to wait for this block.
    async fn overtaken(&mut self, slot: u64) -> Result<(), Over> {
        let (due, late) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|(until, _)| *until < slot);
        self.late = late;
        for (_, update) in due {
            self.send(update).await?;
        }
        Ok(())
    }

    /// Sends what was held back up to a message.
    async fn release(&mut self, count: u64) -> Result<(), Over> {
        let (due, held) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|(until, _)| *until <= count);
        self.held = held;
        for (_, update) in due {
            self.send(update).await?;
        }
        Ok(())
    }

    async fn send(&self, update: SubscribeUpdate) -> Result<(), Over> {
        self.out.send(Ok(update)).await.map_err(|_| Over)
    }

    async fn end(&self, status: Option<Status>) -> Result<(), Over> {
        if let Some(status) = status {
            // A client that is gone hears nothing.
            let _ = self.out.send(Err(status)).await;
        }
        Err(Over)
    }
}

#[tonic::async_trait]
impl Geyser for Relay {
    type SubscribeStream = Updates;
    type SubscribeDeshredStream = Streaming<SubscribeUpdateDeshred>;
    type SubscribeGossipStream = Streaming<SubscribeUpdateGossip>;

    async fn subscribe(
        &self,
        request: Request<Streaming<SubscribeRequest>>,
    ) -> Answer<Self::SubscribeStream> {
        self.seen.streams.fetch_add(1, Ordering::Relaxed);
        let (plan, rng) = self.mischief.stream();
        let empty = plan.empty_replay;
        let requests = requests(
            request.into_inner(),
            move |request: &mut SubscribeRequest| {
                if empty {
                    request.from_slot = None;
                }
            },
        );
        let updates = self.behind.clone().subscribe(requests).await?.into_inner();
        let (out, receiver) = mpsc::channel(QUEUE);
        let passing = Passing {
            plan,
            rng,
            out,
            held: Vec::new(),
            late: Vec::new(),
            count: 0,
        };
        tokio::spawn(passing.run(updates, self.stop.clone()));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn subscribe_deshred(
        &self,
        request: Request<Streaming<SubscribeDeshredRequest>>,
    ) -> Answer<Self::SubscribeDeshredStream> {
        let requests = requests(request.into_inner(), |_| {});
        self.behind.clone().subscribe_deshred(requests).await
    }

    async fn subscribe_gossip(
        &self,
        request: Request<SubscribeGossipRequest>,
    ) -> Answer<Self::SubscribeGossipStream> {
        self.behind.clone().subscribe_gossip(request).await
    }

    async fn subscribe_replay_info(
        &self,
        request: Request<SubscribeReplayInfoRequest>,
    ) -> Answer<SubscribeReplayInfoResponse> {
        self.behind.clone().subscribe_replay_info(request).await
    }

    async fn ping(&self, request: Request<PingRequest>) -> Answer<PongResponse> {
        self.behind.clone().ping(request).await
    }

    async fn get_latest_blockhash(
        &self,
        request: Request<GetLatestBlockhashRequest>,
    ) -> Answer<GetLatestBlockhashResponse> {
        self.behind.clone().get_latest_blockhash(request).await
    }

    async fn get_block_height(
        &self,
        request: Request<GetBlockHeightRequest>,
    ) -> Answer<GetBlockHeightResponse> {
        self.behind.clone().get_block_height(request).await
    }

    async fn get_slot(&self, request: Request<GetSlotRequest>) -> Answer<GetSlotResponse> {
        self.behind.clone().get_slot(request).await
    }

    async fn is_blockhash_valid(
        &self,
        request: Request<IsBlockhashValidRequest>,
    ) -> Answer<IsBlockhashValidResponse> {
        self.behind.clone().is_blockhash_valid(request).await
    }

    async fn get_version(&self, request: Request<GetVersionRequest>) -> Answer<GetVersionResponse> {
        self.behind.clone().get_version(request).await
    }
}
