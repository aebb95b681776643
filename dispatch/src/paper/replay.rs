//! A published decision, checked by whoever doubts it: the signature, then the decision itself, made again.

use serde::Serialize;

use super::Signed;
use crate::ids::{JobId, NodeId};
use crate::key::verifies;
use crate::matching::Receipt;
use crate::matching::receipt::Mismatch;
use crate::matching::seed::DaySecret;

/// A decision that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// The job.
    pub job: JobId,
    /// Of the offer or assignment.
    pub fence: u32,
    /// The node that anybody would have chosen.
    pub chosen: NodeId,
    /// Nodes that passed the filter.
    pub eligible: u32,
    /// The day whose secret was used, in days since 1970.
    pub day: u32,
    /// Whether the seed was made again from that secret; `false` while the secret is not told.
    pub seed_verified: bool,
}

/// Why a decision does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// The receipt is none.
    #[error("the receipt cannot be read: {0}")]
    Unreadable(String),
    /// It is not what was hashed.
    #[error("the receipt does not have the hash that stands beside it")]
    Hash,
    /// It is not what the key signed.
    #[error("the signature is not over this receipt by the key {key}")]
    Signature {
        /// The key, in base58.
        key: String,
    },
    /// It is of another job than the one that was asked for.
    #[error("the receipt is of job {0}")]
    Job(JobId),
    /// The secret is none.
    #[error("the day's secret is not 32 bytes as hex")]
    Secret,
    /// It contradicts itself or the rules.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
}

impl Signed {
    /// Checks hash and signature against `key` (base58) and makes the decision again. `job`: the job that it must be of.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn replay(&self, key: &str, job: Option<JobId>) -> Result<Replayed, Forged> {
        let unreadable = |error: serde_json::Error| Forged::Unreadable(error.to_string());
        // Whoever passed it on may have laid it out anew: what was signed is the canonical form.
        let value: serde_json::Value =
            serde_json::from_str(self.receipt.get()).map_err(unreadable)?;
        let bytes = serde_json_canonicalizer::to_vec(&value).map_err(unreadable)?;
        let hash: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&bytes).into();
        if hex::encode(hash) != self.hash {
            return Err(Forged::Hash);
        }
        let mut signature = [0; 64];
        let whole = self.signature.len() <= 88
            && bs58::decode(&self.signature).onto(&mut signature) == Ok(64);
        if !whole || !verifies(key, &bytes, &signature) {
            return Err(Forged::Signature {
                key: key.to_owned(),
            });
        }
        let receipt: Receipt = serde_json::from_slice(&bytes).map_err(unreadable)?;
        if job.is_some_and(|job| job != receipt.job) {
            return Err(Forged::Job(receipt.job));
        }
        let secret = match &self.secret {
            None => None,
            Some(text) => {
                let mut secret = [0; 32];
                hex::decode_to_slice(text, &mut secret).map_err(|_| Forged::Secret)?;
                Some(DaySecret::new(receipt.day, secret))
            }
        };
        receipt.replay(secret.as_ref())?;
        Ok(Replayed {
            job: receipt.job,
            fence: receipt.fence,
            chosen: receipt.chosen,
            eligible: receipt.eligible,
            day: receipt.day,
            seed_verified: secret.is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use hypernode_state::Digest;
    use serde_json::Value;

    use super::*;
    use crate::key::Key;
    use crate::matching::receipt::Asked;
    use crate::matching::{Algorithm, EXACT, Needs, NodeFacts, Pool};

    fn key() -> Key {
        Key::of([7; 32])
    }

    fn sign(bytes: &[u8], secret: Option<&DaySecret>) -> Signed {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let hash: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(bytes).into();
        Signed {
            receipt: serde_json::value::RawValue::from_string(text).unwrap(),
            hash: hex::encode(hash),
            signature: bs58::encode((key().signer())(bytes)).into_string(),
            secret: secret.map(|secret| hex::encode(secret.reveal())),
        }
    }

    /// A decision among twelve nodes of different prices; `stake` is that of them all.
    fn decided(secret: &DaySecret, stake: u64) -> Receipt {
        let mut pool = Pool::new(1_000_000_000);
        for n in 1..=12 {
            pool.put(NodeFacts {
                ask: 5_000 * n as u64,
                stake,
                ..NodeFacts::plain(n)
            });
        }
        let needs = Needs::default();
        let asked = Asked {
            job: JobId::uuid(1),
            fence: 3,
            at: 1_700_000_000_000,
            as_of_slot: Some(9),
            algorithm: Algorithm::Draw,
            needs: &needs,
            half_stake: 1_000_000_000,
            content: Digest([4; 32]),
            nonce: b"nonce",
            secret,
        };
        let seed = asked.seed();
        let want = pool.want(&needs);
        let decision = pool.choose(Algorithm::Draw, &want, &[], &seed);
        asked.receipt(decision.expect("a choice"), &seed)
    }

    #[test]
    fn a_decision_holds_with_the_secret_and_before_it_is_told() {
        let secret = DaySecret::new(20_000, [3; 32]);
        let receipt = decided(&secret, 0);
        let bytes = receipt.bytes().unwrap();
        let key = key().public();
        let told = sign(&bytes, Some(&secret)).replay(&key, Some(receipt.job));
        let told = told.expect("I-47");
        assert!(told.seed_verified);
        assert_eq!((told.chosen, told.fence), (receipt.chosen, 3));
        let early = sign(&bytes, None).replay(&key, None).expect("holds");
        assert!(!early.seed_verified);

        // Laid out for people it is the same receipt.
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let shown = Signed {
            receipt: serde_json::value::RawValue::from_string(pretty).unwrap(),
            ..sign(&bytes, Some(&secret))
        };
        assert_eq!(shown.replay(&key, None), Ok(told));
    }

    #[test]
    fn amounts_of_any_size_are_signed_as_they_are_read() {
        let secret = DaySecret::new(20_000, [3; 32]);
        for stake in [EXACT, 1 << 53, (1 << 53) + 1, u64::MAX - 1, u64::MAX] {
            let receipt = decided(&secret, stake);
            let bytes = receipt.bytes().unwrap();
            let held = sign(&bytes, Some(&secret)).replay(&key().public(), None);
            assert!(held.is_ok(), "{stake}: {held:?}");
            assert_eq!(serde_json::from_slice::<Receipt>(&bytes).unwrap(), receipt);
            assert!(
                receipt
                    .candidates
                    .iter()
                    .all(|c| c.stake == stake.min(EXACT))
            );
        }
    }

    #[test]
    fn whatever_is_forged_is_found() {
        let secret = DaySecret::new(20_000, [3; 32]);
        let receipt = decided(&secret, 0);
        let bytes = receipt.bytes().unwrap();
        let (good, key) = (sign(&bytes, Some(&secret)), key().public());
        let replay = |signed: &Signed| signed.replay(&key, None).expect_err("forged");

        let other = receipt.candidates.iter().map(|c| c.node);
        let other = other.clone().find(|node| *node != receipt.chosen).unwrap();
        let chosen = Receipt {
            chosen: other,
            ..receipt.clone()
        };
        // By somebody without the key, and by the dispatcher itself.
        let edited = Signed {
            receipt: sign(&chosen.bytes().unwrap(), None).receipt,
            ..sign(&bytes, None)
        };
        assert_eq!(replay(&edited), Forged::Hash);
        let edited = Signed {
            hash: sign(&chosen.bytes().unwrap(), None).hash,
            ..edited
        };
        assert!(matches!(replay(&edited), Forged::Signature { .. }));
        let own = sign(&chosen.bytes().unwrap(), Some(&secret));
        assert!(matches!(
            replay(&own),
            Forged::Mismatch(Mismatch::Choice { .. })
        ));

        // A seed that suits better shows when the secret is told, and only then.
        let mut seeded = receipt.clone();
        seeded.seed.0[0] ^= 1;
        let own = sign(&seeded.bytes().unwrap(), Some(&secret));
        assert_eq!(replay(&own), Forged::Mismatch(Mismatch::Seed));
        let other_day = DaySecret::new(20_000, [4; 32]);
        let own = sign(&bytes, Some(&other_day));
        assert_eq!(replay(&own), Forged::Mismatch(Mismatch::Commitment));

        let another = Some(JobId::uuid(2));
        assert_eq!(good.replay(&key, another), Err(Forged::Job(receipt.job)));
        let stranger = Key::of([8; 32]).public();
        assert!(matches!(
            good.replay(&stranger, None),
            Err(Forged::Signature { .. })
        ));
        let not_hex = Signed {
            secret: Some("zz".to_owned()),
            ..sign(&bytes, None)
        };
        assert_eq!(replay(&not_hex), Forged::Secret);
        let no_receipt = sign(b"{\"job\":1}", None);
        assert!(matches!(replay(&no_receipt), Forged::Unreadable(_)));
    }
}
