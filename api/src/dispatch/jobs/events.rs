//! Jobs as server-sent events, or on a socket: where they stand, as soon as it is kept. Nothing of anybody's own is told.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::Stream;
use futures::stream::unfold;
use hypernode_accounts::rights::Right;
use hypernode_dispatch::desk::{Desk, Follow, Following, Heard, JobView};
use hypernode_dispatch::ids::JobId;
use hypernode_dispatch::job::Job;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::front::{Reader, Words};
use super::super::{refuse, shape};
use super::submit::refused;
use crate::auth::{Asked, Sender};
use crate::live::{Full, PER_ADDRESS, Seat};
use crate::state::ApiState;

/// When a listener that lost its stream should ask again.
const RETRY: Duration = Duration::from_secs(3);
/// When somebody who got no place should ask again.
const AGAIN_S: u64 = 10;
/// So that neither side takes a quiet stream for a dead one.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Longest time in which a listener on a socket takes nothing.
const TAKING: Duration = Duration::from_secs(30);
/// Bytes of a frame that a listener may send: there is nothing to say.
const SOCKET_BYTES: usize = 1 << 10;
/// A stream ends after this time and the browser opens another.
const LONGEST: Duration = Duration::from_mins(30);

/// Proxies that collect answers before they pass them on must not do so here.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// One job, until it has ended. Whoever comes back and has heard its end is told that there is no more (204).
pub(crate) async fn one(
    State(state): State<ApiState>,
    Sender(from): Sender,
    reader: Reader,
    Path(id): Path<String>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Result<Response, Response> {
    const FAILURE: &str = "Failed to fetch job";
    let failed = |error| refuse::desk(&error, FAILURE);
    let id = reader.desk.job(&id).await.map_err(failed)?.id();
    let seat = state.live.seat(from).map_err(full)?;
    // Followed first, then looked at: nothing falls between.
    let following = reader.desk.watch.follow(Follow::Job(id));
    let job = reader.desk.job(&id.to_string()).await.map_err(failed)?;
    let heard = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    if job.job.is_over() && heard == Some(place(&job.job).as_str()) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let listener = Listener {
        next: Next::Greeting,
        looked: Some(job),
        is_behind: false,
        follow: Follow::Job(id),
        following,
        desk: reader.desk,
        stop: state.stop.clone(),
        end: Instant::now() + LONGEST,
        _seat: seat,
    };
    Ok(stream(listener, upgrade))
}

/// All jobs, or with `mine` those of whoever signed in.
pub(crate) async fn all(
    State(state): State<ApiState>,
    Sender(from): Sender,
    reader: Reader,
    asked: Result<Asked, Response>,
    words: Words,
    upgrade: Upgrade,
) -> Result<Response, Response> {
    let follow = match words.get("mine") {
        None | Some("false" | "0") => Follow::All,
        Some(_) => Follow::Owner(asked?.caller.own(Right::ReadJobContent)?.into()),
    };
    let seat = state.live.seat(from).map_err(full)?;
    let listener = Listener {
        next: Next::Greeting,
        looked: None,
        is_behind: false,
        follow,
        following: reader.desk.watch.follow(follow),
        desk: reader.desk,
        stop: state.stop.clone(),
        end: Instant::now() + LONGEST,
        _seat: seat,
    };
    Ok(stream(listener, upgrade))
}

pub(super) fn full(full: Full) -> Response {
    let mut response = match full {
        Full::Address => refused(
            StatusCode::TOO_MANY_REQUESTS,
            format!(
                "This address has {PER_ADDRESS} live streams open already: close one, or ask /api/jobs every few seconds instead"
            ),
        ),
        Full::All => refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many live streams are open. Ask /api/jobs every few seconds instead, or try again later".to_owned(),
        ),
    };
    response.headers_mut().insert(RETRY_AFTER, AGAIN_S.into());
    response
}

/// The stream, or the same on a socket for who asks for one.
fn stream(listener: Listener, upgrade: Upgrade) -> Response {
    if let Ok(upgrade) = upgrade {
        return upgrade
            .max_message_size(SOCKET_BYTES)
            .max_frame_size(SOCKET_BYTES)
            .on_upgrade(|socket| speak(socket, listener));
    }
    let headers = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (NO_BUFFERING, HeaderValue::from_static("no")),
    ];
    let alive = KeepAlive::new().interval(KEEP_ALIVE).text("still here");
    (headers, Sse::new(events(listener)).keep_alive(alive)).into_response()
}

/// Each event as a frame of text: `{"event","id","data"}`. What is said to us is not listened to.
async fn speak(mut socket: WebSocket, mut listener: Listener) {
    loop {
        if listener.next == Next::Over {
            break;
        }
        let frame = tokio::select! {
            heard = listener.hear() => match heard {
                Some(told) => told.frame(),
                None => break,
            },
            said = socket.recv() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
            // So that neither side takes a quiet socket for a dead one.
            () = tokio::time::sleep(KEEP_ALIVE) => Message::Ping(Bytes::new()),
        };
        // Whoever takes nothing for so long is gone.
        let sent = tokio::time::timeout(TAKING, socket.send(frame)).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
    let _ = tokio::time::timeout(TAKING, socket.send(Message::Close(None))).await;
}

/// One who listens.
struct Listener {
    next: Next,
    /// The job as it was when its listener came.
    looked: Option<JobView>,
    /// Changes of the job were missed, and it was not looked at since.
    is_behind: bool,
    follow: Follow,
    following: Following,
    desk: Arc<Desk>,
    stop: CancellationToken,
    end: Instant,
    /// Held until the stream is dropped.
    _seat: Seat,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Greeting,
    Events,
    /// The job has ended, and that was told.
    Over,
}

fn events(listener: Listener) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold(listener, async |mut listener| {
        let event = match listener.next {
            Next::Greeting => {
                listener.next = Next::Events;
                Event::default().retry(RETRY)
            }
            Next::Over => return None,
            Next::Events => listener.hear().await?.event(),
        };
        Some((Ok(event), listener))
    })
}

/// One event.
struct Told {
    name: &'static str,
    id: Option<String>,
    data: Value,
}

impl Told {
    fn event(self) -> Event {
        let event = Event::default()
            .event(self.name)
            .data(self.data.to_string());
        match self.id {
            Some(id) => event.id(id),
            None => event,
        }
    }

    fn frame(self) -> Message {
        let frame = json!({ "event": self.name, "id": self.id, "data": self.data });
        Message::Text(frame.to_string().into())
    }
}

impl Listener {
    /// What comes next. Safe to be given up on: nothing is lost by it.
    async fn hear(&mut self) -> Option<Told> {
        if let Some(job) = self.looked.take() {
            return Some(self.told(&job.job));
        }
        if let (Follow::Job(id), true) = (self.follow, self.is_behind) {
            return self.newest(id).await;
        }
        let heard = tokio::select! {
            biased;
            () = self.stop.cancelled() => return None,
            () = tokio::time::sleep_until(self.end) => return None,
            heard = self.following.next() => heard?,
        };
        match (heard, self.follow) {
            (Heard::Change(change), _) => Some(self.told(&change.record.job)),
            (Heard::Missed, Follow::Job(id)) => {
                self.is_behind = true;
                self.newest(id).await
            }
            (Heard::Missed, _) => Some(Told {
                name: "missed",
                id: None,
                data: json!({ "message": "Some changes were missed: ask GET /api/jobs" }),
            }),
        }
    }

    /// Of one job the newest state is all there is to know.
    async fn newest(&mut self, id: JobId) -> Option<Told> {
        let job = self.desk.job(&id.to_string()).await.ok()?;
        self.is_behind = false;
        Some(self.told(&job.job))
    }

    fn told(&mut self, job: &Job) -> Told {
        if job.is_over() && matches!(self.follow, Follow::Job(_)) {
            self.next = Next::Over;
        }
        Told {
            name: "job",
            id: Some(place(job)),
            data: shape::job::change(job, self.desk.limits.decimals),
        }
    }
}

/// Which state of a job an event tells of.
fn place(job: &Job) -> String {
    format!("{}-{}", job.changed_at, job.fence)
}
