//! The registry of nodes over a real store.

mod registry;
mod support;
mod tokens;
