//! One connection: the protocol's own calls, but updates as they come off the wire.
//!
//! A block is passed on in its encoding, for [`crate::convert::block_from_wire`] to read on another thread; decoding it
//! here kept the receiver busier than the network. All other kinds are small and decoded at once.

use std::time::Duration;

use bytes::{Buf as _, Bytes};
use futures::channel::mpsc;
use prost::Message as _;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, ClientTlsConfig};
use tonic::{Request, Status, Streaming};
use yellowstone_grpc_client::{GeyserGrpcClient, InterceptorXToken};
use yellowstone_grpc_proto::geyser::geyser_client::GeyserClient;
use yellowstone_grpc_proto::geyser::{
    SubscribeReplayInfoRequest, SubscribeRequest, SubscribeUpdate,
};

use super::codec::Wire;
use super::failure::Failure;
use super::{GeyserError, Server};
use crate::convert::{self, ConvertError, block_in};
use crate::recording::MAX_MESSAGE;
use crate::slots::Input;

/// An update of the stream.
#[derive(Debug, Clone)]
pub enum Update {
    /// A block: the encoded `SubscribeUpdateBlock`.
    Block(Bytes),
    /// Anything else.
    Other(Box<SubscribeUpdate>),
}

impl Update {
    /// Sorts an encoded `SubscribeUpdate`.
    ///
    /// # Errors
    /// When the bytes are no such message.
    pub fn from_wire(bytes: &Bytes) -> Result<Self, prost::DecodeError> {
        match block_in(bytes) {
            Some(block) => Ok(Self::Block(bytes.slice_ref(block))),
            None => Ok(Self::Other(Box::new(SubscribeUpdate::decode(&**bytes)?))),
        }
    }

    /// What it means for the slot machine: as [`convert::update`], whatever the kind.
    ///
    /// # Errors
    /// As [`convert::update`] and [`convert::block_from_wire`].
    pub fn convert(self) -> Result<(Option<Input>, u64), ConvertError> {
        match self {
            Self::Block(bytes) => convert::block_from_wire(&bytes)
                .map(|(block, malformed)| (Some(Input::Block(Box::new(block))), malformed)),
            Self::Other(update) => convert::update(*update),
        }
    }

    /// Bytes on the wire.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Block(bytes) => bytes.len(),
            Self::Other(update) => update.encoded_len(),
        }
    }
}

/// A channel to the server with the token for each call.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) channel: Channel,
    pub(super) token: InterceptorXToken,
}

impl Connection {
    /// Connects to the server, over TLS where the address says so.
    pub(super) async fn open(server: &Server) -> Result<Self, Failure> {
        let url = || server.url.clone();
        let invalid = |reason: String| Failure::Fatal(GeyserError::Url { url: url(), reason });
        let mut builder = GeyserGrpcClient::build_from_shared(url())
            .map_err(|error| invalid(error.to_string()))?
            .x_token(server.x_token.clone())
            .map_err(|_| Failure::Fatal(GeyserError::Token))?
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(Duration::from_secs(15))
            .keep_alive_timeout(Duration::from_secs(10))
            .keep_alive_while_idle(true)
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_secs(10));
        if server.url.starts_with("https:") {
            builder = builder
                .tls_config(ClientTlsConfig::new().with_native_roots())
                .map_err(|error| invalid(error.to_string()))?;
        }
        let token = InterceptorXToken {
            x_token: builder.x_token.take(),
            x_request_snapshot: false,
        };
        let channel = builder.endpoint.connect().await.map_err(|error| {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(next) = cause {
                text = format!("{text}: {next}");
                cause = next.source();
            }
            Failure::Retry(text)
        })?;
        Ok(Self { channel, token })
    }

    /// Opens the subscription: where further requests go, and what comes.
    pub(super) async fn subscribe(
        &self,
        request: SubscribeRequest,
    ) -> Result<(mpsc::Sender<SubscribeRequest>, Streaming<Update>), Status> {
        let service = InterceptedService::new(self.channel.clone(), self.token.clone());
        let mut grpc = Grpc::new(service).max_decoding_message_size(MAX_MESSAGE);
        grpc.ready()
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let (mut sender, requests) = mpsc::channel(16);
        sender
            .try_send(request)
            .map_err(|error| Status::internal(error.to_string()))?;
        let path = PathAndQuery::from_static("/geyser.Geyser/Subscribe");
        let answer = grpc
            .streaming(Request::new(requests), path, UPDATES)
            .await?;
        Ok((sender, answer.into_inner()))
    }

    /// First slot that the server can replay.
    pub(super) async fn replay_info(&self) -> Result<Option<u64>, Status> {
        let mut client = GeyserClient::with_interceptor(self.channel.clone(), self.token.clone());
        let answer = client
            .subscribe_replay_info(SubscribeReplayInfoRequest {})
            .await?;
        Ok(answer.into_inner().first_available)
    }
}

/// Requests in protobuf, updates sorted by kind.
const UPDATES: Wire<SubscribeRequest, Update> = Wire {
    encode: |request, out| {
        let error = |error: prost::EncodeError| Status::internal(error.to_string());
        request.encode(out).map_err(error)
    },
    decode: |source| {
        // The receive buffer's own memory: nothing is copied.
        let bytes = source.copy_to_bytes(source.remaining());
        Update::from_wire(&bytes)
            .map_err(|error| Status::internal(format!("an update cannot be read: {error}")))
    },
};
