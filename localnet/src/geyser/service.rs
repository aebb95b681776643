//! The Geyser service: the subscription and the small questions beside it.

use std::str::FromStr;

use futures::Stream;
use solana_sdk::pubkey::Pubkey;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{Request, Response, Status, Streaming};
use yellowstone_grpc_proto::prelude::{
    CommitmentLevel, GetBlockHeightRequest, GetBlockHeightResponse, GetLatestBlockhashRequest,
    GetLatestBlockhashResponse, GetSlotRequest, GetSlotResponse, GetVersionRequest,
    GetVersionResponse, IsBlockhashValidRequest, IsBlockhashValidResponse, PingRequest,
    PongResponse, SubscribeDeshredRequest, SubscribeGossipRequest, SubscribeReplayInfoRequest,
    SubscribeReplayInfoResponse, SubscribeRequest, geyser_server::Geyser,
};

use super::{
    Replay, deshred,
    follow::Follower,
    gossip,
    outbox::{Limits, Updates, outbox},
};
use crate::{
    chain::{BLOCKHASH_LIFE, Chain, Chaos, Commitment, Header},
    error::LocalnetError,
};

/// Subscriptions that may run at once.
const MAX_SUBSCRIPTIONS: usize = 64;

#[derive(Debug)]
pub(super) struct Service {
    pub(super) chain: Chain,
    pub(super) replay: Replay,
    pub(super) chaos: Option<Chaos>,
    pub(super) accounts: bool,
    pub(super) limits: Limits,
    pub(super) shutdown: CancellationToken,
    pub(super) tasks: TaskTracker,
}

type Answer<T> = Result<Response<T>, Status>;

fn level(asked: Option<i32>) -> Result<Commitment, Status> {
    match asked.map(CommitmentLevel::try_from) {
        None | Some(Ok(CommitmentLevel::Processed)) => Ok(Commitment::Processed),
        Some(Ok(CommitmentLevel::Confirmed)) => Ok(Commitment::Confirmed),
        Some(Ok(CommitmentLevel::Finalized)) => Ok(Commitment::Finalized),
        Some(Err(_)) => Err(Status::invalid_argument("no such commitment level")),
    }
}

fn internal(error: &LocalnetError) -> Status {
    Status::internal(error.to_string())
}

impl Service {
    /// Begins a subscription.
    fn follow(
        &self,
        requests: impl Stream<Item = Result<SubscribeRequest, Status>> + Send + Unpin + 'static,
    ) -> Result<Updates, Status> {
        if self.tasks.len() >= MAX_SUBSCRIPTIONS {
            let text = format!("{MAX_SUBSCRIPTIONS} subscriptions run already");
            return Err(Status::resource_exhausted(text));
        }
        let (outbox, updates) = outbox(self.limits);
        let follower = Follower {
            chain: self.chain.clone(),
            outbox,
            replay: self.replay,
            chaos: self.chaos.clone(),
            accounts: self.accounts,
            shutdown: self.shutdown.clone(),
        };
        self.tasks.spawn(follower.run(requests));
        Ok(updates)
    }

    /// The newest slot at a level.
    fn slot(&self, asked: Option<i32>) -> Result<u64, Status> {
        let level = level(asked)?;
        let reader = self.chain.reader().map_err(|e| internal(&e))?;
        self.chain.newest(&reader, level).map_err(|e| internal(&e))
    }

    /// The newest header at a level.
    fn header(&self, asked: Option<i32>) -> Result<(u64, Header), Status> {
        let level = level(asked)?;
        let reader = self.chain.reader().map_err(|e| internal(&e))?;
        let slot = reader.at(level).map_err(|e| internal(&e))?;
        let header = reader.header(slot).map_err(|e| internal(&e))?;
        header
            .map(|header| (slot, header))
            .ok_or_else(|| Status::internal("block is not available yet"))
    }
}

#[tonic::async_trait]
impl Geyser for Service {
    type SubscribeStream = Updates;
    type SubscribeDeshredStream = deshred::Updates;
    type SubscribeGossipStream = gossip::Updates;

    async fn subscribe(
        &self,
        request: Request<Streaming<SubscribeRequest>>,
    ) -> Answer<Self::SubscribeStream> {
        let updates = self.follow(request.into_inner())?;
        Ok(Response::new(updates))
    }

    async fn subscribe_deshred(
        &self,
        request: Request<Streaming<SubscribeDeshredRequest>>,
    ) -> Answer<Self::SubscribeDeshredStream> {
        let updates = self.follow(deshred::requests(request.into_inner()))?;
        Ok(Response::new(deshred::updates(updates)))
    }

    async fn subscribe_gossip(
        &self,
        _: Request<SubscribeGossipRequest>,
    ) -> Answer<Self::SubscribeGossipStream> {
        let genesis = self.chain.genesis().hash;
        Ok(Response::new(gossip::updates(
            genesis,
            self.shutdown.clone(),
        )))
    }

    async fn subscribe_replay_info(
        &self,
        _: Request<SubscribeReplayInfoRequest>,
    ) -> Answer<SubscribeReplayInfoResponse> {
        // The plugin's number for "nothing yet" is the largest one.
        let first = self.replay.first(&self.chain.start());
        let first_available = (self.replay.slots > 0).then_some(first.unwrap_or(u64::MAX));
        Ok(Response::new(SubscribeReplayInfoResponse {
            first_available,
        }))
    }

    async fn ping(&self, request: Request<PingRequest>) -> Answer<PongResponse> {
        Ok(Response::new(PongResponse {
            count: request.get_ref().count,
        }))
    }

    async fn get_latest_blockhash(
        &self,
        request: Request<GetLatestBlockhashRequest>,
    ) -> Answer<GetLatestBlockhashResponse> {
        let (slot, header) = self.header(request.get_ref().commitment)?;
        Ok(Response::new(GetLatestBlockhashResponse {
            slot,
            blockhash: Pubkey::new_from_array(header.blockhash).to_string(),
            last_valid_block_height: header.height + BLOCKHASH_LIFE as u64,
        }))
    }

    async fn get_block_height(
        &self,
        request: Request<GetBlockHeightRequest>,
    ) -> Answer<GetBlockHeightResponse> {
        let (_, header) = self.header(request.get_ref().commitment)?;
        Ok(Response::new(GetBlockHeightResponse {
            block_height: header.height,
        }))
    }

    async fn get_slot(&self, request: Request<GetSlotRequest>) -> Answer<GetSlotResponse> {
        let slot = self.slot(request.get_ref().commitment)?;
        Ok(Response::new(GetSlotResponse { slot }))
    }

    async fn is_blockhash_valid(
        &self,
        request: Request<IsBlockhashValidRequest>,
    ) -> Answer<IsBlockhashValidResponse> {
        let request = request.get_ref();
        let slot = self.slot(request.commitment)?;
        let blockhash = Pubkey::from_str(&request.blockhash)
            .map_err(|_| Status::invalid_argument("blockhash is not 32 bytes in base58"))?;
        let valid = self.chain.is_recent(&blockhash.to_bytes());
        Ok(Response::new(IsBlockhashValidResponse { slot, valid }))
    }

    async fn get_version(&self, _: Request<GetVersionRequest>) -> Answer<GetVersionResponse> {
        let version = serde_json::json!({
            "package": "hypernode-localnet",
            "version": env!("CARGO_PKG_VERSION"),
            "proto": "14.0.1",
            "solana": crate::SOLANA_VERSION,
        });
        Ok(Response::new(GetVersionResponse {
            version: version.to_string(),
        }))
    }
}
