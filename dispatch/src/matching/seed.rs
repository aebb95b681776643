//! Lots that nobody can choose and everybody can check.
//!
//! The dispatcher makes a secret for each day, publishes its [`DaySecret::commitment`] the day before and the secret the
//! day after. The seed of a decision is `HMAC-SHA256(secret, SHA-256(content hash ‖ nonce ‖ fence))`: the dispatcher
//! cannot search for a secret that suits it, and the submitter, whose content and nonce go in, cannot know the secret.

use std::fmt;

use hmac::{Hmac, Mac};
use hypernode_state::Digest;
use sha2::{Digest as _, Sha256};

/// Most bytes of a submitter's nonce that count.
pub const MOST_NONCE_BYTES: usize = 64;

/// The secret of one day (UTC, days since 1970).
#[derive(Clone, PartialEq, Eq)]
pub struct DaySecret {
    day: u32,
    secret: [u8; 32],
}

impl fmt::Debug for DaySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DaySecret({}, …)", self.day)
    }
}

impl DaySecret {
    /// `secret` is to be random.
    pub fn new(day: u32, secret: [u8; 32]) -> Self {
        Self { day, secret }
    }

    /// The day.
    pub fn day(&self) -> u32 {
        self.day
    }

    /// What is published the day after.
    pub fn reveal(&self) -> [u8; 32] {
        self.secret
    }

    /// What is published the day before: `SHA-256("HN-MATCH-DAY-v1|" ‖ day as 4 bytes, little endian ‖ secret)`.
    pub fn commitment(&self) -> Digest {
        let hash = Sha256::new()
            .chain_update(b"HN-MATCH-DAY-v1|")
            .chain_update(self.day.to_le_bytes())
            .chain_update(self.secret);
        Digest(hash.finalize().into())
    }

    /// The seed of one decision. `content` is the hash of the job, `nonce` what its submitter chose.
    pub fn seed(&self, content: &Digest, nonce: &[u8], fence: u32) -> Seed {
        let nonce = &nonce[..nonce.len().min(MOST_NONCE_BYTES)];
        let decision = Sha256::new()
            .chain_update(content.0)
            .chain_update(nonce)
            .chain_update(fence.to_le_bytes())
            .finalize();
        // HMAC takes keys of any length, so the error cannot be.
        let mac = Hmac::<Sha256>::new_from_slice(&self.secret).map(|mut mac| {
            mac.update(&decision);
            mac.finalize().into_bytes().into()
        });
        Seed(mac.unwrap_or_default())
    }
}

/// Where the lots of one decision come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed({})", hex::encode(self.0))
    }
}

impl Seed {
    /// A lot: the first 8 bytes, little endian, of `SHA-256(seed ‖ purpose)`.
    pub fn lot(&self, purpose: &str) -> u64 {
        let hash = Sha256::new().chain_update(self.0).chain_update(purpose);
        let hash: [u8; 32] = hash.finalize().into();
        let [a, b, c, d, e, f, g, h, ..] = hash;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// The first 8 bytes, for mixing with nodes' keys.
    pub(super) fn short(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_differ_by_all_that_goes_in() {
        let day = DaySecret::new(20_000, [7; 32]);
        let seed = day.seed(&Digest([1; 32]), b"n", 1);
        assert_eq!(seed, day.seed(&Digest([1; 32]), b"n", 1));
        assert_ne!(seed, day.seed(&Digest([2; 32]), b"n", 1));
        assert_ne!(seed, day.seed(&Digest([1; 32]), b"m", 1));
        assert_ne!(seed, day.seed(&Digest([1; 32]), b"n", 2));
        assert_ne!(
            seed,
            DaySecret::new(20_000, [8; 32]).seed(&Digest([1; 32]), b"n", 1)
        );
        assert_ne!(
            day.commitment(),
            DaySecret::new(20_001, [7; 32]).commitment()
        );
        assert!(!format!("{day:?}").contains("07"));
    }
}
