//! What decides who may do what on a server.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use axum::http::HeaderValue;
use hypernode_accounts::Accounts;
use hypernode_accounts::limits::{Limiter, TrustedProxies};
use hypernode_state::Store;

/// Accounts, limits and the manners of a server.
pub struct Access {
    /// Who is known.
    pub accounts: Accounts,
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// How much anybody may ask for.
    pub limiter: Arc<Limiter>,
    /// Whose word on a client's address is believed.
    pub proxies: TrustedProxies,
    /// Pages that may act for somebody who signed in there.
    pub origins: Origins,
    /// Anybody may change anything. Only ever on a loopback address.
    pub open_dev: bool,
    /// Whether browsers reach this server by HTTPS.
    pub secure: bool,
    /// Where the first operator's code lies.
    pub directory: PathBuf,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("open_dev", &self.open_dev)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

/// Origins whose pages may send credentials and change things.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    own: Vec<String>,
    listed: Vec<String>,
    loopback: bool,
}

impl Origins {
    /// The server's own pages are at `own`; pages of `listed` are trusted as they are. `loopback`: so is any page of this
    /// machine, whatever its port.
    #[must_use]
    pub fn new(own: Vec<String>, listed: Vec<String>, loopback: bool) -> Self {
        Self {
            own,
            // A page of anybody's cannot be trusted with somebody's account: `*` opens public reads, which are open.
            listed: listed.into_iter().filter(|origin| origin != "*").collect(),
            loopback,
        }
    }

    /// Whether a page of `origin` may.
    #[must_use]
    pub fn trust(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        let origin = origin.trim_end_matches('/');
        self.own
            .iter()
            .chain(&self.listed)
            .any(|known| known.trim_end_matches('/') == origin)
            || self.loopback && is_loopback(origin)
    }
}

fn is_loopback(origin: &str) -> bool {
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    is_loopback_host(host)
}

/// Whether a `Host` header names this machine, whatever the port.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    matches!(name, "localhost" | "127.0.0.1" | "::1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_pages_are_trusted() {
        let own = vec!["http://127.0.0.1:3001".to_owned()];
        let listed = vec!["https://pages.example".to_owned(), "*".to_owned()];
        let origins = Origins::new(own.clone(), listed, false);
        for (origin, trusted) in [
            ("http://127.0.0.1:3001", true),
            ("https://pages.example", true),
            ("https://pages.example/", true),
            ("http://pages.example", false),
            ("https://pages.example.evil", false),
            ("https://evil.example", false),
            ("http://localhost:5173", false),
            ("null", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(
                origins.trust(&HeaderValue::from_static(origin)),
                trusted,
                "{origin}"
            );
        }
        let local = Origins::new(own, Vec::new(), true);
        for (origin, trusted) in [
            ("http://localhost:5173", true),
            ("http://[::1]:8080", true),
            ("http://localhost.evil.example", false),
            ("http://127.0.0.1.evil.example", false),
        ] {
            assert_eq!(
                local.trust(&HeaderValue::from_static(origin)),
                trusted,
                "{origin}"
            );
        }
    }
}
