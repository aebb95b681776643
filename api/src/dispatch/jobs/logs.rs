//! What a job that runs has written and how far it is, and what is kept of it when it has ended: for whoever sees its content.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::Stream;
use futures::stream::unfold;
use hypernode_accounts::rights::Right;
use hypernode_dispatch::desk::{Desk, JobView};
use hypernode_dispatch::job::State as JobState;
use hypernode_dispatch::sessions::{Hub, Piece, Tail};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::front::{desk, owner_of};
use super::super::refuse;
use super::events::full;
use crate::auth::{Asked, Sender};
use crate::live::Seat;
use crate::state::ApiState;

const FAILURE: &str = "Failed to fetch logs";
/// A stream ends after this time and is asked for again: whoever may see it no longer is told no more then.
const LONGEST: Duration = Duration::from_mins(1);
/// When a listener that lost its stream should ask again.
const RETRY: Duration = Duration::from_secs(3);
/// So that neither side takes a quiet stream for a dead one.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The last of what a job wrote; as server-sent events for who asks for those, until it has ended.
pub(crate) async fn one(
    State(state): State<ApiState>,
    Sender(from): Sender,
    asked: Asked,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    asked.caller.could(Right::ReadJobContent)?;
    let desk = desk(&state)?;
    let job = desk.job(&id).await;
    let job = job.map_err(|error| refuse::desk(&error, FAILURE))?;
    let owner = owner_of(&desk, &job);
    asked.caller.may(Right::ReadJobContent, Some(&owner))?;
    let accepts = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    if !accepts.is_some_and(|accept| accept.contains("text/event-stream")) {
        let tail = state.hub.as_ref().and_then(|hub| running(hub, &job));
        return Ok(told(&job, tail));
    }
    let heard = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    if job.job.is_over() && heard == Some(end_of(&job).as_str()) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let seat = state.live.seat(from).map_err(full)?;
    let stop = state.stop.clone();
    let mut listener = Listener::new(job, heard, desk, stop, seat);
    if let Some(hub) = &state.hub {
        listener.follow(hub).await;
    }
    let headers = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (NO_BUFFERING, HeaderValue::from_static("no")),
    ];
    let alive = KeepAlive::new().interval(KEEP_ALIVE).text("still here");
    Ok((headers, Sse::new(events(listener)).keep_alive(alive)).into_response())
}

/// What a job that runs has told so far.
pub(super) fn running(hub: &Hub, job: &JobView) -> Option<Tail> {
    let runs = matches!(job.job.state, JobState::Leased(_));
    hub.logs().tail(job.id()).filter(|_| runs)
}

/// Lines as the old Backend shows them.
pub(super) fn lines(tail: &Tail) -> Vec<String> {
    let texts = tail.output.iter().filter_map(|piece| match piece {
        Piece::Output { text, .. } => Some(text.as_str()),
        _ => None,
    });
    let text: String = texts.collect();
    text.lines().map(str::to_owned).collect()
}

/// How far it is.
pub(super) fn progress(tail: &Tail) -> Option<Value> {
    let (permille, message) = tail.progress.as_ref()?;
    Some(json!({ "permille": permille, "message": message }))
}

fn told(job: &JobView, tail: Option<Tail>) -> Response {
    let live = tail.is_some();
    let kept = job.outcome.as_ref().filter(|_| !live);
    let tail = tail.unwrap_or_default();
    let mut output: Vec<Value> = tail.output.iter().filter_map(output).collect();
    if let Some(kept) = kept.filter(|kept| !kept.logs.is_empty()) {
        output.push(json!({ "seq": 0, "stream": "stdout", "text": kept.logs, "cut": false }));
    }
    let body = json!({
        "success": true,
        "jobId": job.id().to_string(),
        "status": job.status(),
        "attempt": job.job.fence,
        "live": live,
        "progress": progress(&tail),
        "output": output,
        "cut": tail.cut || kept.is_some_and(|kept| kept.logs_cut),
    });
    let headers = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (headers, Json(body)).into_response()
}

fn output(piece: &Piece) -> Option<Value> {
    match piece {
        Piece::Output {
            stderr,
            text,
            cut,
            seq,
        } => {
            let stream = if *stderr { "stderr" } else { "stdout" };
            Some(json!({ "seq": seq, "stream": stream, "text": text, "cut": cut }))
        }
        _ => None,
    }
}

/// By which a listener that heard of the job's end is known.
fn end_of(job: &JobView) -> String {
    format!("{}-end", job.job.fence)
}

/// One who listens to a run.
struct Listener {
    job: JobView,
    desk: Arc<Desk>,
    stop: CancellationToken,
    end: Instant,
    /// What it has not been told yet, in order.
    first: std::collections::VecDeque<Event>,
    live: Option<Receiver<Arc<Piece>>>,
    /// Pieces up to this one were heard before.
    heard: Option<u64>,
    is_over: bool,
    _seat: Seat,
}

impl Listener {
    fn new(
        job: JobView,
        heard: Option<&str>,
        desk: Arc<Desk>,
        stop: CancellationToken,
        seat: Seat,
    ) -> Self {
        // Numbers of another attempt say nothing of this one.
        let of_attempt = heard.and_then(|id| id.split_once('-'));
        let heard = of_attempt
            .filter(|(fence, _)| fence.parse() == Ok(job.job.fence))
            .and_then(|(_, seq)| seq.parse().ok());
        Self {
            job,
            desk,
            stop,
            end: Instant::now() + LONGEST,
            first: [Event::default().retry(RETRY)].into(),
            live: None,
            heard,
            is_over: false,
            _seat: seat,
        }
    }

    /// Followed first, then looked at again: nothing falls between, and no room is kept for a run that is over.
    async fn follow(&mut self, hub: &Hub) {
        let JobState::Leased(lease) = self.job.job.state else {
            return;
        };
        let Some(node) = self.desk.nodes.get(lease.node) else {
            return;
        };
        let id = self.job.id();
        let (tail, live) = hub.logs().follow(id, node.node.id);
        let now = self.desk.job(&id.to_string()).await;
        let fence = self.job.job.fence;
        let runs =
            |job: &JobView| matches!(job.job.state, JobState::Leased(_)) && job.job.fence == fence;
        if !now.is_ok_and(|job| runs(&job)) {
            drop(live);
            hub.logs().leave(id);
            return;
        }
        if let Some(progress) = progress(&tail) {
            self.first.push_back(event("progress", &progress));
        }
        for piece in &tail.output {
            let told = self.told(piece);
            self.first.extend(told);
        }
        self.live = Some(live);
    }

    /// What a listener is told of a piece that it has not heard.
    fn told(&self, piece: &Piece) -> Option<Event> {
        match piece {
            Piece::Output { seq, .. } if self.heard.is_some_and(|heard| *seq <= heard) => None,
            Piece::Output { seq, .. } => {
                let told = output(piece)?;
                let id = format!("{}-{seq}", self.job.job.fence);
                Some(event("output", &told).id(id))
            }
            Piece::Progress { permille, message } => {
                let told = json!({ "permille": permille, "message": message });
                Some(event("progress", &told))
            }
            Piece::Ended => None,
        }
    }

    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.first.pop_front() {
            return Some(event);
        }
        if self.is_over {
            return None;
        }
        while let Some(live) = &mut self.live {
            let heard = tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                () = tokio::time::sleep_until(self.end) => return None,
                heard = live.recv() => heard,
            };
            match heard {
                Ok(piece) if *piece == Piece::Ended => self.live = None,
                Ok(piece) => {
                    if let Some(event) = self.told(&piece) {
                        return Some(event);
                    }
                }
                Err(RecvError::Lagged(missed)) => {
                    return Some(event("missed", &json!({ "pieces": missed })));
                }
                Err(RecvError::Closed) => self.live = None,
            }
        }
        self.is_over = true;
        let job = self.desk.job(&self.job.id().to_string()).await.ok()?;
        Some(event("end", &json!({ "status": job.status() })).id(end_of(&job)))
    }
}

fn event(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}

fn events(listener: Listener) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold(listener, async |mut listener| {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    })
}
