//! Hosts on sockets, in every dialect.
//!
//! ```text
//! socket ── bytes ──▶ Driver ── frames ──▶ Session (no socket, no clock, no store)
//! socket ◀── text ─── Driver ◀── acts ──── Session
//!                       │
//!          Hub: who is here · Nodes: who they are · Center: the dispatcher of now
//! ```
//! [`Hub::run`] drives one socket from its first frame to its end, over anything that gives bytes and takes text. A node
//! has one connection at a time; when it breaks, the node has a few seconds to come back before its jobs go to others.

mod act;
mod bucket;
mod config;
mod driver;
mod enter;
mod entry;
mod grace;
mod hub;
mod live;
mod logs;
mod perform;
mod request;
mod result;
mod seats;
mod session;
mod test_job;
mod tie;
mod told;
mod work;

pub use act::{Act, Close, End, Enter};
pub use config::SessionsConfig;
pub use hub::{Heard, Hub, HubSetup, Hubbub, Sent, SignError, StandingOf};
pub use logs::{Logs, Piece, Tail};
pub use seats::{NoSeat, Seat};
pub use session::{Here, Session};
pub use test_job::TEST;
pub use work::Work;
