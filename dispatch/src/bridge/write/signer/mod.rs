//! The process that holds the sender's key: it listens to nobody but its parent, signs nothing but the transactions of a
//! job, and no more of them than its caps allow.

mod book;
mod child;
mod key;
mod policy;
mod serve;

pub use book::{Book, BookError};
pub use child::{Child, ChildError};
pub use key::{KeyError, read_key};
pub use policy::{Caps, Entry, Policy, Refused};
pub use serve::{ServeError, serve};
