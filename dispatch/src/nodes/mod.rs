//! The registry of nodes: who they are, whether they are there, and by which tokens their hosts sign on.
//!
//! All nodes are held in memory and each change of one is in the store before it is answered. Signs of life are not: they
//! are kept in memory and written now and then ([`Nodes::keep`]), so that a restart forgets a minute of them at most.
//! Sockets and HTTP share one registry.

mod beat;
mod error;
mod facts;
mod fields;
mod host;
mod index;
mod linked;
mod list;
mod live;
mod record;
mod register;
mod registry;
mod tally;
mod tokens;

pub use error::NodesError;
pub use facts::Standing;
pub use fields::Fields;
pub use linked::ProvenHost;
pub use list::{Filter, NodePage};
pub use live::{Live, Presence};
pub use record::{DEFAULT_ASK, Described, GpuSeen, Location, Node, NodeView, Route, UNKNOWN};
pub use register::{Admitted, Registered};
pub use registry::{Nodes, NodesConfig};
pub use tally::Tally;
pub use tokens::{TokenHolder, digest};
