//! An ed25519 public key: a wallet's address or a host's key.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, VerifyingKey};
use hypernode_state::Address;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// 32 bytes, written in base58 as Solana writes addresses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicKey(pub [u8; 32]);

/// Text that is not a base58 public key of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public key: expected 32 bytes in base58")]
pub struct NotAKey;

impl PublicKey {
    /// Whether `signature` is this key's over `message`, by the strict rules: canonical `s`, and neither the key nor `R`
    /// of small order, so that a signature fits one message and one key and cannot be altered into another.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else {
            return false;
        };
        VerifyingKey::from_bytes(&self.0)
            .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }
}

impl PublicKey {
    /// Whether anybody can hold a key for it: programs' addresses and those that programs derive lie off the curve, and
    /// the system program's is a point that signs nothing.
    #[must_use]
    pub fn can_sign(&self) -> bool {
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| !key.is_weak())
    }
}

impl From<PublicKey> for Address {
    fn from(key: PublicKey) -> Self {
        Self(key.0)
    }
}

impl From<Address> for PublicKey {
    fn from(address: Address) -> Self {
        Self(address.0)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bs58::encode(self.0).into_string())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        // 32 bytes take 32 to 44 digits: anything longer is refused before it is decoded.
        if !(32..=44).contains(&text.len()) {
            return Err(NotAKey);
        }
        let mut bytes = [0; 32];
        match bs58::decode(text).onto(&mut bytes) {
            Ok(32) => Ok(Self(bytes)),
            _ => Err(NotAKey),
        }
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_derived_addresses_sign_nothing() {
        let wallet = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        assert!(PublicKey(wallet.verifying_key().to_bytes()).can_sign());
        let system: PublicKey = "11111111111111111111111111111111".parse().unwrap();
        assert!(!system.can_sign());
        let mut off = (0..=255_u8).map(|byte| PublicKey([byte; 32]));
        let off = off.find(|key| VerifyingKey::from_bytes(&key.0).is_err());
        assert!(!off.unwrap().can_sign(), "as what programs derive");
    }

    #[test]
    fn text_and_bytes_are_one_to_one() {
        for bytes in [[0; 32], [1; 32], [255; 32]] {
            let key = PublicKey(bytes);
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        for text in [
            "",
            "1",
            "0OIl",
            &"1".repeat(33),
            &"z".repeat(44),
            &"z".repeat(45),
            "1111111111111111111111111111111é",
        ] {
            assert_eq!(text.parse::<PublicKey>(), Err(NotAKey), "{text}");
        }
    }
}
