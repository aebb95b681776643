//! Operators: the first one, made with a one-time code; further ones, and the data team, by grant. These work on the
//! store directly, for a command line on the machine itself.

mod bootstrap;
mod grants;

pub use bootstrap::{BootstrapError, begin, claim};
pub use grants::{GrantError, Left, grant, holders, withdraw};
