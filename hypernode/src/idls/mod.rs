//! IDL files: their names, where they come from, what is wrong with them, and when they change.

pub(crate) mod check;
mod name;
pub(crate) mod native;
pub(crate) mod onchain;
mod sources;
mod watch;

pub(crate) use check::{Found, Refusal};
pub(crate) use name::{IdlName, check_label};
pub(crate) use sources::{Sources, Versions, folder, insert, list, own_folder};
pub(crate) use watch::Watch;
