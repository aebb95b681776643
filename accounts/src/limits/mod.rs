//! How much anybody may ask for: token buckets by key, wallet or address, with bounded memory.

mod address;
mod class;
mod gcra;
mod key;
mod limiter;

pub use address::{ClientAddress, Forwarding, NotAnAddress, TrustedProxies};
pub use class::{Class, Rates};
pub use gcra::{Rate, RateError, Verdict};
pub use key::LimitKey;
pub use limiter::{Limiter, PLACES};
