//! Whether a request's body is still awaited: what its sender does not send must not be told as a slow answer of ours.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use hyper::body::{Body as _, Frame, SizeHint};

/// Tells of one body.
#[derive(Debug, Default, Clone)]
pub(crate) struct Arriving(Arc<AtomicBool>);

impl Arriving {
    /// Whether somebody asked for more of the body, and it has not come.
    pub(crate) fn is_awaited(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The request with a body that is watched.
pub(crate) fn watched(request: Request) -> (Request, Arriving) {
    let arriving = Arriving::default();
    if request.body().is_end_stream() {
        return (request, arriving);
    }
    let watch = arriving.clone();
    let request = request.map(|body| Body::new(Watched { body, watch }));
    (request, arriving)
}

struct Watched {
    body: Body,
    watch: Arriving,
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.watch.0.store(polled.is_pending(), Ordering::Relaxed);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
