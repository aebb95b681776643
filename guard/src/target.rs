//! What a URL means once and for all: scheme, host, port, path, in one normal form.
//!
//! The host is read as browsers read it (WHATWG), so that decimal, octal, hexadecimal and short IPv4 spellings, full-width
//! characters, percent-encoding and the dots of IDNA end up as the address or name that they stand for, and are judged as
//! that. Spellings on which readers disagree (backslashes, control characters, one slash or three) are refused.

mod name;
mod ports;

use std::fmt;
use std::net::IpAddr;

use hyper::http::uri::PathAndQuery;
use url::Url;

pub use name::{NameError, RESERVED};
pub use ports::{DENIED, Ports};

use crate::address::Refused;
use crate::policy::Policy;

/// Longest URL in bytes, as it came and in its normal form.
pub const MOST_BYTES: usize = 2048;

/// Where a call goes: a name, or an address that the policy passes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// Lower case, ASCII (punycode), no trailing dot; at least two labels unless it is a listed exception.
    Name(String),
    /// An address that the policy passes.
    Address(IpAddr),
}

impl Host {
    /// The normal form of what the URL reader found. Says nothing of whether it is called.
    pub(crate) fn normal<S: AsRef<str>>(host: &url::Host<S>) -> Result<Self, NameError> {
        Ok(match host {
            url::Host::Ipv4(address) => Self::Address((*address).into()),
            url::Host::Ipv6(address) => Self::Address((*address).into()),
            url::Host::Domain(name) => Self::Name(name::normal(name.as_ref())?.to_owned()),
        })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// A URL that the policy passes, in its normal form. Shown, it is the origin only: paths and queries carry secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    https: bool,
    host: Host,
    port: u16,
    path: PathAndQuery,
}

impl Target {
    /// Reads `text` under `policy`. Touches no network: a name is not looked up.
    ///
    /// # Errors
    /// What is wrong with the URL, in words for its owner.
    pub fn parse(text: &str, policy: &Policy) -> Result<Self, TargetError> {
        if text.len() > MOST_BYTES {
            return Err(TargetError::Length);
        }
        spelled_plainly(text)?;
        let url = Url::parse(text).map_err(TargetError::Syntax)?;
        if url.as_str().len() > MOST_BYTES {
            return Err(TargetError::Length);
        }
        let https = match url.scheme() {
            "https" => true,
            "http" if policy.is_https_only() => return Err(TargetError::Plain),
            "http" => false,
            _ => return Err(TargetError::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Credentials);
        }
        let port = url.port_or_known_default().ok_or(TargetError::Scheme)?;
        let host = Host::normal(&url.host().ok_or(TargetError::NoHost)?)?;
        if !policy.is_exception(&host, port) {
            match &host {
                Host::Address(address) => policy.judge(*address).map_err(TargetError::Address)?,
                Host::Name(name) => name::public(name)?,
            }
            if !policy.allowed_ports().allow(port) {
                return Err(TargetError::Port(port));
            }
        }
        let path = match url.query() {
            Some(query) => PathAndQuery::try_from(format!("{}?{query}", url.path())),
            None => PathAndQuery::try_from(url.path()),
        };
        let path = path.map_err(|_| TargetError::Path)?;
        Ok(Self {
            https,
            host,
            port,
            path,
        })
    }

    /// Whether TLS is spoken.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The host in its normal form.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, the scheme's own when the URL has none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path and query as sent. They may be secret: do not log them.
    pub fn path(&self) -> &PathAndQuery {
        &self.path
    }

    /// The value of the `Host` header: the port is left out where the scheme implies it.
    pub(crate) fn authority(&self) -> String {
        match (self.https, self.port) {
            (true, 443) | (false, 80) => self.host.to_string(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self}/…)")
    }
}

/// Refuses what browsers repair silently and other readers take otherwise.
fn spelled_plainly(text: &str) -> Result<(), TargetError> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    if text.contains(odd) {
        return Err(TargetError::Spelling);
    }
    let (scheme, rest) = text.split_once(':').ok_or(TargetError::Scheme)?;
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(TargetError::Scheme);
    }
    let rest = rest.strip_prefix("//").ok_or(TargetError::Spelling)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    match authority {
        "" => Err(TargetError::NoHost),
        // Empty credentials are dropped by the URL reader, so they are looked for here.
        _ if authority.contains('@') => Err(TargetError::Credentials),
        _ => Ok(()),
    }
}

/// Why a URL is not called, for its owner. Holds no part of the URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Longer than [`MOST_BYTES`].
    #[error("the URL is longer than {} bytes", MOST_BYTES)]
    Length,
    /// Spaces, control characters, backslashes, or not exactly two slashes after the scheme.
    #[error(
        "the URL is not spelled plainly: write scheme://host/path without spaces, control characters or backslashes"
    )]
    Spelling,
    /// Not a URL.
    #[error("the URL cannot be read: {0}")]
    Syntax(url::ParseError),
    /// Neither `http` nor `https`.
    #[error("the URL must begin with https:// or http://")]
    Scheme,
    /// `http` where only `https` is called.
    #[error("the URL must begin with https://")]
    Plain,
    /// A user name or password.
    #[error("the URL must not hold a user name or password")]
    Credentials,
    /// Nothing after the slashes.
    #[error("the URL names no host")]
    NoHost,
    /// A host name that is not public, or not a host name.
    #[error("the URL's host {0}")]
    Name(#[from] NameError),
    /// An address that is not public.
    #[error("the URL's address is {0}")]
    Address(Refused),
    /// A port that is not called.
    #[error(
        "port {0} is not called; use 443, 80, or a port from 1024 that no other protocol is known for"
    )]
    Port(u16),
    /// A path or query with characters that HTTP does not carry.
    #[error("the URL's path holds characters that must be percent-encoded")]
    Path,
}
