//! `GET /api/validation/live`: the figures as server-sent events, for as long as somebody listens.

mod channel;
mod told;

pub(crate) use channel::{Full, Live, PER_ADDRESS, Seat};

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use futures::stream::unfold;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::answer::FINALITY;
use crate::ask::Ask;
use crate::auth::Sender;
use crate::error::Refusal;
use crate::state::ApiState;
use told::Told;

/// When a listener that lost its stream should ask again.
const RETRY: Duration = Duration::from_secs(3);
/// When somebody who got no stream should ask again.
const AGAIN: Duration = Duration::from_secs(10);
/// A line now and then, so that neither side nor a proxy between them takes a quiet stream for a dead one.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// A stream ends after this time and the browser opens another: one that is forgotten does not keep its place for ever.
const LONGEST: Duration = Duration::from_mins(30);

/// Proxies that collect answers before they pass them on must not do so here.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Opens a stream, or says that there are too many.
pub(crate) async fn respond(
    State(state): State<ApiState>,
    Sender(from): Sender,
    ask: Ask,
) -> Response {
    let (place, told) = match state.live.listen(&state, ask.finality, from) {
        Ok(listening) => listening,
        Err(full) => return refuse(full),
    };
    let headers = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (NO_BUFFERING, HeaderValue::from_static("no")),
        (FINALITY, HeaderValue::from_static(ask.finality.as_str())),
    ];
    let events = Sse::new(events(told, state.stop.clone(), place));
    (
        headers,
        events.keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("still here")),
    )
        .into_response()
}

fn refuse(full: Full) -> Response {
    let (status, text) = match full {
        Full::Address => (
            StatusCode::TOO_MANY_REQUESTS,
            format!(
                "This address has {PER_ADDRESS} live streams open already: close one, or ask /api/metrics every few seconds instead"
            ),
        ),
        Full::All => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many live streams are open. Ask /api/metrics every few seconds instead, or try again later".to_owned(),
        ),
    };
    let mut response = Refusal::told(status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, AGAIN.as_secs().into());
    response
}

/// One listener.
struct Listener {
    greeted: bool,
    told: watch::Receiver<Option<Arc<Told>>>,
    stop: CancellationToken,
    end: Instant,
    /// Held until the stream is dropped.
    _place: Seat,
}

/// What a listener hears: how to come back, the newest event, then each one that follows. Who reads slowly misses those in
/// between, and nothing piles up.
fn events(
    told: watch::Receiver<Option<Arc<Told>>>,
    stop: CancellationToken,
    place: Seat,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let listener = Listener {
        greeted: false,
        told,
        stop,
        end: Instant::now() + LONGEST,
        _place: place,
    };
    unfold(listener, async |mut listener| {
        if !listener.greeted {
            listener.greeted = true;
            // What is known already counts as news.
            listener.told.mark_changed();
            return Some((Ok(Event::default().retry(RETRY)), listener));
        }
        loop {
            tokio::select! {
                biased;
                () = listener.stop.cancelled() => return None,
                () = tokio::time::sleep_until(listener.end) => return None,
                changed = listener.told.changed() => changed.ok()?,
            }
            let newest = listener.told.borrow_and_update().clone();
            if let Some(told) = newest {
                return Some((Ok(told.event()), listener));
            }
        }
    })
}
