//! A Geyser server on the loopback interface that sends what was encoded beforehand, and nothing else.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{BufMut as _, Bytes};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _};
use prost::Message as _;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService, StreamingService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};
use yellowstone_grpc_proto::geyser::SubscribeRequest;

use super::BenchError;
use crate::geyser::Wire;

/// Every subscription gets these updates from the first on, then silence.
#[derive(Debug, Clone)]
pub(super) struct Feed {
    updates: Arc<[Bytes]>,
}

impl Feed {
    /// Serves encoded updates at a free port until the process ends.
    pub(super) async fn serve(updates: Vec<Bytes>) -> Result<SocketAddr, BenchError> {
        let setup = |error: std::io::Error| BenchError::Setup(format!("loopback server: {error}"));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(setup)?;
        let address = listener.local_addr().map_err(setup)?;
        let feed = Self {
            updates: updates.into(),
        };
        tokio::spawn(
            Server::builder()
                .tcp_nodelay(true)
                .add_service(feed)
                .serve_with_incoming(TcpIncoming::from(listener)),
        );
        Ok(address)
    }
}

impl NamedService for Feed {
    const NAME: &'static str = "geyser.Geyser";
}

impl Service<http::Request<Body>> for Feed {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let feed = self.clone();
        async move { Ok(Grpc::new(ENCODED).streaming(feed, request).await) }.boxed()
    }
}

impl StreamingService<SubscribeRequest> for Feed {
    type Response = Bytes;
    type ResponseStream = BoxStream<'static, Result<Bytes, Status>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<SubscribeRequest>>) -> Self::Future {
        let updates = Arc::clone(&self.updates);
        let sent = stream::unfold(0, move |next| {
            let update = updates.get(next).cloned();
            async move { update.map(|update| (Ok(update), next + 1)) }
        });
        // The client's half stays open: dropping it would end the stream.
        let silence = request.into_inner().filter_map(|_| async { None });
        async move { Ok(Response::new(sent.chain(silence).boxed())) }.boxed()
    }
}

/// Messages as they are; requests are read and not looked at.
const ENCODED: Wire<Bytes, SubscribeRequest> = Wire {
    encode: |update, out| {
        out.put(update);
        Ok(())
    },
    decode: |source| {
        SubscribeRequest::decode(source).map_err(|error| Status::internal(error.to_string()))
    },
};
