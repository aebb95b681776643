//! What we ask wallets to sign.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::message::SignInMessage;
use crate::public_key::PublicKey;
use crate::time::{MINUTE, iso};

/// Longest text of a challenge, in bytes: what is kept with a nonce is bounded.
const LONGEST_CHALLENGE: usize = 1000;

/// The network that a signature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Chain {
    /// The public network.
    Mainnet,
    /// The public network for developers.
    Devnet,
    /// The public network for validators.
    Testnet,
    /// A network on this machine.
    Localnet,
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mainnet => "solana:mainnet",
            Self::Devnet => "solana:devnet",
            Self::Testnet => "solana:testnet",
            Self::Localnet => "solana:localnet",
        })
    }
}

impl FromStr for Chain {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        match text.strip_prefix("solana:").unwrap_or(text) {
            "mainnet" => Ok(Self::Mainnet),
            "devnet" => Ok(Self::Devnet),
            "testnet" => Ok(Self::Testnet),
            "localnet" => Ok(Self::Localnet),
            _ => Err(PolicyError::Chain(text.into())),
        }
    }
}

/// A place where people sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Host, and port where it is not the scheme's own: `hub.example`, `127.0.0.1:3001`.
    pub domain: String,
    /// The page's address: `https://hub.example`.
    pub uri: String,
}

/// What every challenge of this service says.
#[derive(Debug, Clone)]
pub struct SignInPolicy {
    sites: Vec<Site>,
    chain: Chain,
    statement: String,
    lifetime: i64,
}

/// A policy that no wallet could sign, or that would not protect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not one of the networks.
    #[error("unknown chain `{0}`: use mainnet, devnet, testnet or localnet")]
    Chain(String),
    /// No site, or one whose text would not read back as it was written.
    #[error(
        "sign-in site `{0}`: domain, uri and statement must be one line of text each, none empty, all together below 1000 bytes"
    )]
    Site(String),
}

impl SignInPolicy {
    /// How long a challenge may be answered, in milliseconds: 5 minutes.
    pub const LIFETIME: i64 = 5 * MINUTE;

    /// A policy for `sites`, the first of which is the default.
    ///
    /// # Errors
    /// When there is no site, or a challenge would not read back as it was written.
    pub fn new(
        sites: Vec<Site>,
        chain: Chain,
        statement: impl Into<String>,
    ) -> Result<Self, PolicyError> {
        let policy = Self {
            sites,
            chain,
            statement: statement.into(),
            lifetime: Self::LIFETIME,
        };
        if policy.sites.is_empty() {
            return Err(PolicyError::Site(String::new()));
        }
        for site in &policy.sites {
            let trial = policy.challenge(site, Some(PublicKey([0; 32])), "A".repeat(22), 0);
            let text = trial.text();
            if text.len() > LONGEST_CHALLENGE || SignInMessage::parse(&text).as_ref() != Ok(&trial)
            {
                return Err(PolicyError::Site(site.domain.clone()));
            }
        }
        Ok(policy)
    }

    /// The site of that domain; the default where none is named.
    #[must_use]
    pub fn site(&self, domain: Option<&str>) -> Option<&Site> {
        match domain {
            None => self.sites.first(),
            Some(domain) => self.sites.iter().find(|site| site.domain == domain),
        }
    }

    /// The network.
    #[must_use]
    pub fn chain(&self) -> Chain {
        self.chain
    }

    /// A challenge of `site`, issued at `now`: for `address`, or for whoever signs it.
    #[must_use]
    pub fn challenge(
        &self,
        site: &Site,
        address: Option<PublicKey>,
        nonce: String,
        now: i64,
    ) -> SignInMessage {
        SignInMessage {
            domain: site.domain.clone(),
            address: address.map(|key| key.to_string()),
            statement: Some(self.statement.clone()),
            uri: Some(site.uri.clone()),
            version: Some("1".into()),
            chain_id: Some(self.chain.to_string()),
            nonce: Some(nonce),
            issued_at: Some(iso(now)),
            expiration_time: Some(iso(now.saturating_add(self.lifetime))),
            not_before: None,
            request_id: None,
            resources: None,
        }
    }

    /// Whether a text that was signed is of a site and network of ours at all, before it is looked up.
    pub(crate) fn knows(&self, message: &SignInMessage) -> Result<(), super::Refusal> {
        if self.site(Some(&message.domain)).is_none() {
            return Err(self.wrong_domain());
        }
        if message.chain_id.as_deref() != Some(self.chain.to_string().as_str()) {
            return Err(super::Refusal::WrongChain {
                expected: self.chain.to_string(),
            });
        }
        Ok(())
    }

    pub(crate) fn wrong_domain(&self) -> super::Refusal {
        let domains: Vec<&str> = self.sites.iter().map(|site| site.domain.as_str()).collect();
        super::Refusal::WrongDomain {
            expected: domains.join(" or "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(domain: &str, uri: &str, statement: &str) -> Result<SignInPolicy, PolicyError> {
        let site = Site {
            domain: domain.into(),
            uri: uri.into(),
        };
        SignInPolicy::new(vec![site], Chain::Devnet, statement)
    }

    #[test]
    fn a_policy_that_would_not_read_back_is_refused() {
        assert!(policy("hub.example", "https://hub.example", "Sign in to the hub.").is_ok());
        for (domain, uri, statement) in [
            ("", "https://hub.example", "Sign in."),
            ("hub.example", "", "Sign in."),
            ("hub.example", "https://hub.example\nNonce: 1", "Sign in."),
            ("hub.example", "https://hub.example", "Sign\n\nURI: x"),
            ("hub.example", "https://hub.example", "URI: x"),
            ("hub.example", "https://hub.example", ""),
            ("hub.example", "https://hub.example", &"long ".repeat(200)),
        ] {
            assert!(
                policy(domain, uri, statement).is_err(),
                "{domain} {uri} {statement}"
            );
        }
        assert!(SignInPolicy::new(vec![], Chain::Devnet, "Sign in.").is_err());
        assert_eq!("solana:testnet".parse(), Ok(Chain::Testnet));
        assert!("solana:mainet".parse::<Chain>().is_err());
    }
}
