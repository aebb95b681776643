//! How a host proves its key: it signs `HN-NODE-v1|hub|nonce|ts`.

use serde::{Deserialize, Serialize};

use crate::public_key::PublicKey;
use crate::secret::{NoRandomness, random_text};
use crate::sign_in::NONCE;
use crate::time::{MINUTE, SKEW};

/// What a host is asked to sign. Answered once: [`answer`](Self::answer) takes it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Clone))]
pub struct HostChallenge {
    /// The hub's name, so that a signature for one hub is none for another.
    pub hub: String,
    /// Makes it unique: 22 letters and digits.
    pub nonce: String,
    /// When it stops being valid, Unix milliseconds.
    pub expires_at: i64,
}

/// What a host answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostProof {
    /// The host's key.
    pub key: PublicKey,
    /// The host's clock when it signed, Unix milliseconds.
    pub ts: i64,
    /// Its signature over the text, 64 bytes.
    pub signature: Vec<u8>,
}

/// Why a host is refused, in a sentence for whoever runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostRefusal {
    /// The signature is not that key's over that text.
    #[error("the signature does not fit the host key and the text HN-NODE-v1|hub|nonce|ts")]
    Forged,
    /// Too late.
    #[error("this challenge has expired: answer within a minute")]
    Expired,
    /// Used before, or never issued.
    #[error("this challenge was answered already or is not ours: ask for a new one")]
    Replayed,
    /// The host's clock is off.
    #[error(
        "this machine's clock is {ahead_ms} ms ahead of the hub's (negative: behind), more than 60000: set it by NTP"
    )]
    Clock {
        /// Milliseconds ahead of ours.
        ahead_ms: i64,
    },
    /// The key was revoked.
    #[error("this host key was revoked by its owner: make a new key and have it linked")]
    Revoked,
    /// The key was linked before; keys are never linked twice.
    #[error("this host key was linked before: make a new key on the host")]
    KeyUsed,
    /// The host did not agree.
    #[error(
        "the host's consent (HN-LINK-v1|hub|owner|node|ts, signed by its key within the last hour) does not fit"
    )]
    NoConsent,
}

impl HostChallenge {
    /// How long it may be answered, in milliseconds.
    pub const LIFETIME: i64 = MINUTE;

    /// A challenge of `hub`, issued at `now`.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn issue(hub: impl Into<String>, now: i64) -> Result<Self, NoRandomness> {
        Ok(Self {
            hub: hub.into(),
            nonce: random_text(NONCE)?,
            expires_at: now.saturating_add(Self::LIFETIME),
        })
    }

    /// The text that a host whose clock shows `ts` signs.
    #[must_use]
    pub fn text(&self, ts: i64) -> String {
        format!("HN-NODE-v1|{}|{}|{ts}", self.hub, self.nonce)
    }

    /// Whether `proof` answers it.
    ///
    /// # Errors
    /// What does not fit. Either way the challenge is used.
    // By value: the compiler sees to it that one that was answered is not asked again.
    #[allow(clippy::needless_pass_by_value)]
    pub fn answer(self, proof: &HostProof, now: i64) -> Result<PublicKey, HostRefusal> {
        if now >= self.expires_at {
            return Err(HostRefusal::Expired);
        }
        let ahead_ms = proof.ts.saturating_sub(now);
        if ahead_ms.saturating_abs() > SKEW {
            return Err(HostRefusal::Clock { ahead_ms });
        }
        if !proof
            .key
            .verifies(self.text(proof.ts).as_bytes(), &proof.signature)
        {
            return Err(HostRefusal::Forged);
        }
        Ok(proof.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    const NOW: i64 = 1_700_000_000_000;

    fn proof(challenge: &HostChallenge, seed: u8, ts: i64) -> HostProof {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let signature = key.sign(challenge.text(ts).as_bytes()).to_bytes().to_vec();
        HostProof {
            key: PublicKey(key.verifying_key().to_bytes()),
            ts,
            signature,
        }
    }

    #[test]
    fn a_host_proves_its_key_and_no_other() {
        let challenge = HostChallenge::issue("hub.example", NOW).unwrap();
        let good = proof(&challenge, 1, NOW + 30);
        assert_eq!(challenge.clone().answer(&good, NOW + 50), Ok(good.key));

        let refused =
            |challenge: HostChallenge, proof: &HostProof| challenge.answer(proof, NOW + 50);
        let others = HostProof {
            key: proof(&challenge, 2, NOW).key,
            ..good.clone()
        };
        assert_eq!(
            refused(challenge.clone(), &others),
            Err(HostRefusal::Forged)
        );
        let later = HostProof {
            ts: good.ts + 1,
            ..good.clone()
        };
        assert_eq!(refused(challenge.clone(), &later), Err(HostRefusal::Forged));
        let hub = HostChallenge {
            hub: "other.example".into(),
            ..challenge.clone()
        };
        assert_eq!(refused(hub, &good), Err(HostRefusal::Forged));
        let fresh = HostChallenge::issue("hub.example", NOW).unwrap();
        assert_eq!(refused(fresh, &good), Err(HostRefusal::Forged));
        for at in 0..64 {
            let mut bent = good.clone();
            bent.signature[at] ^= 1;
            assert_eq!(
                refused(challenge.clone(), &bent),
                Err(HostRefusal::Forged),
                "{at}"
            );
        }
        assert_eq!(
            challenge
                .clone()
                .answer(&good, NOW + HostChallenge::LIFETIME),
            Err(HostRefusal::Expired)
        );
    }

    #[test]
    fn clocks_may_differ_by_a_minute_either_way() {
        let challenge = HostChallenge::issue("hub.example", NOW).unwrap();
        for (off, fits) in [
            (SKEW, true),
            (-SKEW, true),
            (SKEW + 1, false),
            (-SKEW - 1, false),
            (i64::MAX - NOW, false),
        ] {
            let answer = challenge
                .clone()
                .answer(&proof(&challenge, 1, NOW + off), NOW);
            assert_eq!(answer.is_ok(), fits, "{off}");
            if !fits {
                assert_eq!(answer, Err(HostRefusal::Clock { ahead_ms: off }));
            }
        }
        let ancient = challenge
            .clone()
            .answer(&proof(&challenge, 1, i64::MIN), NOW);
        assert!(matches!(ancient, Err(HostRefusal::Clock { .. })));
    }
}
