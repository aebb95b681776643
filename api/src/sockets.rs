//! `/ws`, and upgrades at `/`: sockets of hosts, handed to the hub. Nothing of what is said on them is known here.

use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use futures::{Sink, SinkExt as _, Stream, StreamExt as _, future};
use hypernode_dispatch::sessions::{Heard, Hub, NoSeat, Seat, Sent};

use crate::ask::Ask;
use crate::auth::Sender;
use crate::error::Refusal;
use crate::page;
use crate::state::ApiState;

/// Bytes that are read of a socket at a time: most frames are small, and each socket has such a buffer.
const READ: usize = 2 << 10;
/// Bytes that are collected before they are written: every frame is sent at once.
const WRITE: usize = 0;
/// Bytes of one frame of ours beyond the largest that we read: a job with its input.
const OURS: usize = 1 << 20;
/// When somebody who got no socket should ask again, in seconds.
const AGAIN: &str = "10";

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// `GET /`: a socket for who asks for one, the page for everybody else.
pub(crate) async fn root(
    state: State<ApiState>,
    sender: Sender,
    upgrade: Upgrade,
    ask: Ask,
    query: Result<Query<page::Asked>, QueryRejection>,
) -> Response {
    match (upgrade, state.hub.clone()) {
        (Ok(upgrade), Some(hub)) => open(upgrade, &hub, sender),
        _ => page::respond(state, ask, query).await,
    }
}

/// `GET /ws`.
pub(crate) async fn respond(
    State(state): State<ApiState>,
    sender: Sender,
    upgrade: Upgrade,
) -> Response {
    match (upgrade, &state.hub) {
        (Ok(upgrade), Some(hub)) => open(upgrade, hub, sender),
        (_, None) => {
            let text = "This instance does not dispatch jobs: start it with the role `dispatch`";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
        (Err(_), _) => {
            let text = "This is a WebSocket: connect with ws:// or wss://";
            Refusal::new(StatusCode::UPGRADE_REQUIRED, text).into_response()
        }
    }
}

fn open(upgrade: WebSocketUpgrade, hub: &Hub, Sender(from): Sender) -> Response {
    let seat = match hub.seat(from) {
        Ok(seat) => seat,
        Err(full) => return refuse(full),
    };
    let most = hub.config().frame_bytes as usize;
    let hub = hub.clone();
    upgrade
        .max_message_size(most)
        .max_frame_size(most)
        .read_buffer_size(READ)
        .write_buffer_size(WRITE)
        .max_write_buffer_size(most.max(OURS) + (1 << 20))
        .on_upgrade(move |socket| drive(socket, hub, seat))
}

fn refuse(full: NoSeat) -> Response {
    let status = match full {
        NoSeat::OfAddress(_) => StatusCode::TOO_MANY_REQUESTS,
        NoSeat::OfAll(_) | NoSeat::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    };
    (
        [(RETRY_AFTER, AGAIN)],
        Refusal::told(status, full.to_string()),
    )
        .into_response()
}

async fn drive(socket: WebSocket, hub: Hub, seat: Seat) {
    let (out, incoming) = socket.split();
    let close = hub.run(seat, heard(incoming), Box::pin(sent(out))).await;
    tracing::debug!(?close, "a host's socket has ended");
}

/// Frames as they come. Binary ones are read as text: some libraries send nothing else.
fn heard(
    incoming: impl Stream<Item = Result<Message, axum::Error>> + Unpin,
) -> impl Stream<Item = Heard> + Unpin {
    let frames = incoming.map(|message| match message {
        Ok(Message::Text(text)) => Some(Heard::Frame(text.into())),
        Ok(Message::Binary(bytes)) => Some(Heard::Frame(bytes)),
        Ok(Message::Ping(_) | Message::Pong(_)) => Some(Heard::Alive),
        Ok(Message::Close(_)) => None,
        // What lies beyond the limits cannot be read past; everything else is the end of the connection.
        Err(error) if error.to_string().contains("too long") => Some(Heard::TooLong),
        Err(_) => None,
    });
    frames
        .take_while(|heard| future::ready(heard.is_some()))
        .filter_map(future::ready)
}

fn sent(out: impl Sink<Message, Error = axum::Error>) -> impl Sink<Sent, Error = axum::Error> {
    out.with(|sent| {
        future::ready(Ok(match sent {
            Sent::Text(text) => Message::Text(text.into()),
            Sent::Close(code, reason) => Message::Close(Some(CloseFrame {
                code,
                reason: reason.into(),
            })),
        }))
    })
}
