//! HTTP over the analytics: routes, shapes that clients in the field call, the page. No figure is computed here.
#![forbid(unsafe_code)]
#![allow(
    clippy::result_large_err,
    reason = "a refusal is the response itself, made once a request and never deep in a call chain"
)]

mod answer;
mod arriving;
mod ask;
mod auth;
mod bare;
mod cache;
mod chain_input;
mod clock;
mod dashboards;
mod dispatch;
mod error;
mod figures;
mod guard;
mod html;
mod index;
mod listen;
mod live;
mod measure;
mod network;
mod page;
mod paper;
mod posted;
mod reputation;
mod roots;
mod router;
mod shapes;
mod sockets;
mod standing;
mod state;
mod transaction_page;

pub use auth::{Access, Origins};
pub use bare::Silent;
pub use listen::{Tls, TlsError, serve};
pub use network::{IndexedProgram, NetworkInfo, ProgramIds};
pub use posted::Posting;
pub use router::{paths, router, written_paths};
pub use state::{ApiState, Report};
