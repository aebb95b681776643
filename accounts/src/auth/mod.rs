//! From what a caller sends to who it is, quickly.
//!
//! What was looked up is kept for as long as the store says that nothing about accounts has changed
//! (`AccountsVersion`, asked for at least once a second): a change in another process is seen within a second, one in
//! this process at once. Memory is bounded, whatever callers send.

mod authenticator;
mod cache;
mod lookup;
mod touches;

pub use authenticator::{Authenticator, FRESH_MS, PLACES, Unauthenticated};
