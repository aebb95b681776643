//! A Geyser server that speaks the real protocol and does what a test's script says.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};
use yellowstone_grpc_proto::geyser::geyser_server::{Geyser, GeyserServer};
use yellowstone_grpc_proto::geyser::{
    GetBlockHeightRequest, GetBlockHeightResponse, GetLatestBlockhashRequest,
    GetLatestBlockhashResponse, GetSlotRequest, GetSlotResponse, GetVersionRequest,
    GetVersionResponse, IsBlockhashValidRequest, IsBlockhashValidResponse, PingRequest,
    PongResponse, SlotStatus, SubscribeDeshredRequest, SubscribeGossipRequest,
    SubscribeReplayInfoRequest, SubscribeReplayInfoResponse, SubscribeRequest, SubscribeUpdate,
    SubscribeUpdateBlock, SubscribeUpdateDeshred, SubscribeUpdateGossip, SubscribeUpdateSlot,
    subscribe_update::UpdateOneof,
};

/// What one connection gets.
pub(crate) enum Session {
    /// Refused at once.
    Refuse(Status),
    /// The call is never answered.
    Hang,
    /// This update again and again, at this pace.
    Every(Box<SubscribeUpdate>, Duration),
    /// These updates, then the status (`None`: silence).
    Send(Vec<SubscribeUpdate>, Option<Status>),
}

/// What one connection asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) from_slot: Option<u64>,
    pub(crate) x_token: Option<String>,
    pub(crate) request: SubscribeRequest,
}

#[derive(Clone)]
pub(crate) struct Scripted {
    sessions: Arc<Mutex<VecDeque<Session>>>,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
    pub(crate) address: SocketAddr,
}

impl Scripted {
    /// Serves one session after the other; when they run out, connections hear nothing.
    pub(crate) async fn start(sessions: Vec<Session>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let scripted = Self {
            sessions: Arc::new(Mutex::new(sessions.into())),
            asked: Arc::default(),
            address: listener.local_addr().expect("address"),
        };
        let service = GeyserServer::new(scripted.clone());
        tokio::spawn(
            Server::builder()
                .add_service(service)
                .serve_with_incoming(TcpIncoming::from(listener)),
        );
        scripted
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("lock").clone()
    }
}

#[tonic::async_trait]
impl Geyser for Scripted {
    type SubscribeStream = BoxStream<'static, Result<SubscribeUpdate, Status>>;
    type SubscribeDeshredStream = BoxStream<'static, Result<SubscribeUpdateDeshred, Status>>;
    type SubscribeGossipStream = BoxStream<'static, Result<SubscribeUpdateGossip, Status>>;

    async fn subscribe(
        &self,
        request: Request<Streaming<SubscribeRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let x_token = request
            .metadata()
            .get("x-token")
            .and_then(|token| token.to_str().ok())
            .map(str::to_owned);
        let mut requests = request.into_inner();
        let first = requests
            .next()
            .await
            .ok_or_else(|| Status::internal("no request"))??;
        self.asked.lock().expect("lock").push(Asked {
            from_slot: first.from_slot,
            x_token,
            request: first,
        });
        let session = self.sessions.lock().expect("lock").pop_front();
        let (updates, end) = match session {
            Some(Session::Refuse(status)) => return Err(status),
            Some(Session::Hang) => std::future::pending().await,
            Some(Session::Every(update, pause)) => {
                let every = stream::unfold((requests, update), move |kept| async move {
                    tokio::time::sleep(pause).await;
                    Some((Ok((*kept.1).clone()), kept))
                });
                return Ok(Response::new(every.boxed()));
            }
            Some(Session::Send(updates, end)) => (updates, end),
            None => (Vec::new(), None),
        };
        let updates = stream::iter(updates.into_iter().map(Ok));
        // The requests must be kept: dropping them would end the client's half.
        let tail = match end {
            // gRPC's own way to end well: no status follows.
            Some(status) if status.code() == tonic::Code::Ok => stream::empty().boxed(),
            Some(status) => stream::iter([Err(status)]).boxed(),
            None => stream::unfold(requests, |mut requests| async move {
                while requests.next().await.is_some() {}
                std::future::pending::<Option<(Result<SubscribeUpdate, Status>, _)>>().await
            })
            .boxed(),
        };
        Ok(Response::new(updates.chain(tail).boxed()))
    }

    async fn subscribe_replay_info(
        &self,
        _: Request<SubscribeReplayInfoRequest>,
    ) -> Result<Response<SubscribeReplayInfoResponse>, Status> {
        Ok(Response::new(SubscribeReplayInfoResponse {
            first_available: Some(u64::MAX),
        }))
    }

    async fn subscribe_deshred(
        &self,
        _: Request<Streaming<SubscribeDeshredRequest>>,
    ) -> Result<Response<Self::SubscribeDeshredStream>, Status> {
        Err(Status::unimplemented("not part of the test"))
    }

    async fn subscribe_gossip(
        &self,
        _: Request<SubscribeGossipRequest>,
    ) -> Result<Response<Self::SubscribeGossipStream>, Status> {
        Err(Status::unimplemented("not part of the test"))
    }

    async fn ping(&self, _: Request<PingRequest>) -> Result<Response<PongResponse>, Status> {
        Err(Status::unimplemented("not part of the test"))
    }

    async fn get_latest_blockhash(
        &self,
        _: Request<GetLatestBlockhashRequest>,
    ) -> Result<Response<GetLatestBlockhashResponse>, Status> {
        Err(Status::unimplemented("not part of the test"))
    }

    async fn get_block_height(
        &self,
        _: Request<GetBlockHeightRequest>,
    ) -> Result<Response<GetBlockHeightResponse>, Status> {
        Err(Status::unimplemented("not part of the test"))
    }

    async fn get_slot(
        &self,
        _: Request<GetSlotRequest>,
    ) -> Result<Response<GetSlotResponse>, Status> {
        Err(Status::unimplemented("not part of the test"))
    }

    async fn is_blockhash_valid(
        &self,
        _: Request<IsBlockhashValidRequest>,
    ) -> Result<Response<IsBlockhashValidResponse>, Status> {
        Err(Status::unimplemented("not part of the test"))
    }

    async fn get_version(
        &self,
        _: Request<GetVersionRequest>,
    ) -> Result<Response<GetVersionResponse>, Status> {
        Err(Status::unimplemented("not part of the test"))
    }
}

/// The hash that stands for a slot.
pub(crate) fn hash(slot: u64) -> String {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&slot.to_le_bytes());
    let mut text = [0; 44];
    let length = five8::encode_32(&bytes, &mut text);
    text.iter()
        .take(usize::from(length))
        .map(|byte| char::from(*byte))
        .collect()
}

pub(crate) fn wrap(update: UpdateOneof) -> SubscribeUpdate {
    SubscribeUpdate {
        filters: vec!["hypernode".into()],
        update_oneof: Some(update),
        ..Default::default()
    }
}

/// The end of a slot that is not part of the chain.
pub(crate) fn dead(slot: u64) -> SubscribeUpdate {
    wrap(UpdateOneof::Slot(SubscribeUpdateSlot {
        slot,
        status: SlotStatus::SlotDead.into(),
        ..Default::default()
    }))
}

/// An empty block and its confirmation.
pub(crate) fn block(slot: u64) -> Vec<SubscribeUpdate> {
    block_after(slot, slot - 1)
}

/// The same after another parent.
pub(crate) fn block_after(slot: u64, parent: u64) -> Vec<SubscribeUpdate> {
    vec![
        wrap(UpdateOneof::Block(SubscribeUpdateBlock {
            slot,
            parent_slot: parent,
            blockhash: hash(slot),
            parent_blockhash: hash(parent),
            executed_transaction_count: 1,
            ..Default::default()
        })),
        wrap(UpdateOneof::Slot(SubscribeUpdateSlot {
            slot,
            status: 1,
            ..Default::default()
        })),
    ]
}

pub(crate) fn blocks(slots: impl IntoIterator<Item = u64>) -> Vec<SubscribeUpdate> {
    slots.into_iter().flat_map(block).collect()
}
