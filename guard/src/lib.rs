//! The one guarded outbound connector: whatever calls an address that a stranger gave goes through it.
//!
//! A stranger's URL may spell an inner address in a hundred ways, may name a host whose answer changes between two
//! lookups, and may lead to a server that never ends. So nothing else in the product opens a socket to such an address.
//!
//! # Use
//! ```ignore
//! // Once, at start: what may be called, how long and how much, what is trusted.
//! let connector = Connector::system(Policy::public().https_only(), Limits::default(), Concurrency::default())?;
//!
//! // When a URL is registered: no network is touched, the error's text is for its owner.
//! connector.check("https://hooks.example.org/hypernode")?;
//!
//! // A delivery: an answer that is too long is an error.
//! let request = Request::post(url, payload).header("content-type", "application/json")?;
//! let answer = connector.call(&request).await?;
//! if answer.status.is_success() { /* delivered */ }
//!
//! // An uptime check: the first bytes are enough.
//! let request = Request::get(url).overflow(Overflow::Truncate);
//! let answer = connector.with_limits(short).call(&request).await?;
//! ```
//! [`CallError::is_lasting`] tells a refusal that only its owner can mend from a failure that may pass.
//!
//! # What holds
//! 1. No byte is sent, and no connection opened, to an address that [`judge`] refuses; only global unicast passes. The one
//!    exception is a loopback address and port listed by [`Policy::except_loopback`], for the host name listed with it.
//! 2. A name is resolved once for each call. Every address of the answer is judged, one refused address refuses the
//!    name, and the socket is opened to a judged address: a second lookup that could answer otherwise does not exist.
//! 3. The URL that is called is the one that was judged: one parse, one normal form, no redirect followed, no proxy, no
//!    second attempt at another place. Redirects (3xx) are answers.
//! 4. Every wait ends: each stage has a limit, all together have a deadline. Every size is bounded: URL, headers and
//!    body in both directions, addresses of a name, calls at a time by host, by address and in all.
//! 5. Bodies are bytes as they came: nothing is decompressed, nothing is kept for the next call (no cookies, no
//!    connection, no TLS session, so that certificates are verified each time).
//! 6. Errors name the stage and the reason, never an address that a lookup found. `Debug` of requests and targets leaves
//!    out paths, headers and bodies: webhook URLs carry secrets.
//!
//! `ADDRESSES.md` lists the forms that were tried, each with its verdict; a test keeps it true.
#![forbid(unsafe_code)]

pub mod address;
mod answer;
mod clock;
mod connector;
mod dial;
mod error;
mod exchange;
mod limits;
mod places;
mod policy;
mod request;
mod resolve;
pub mod target;
mod tls;

pub use address::{Form, Range, Refused, judge};
pub use answer::{Answer, Timings};
pub use bytes::Bytes;
pub use connector::Connector;
pub use error::{BuildError, CallError, HttpError, Stage};
pub use hyper::header::HeaderMap;
pub use hyper::{Method, StatusCode};
pub use ipnet::IpNet;
pub use limits::{Concurrency, Limits, Overflow};
pub use places::Scope;
pub use policy::{ExceptionError, Policy};
pub use request::{MOST_HEADER_BYTES, MOST_HEADERS, Request, RequestError};
pub use resolve::{Lookup, Resolver, SystemResolver};
pub use target::{Host, NameError, Ports, Target, TargetError};
pub use tls::{Roots, TlsError};
