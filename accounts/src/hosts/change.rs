//! What a wallet may change about host keys, and the host's own consent to being linked.

use serde::{Deserialize, Serialize};

use super::challenge::HostRefusal;
use crate::public_key::PublicKey;
use crate::time::{MINUTE, SKEW};

/// A change of host keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostChange {
    /// Vouches for a key.
    Link {
        /// The host's key.
        key: PublicKey,
        /// The node on chain that it speaks for, if any. The caller has checked whose that is.
        node: Option<PublicKey>,
        /// The host's consent: without it anybody could claim a stranger's host.
        consent: HostConsent,
    },
    /// Puts a new key in the place of an old one, for the same node.
    Rotate {
        /// The key that ends.
        old: PublicKey,
        /// The key that begins.
        new: PublicKey,
        /// The new key's consent.
        consent: HostConsent,
    },
    /// Ends a key.
    Revoke {
        /// The key.
        key: PublicKey,
    },
}

/// A host's consent to be linked: its signature over `HN-LINK-v1|hub|owner|node|ts`, where `node` is `-` for none.
/// It needs no nonce: a key is linked once and never again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostConsent {
    /// The host's clock when it signed, Unix milliseconds.
    pub ts: i64,
    /// The signature, in base58.
    pub signature: String,
}

impl HostConsent {
    /// How long a consent may be used, in milliseconds: long enough to carry it from one machine to another.
    pub const LIFETIME: i64 = 60 * MINUTE;

    /// The text that a host signs.
    #[must_use]
    pub fn text(hub: &str, owner: PublicKey, node: Option<PublicKey>, ts: i64) -> String {
        let node = node.map_or_else(|| "-".into(), |node| node.to_string());
        format!("HN-LINK-v1|{hub}|{owner}|{node}|{ts}")
    }

    /// Whether `key` agreed to belong to `owner` and `node`.
    ///
    /// # Errors
    /// [`HostRefusal::NoConsent`], [`HostRefusal::Clock`].
    pub fn check(
        &self,
        hub: &str,
        key: PublicKey,
        owner: PublicKey,
        node: Option<PublicKey>,
        now: i64,
    ) -> Result<(), HostRefusal> {
        let ahead_ms = self.ts.saturating_sub(now);
        if ahead_ms > SKEW {
            return Err(HostRefusal::Clock { ahead_ms });
        }
        let mut signature = [0; 64];
        let decoded = self.signature.len() <= 88
            && bs58::decode(&self.signature).onto(&mut signature) == Ok(64);
        if ahead_ms < -Self::LIFETIME
            || !decoded
            || !key.verifies(Self::text(hub, owner, node, self.ts).as_bytes(), &signature)
        {
            return Err(HostRefusal::NoConsent);
        }
        Ok(())
    }
}

impl HostChange {
    /// What it is about, as a wallet shows it among the resources of the text.
    #[must_use]
    pub fn resource(&self) -> String {
        match self {
            Self::Link {
                key,
                node: Some(node),
                ..
            } => format!("hypernode:host-key:link:{key}:{node}"),
            Self::Link {
                key, node: None, ..
            } => format!("hypernode:host-key:link:{key}"),
            Self::Rotate { old, new, .. } => format!("hypernode:host-key:rotate:{old}:{new}"),
            Self::Revoke { key } => format!("hypernode:host-key:revoke:{key}"),
        }
    }

    /// What it is about, in a sentence.
    #[must_use]
    pub fn statement(&self) -> &'static str {
        match self {
            Self::Link { .. } => {
                "Link a host key to this account. This costs nothing and sends no transaction."
            }
            Self::Rotate { .. } => {
                "Replace a host key of this account. This costs nothing and sends no transaction."
            }
            Self::Revoke { .. } => {
                "Revoke a host key of this account. This costs nothing and sends no transaction."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    const NOW: i64 = 1_700_000_000_000;

    #[test]
    fn consent_is_for_one_owner_node_and_hour() {
        let signer = SigningKey::from_bytes(&[3; 32]);
        let key = PublicKey(signer.verifying_key().to_bytes());
        let (owner, node) = (PublicKey([4; 32]), Some(PublicKey([5; 32])));
        let signature = signer.sign(HostConsent::text("hub", owner, node, NOW).as_bytes());
        let consent = HostConsent {
            ts: NOW,
            signature: bs58::encode(signature.to_bytes()).into_string(),
        };
        let no = Err(HostRefusal::NoConsent);

        assert_eq!(consent.check("hub", key, owner, node, NOW), Ok(()));
        assert_eq!(
            consent.check("hub", key, owner, node, NOW + HostConsent::LIFETIME),
            Ok(())
        );
        assert_eq!(
            consent.check("hub", key, owner, node, NOW + HostConsent::LIFETIME + 1),
            no
        );
        assert_eq!(consent.check("hub", key, owner, node, NOW - SKEW), Ok(()));
        let early = consent.check("hub", key, owner, node, NOW - SKEW - 1);
        assert_eq!(early, Err(HostRefusal::Clock { ahead_ms: SKEW + 1 }));
        assert_eq!(consent.check("hop", key, owner, node, NOW), no);
        assert_eq!(consent.check("hub", key, key, node, NOW), no);
        assert_eq!(consent.check("hub", key, owner, None, NOW), no);
        assert_eq!(consent.check("hub", owner, owner, node, NOW), no);
        for signature in [
            "",
            "1",
            &"1".repeat(64),
            &"z".repeat(88),
            &"z".repeat(100_000),
        ] {
            let bent = HostConsent {
                ts: NOW,
                signature: signature.into(),
            };
            assert_eq!(bent.check("hub", key, owner, node, NOW), no);
        }
    }
}
