//! HTTP over the analytics: routes, shapes that clients in the field call, the page. No figure is computed here.
#![forbid(unsafe_code)]

mod answer;
mod ask;
mod cache;
mod dashboards;
mod error;
mod figures;
mod guard;
mod html;
mod index;
mod live;
mod network;
mod page;
mod posted;
mod reputation;
mod roots;
mod router;
mod serve;
mod shapes;
mod standing;
mod state;
mod transaction_page;

pub use network::{IndexedProgram, NetworkInfo, ProgramIds};
pub use posted::Posting;
pub use router::{paths, router, written_paths};
pub use serve::serve;
pub use state::{ApiState, Report};
