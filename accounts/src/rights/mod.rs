//! Who may do what. Pure, one table; whoever changes state asks [`Principal::may`] first.

mod principal;
mod role;
mod scope;
mod table;

pub use principal::{Denied, Owner, Principal, Who};
pub use role::{Role, Roles};
pub use scope::{Scope, Scopes, UnknownScope};
pub use table::{Right, Rule};
