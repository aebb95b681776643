//! Secrets: made from the operating system's randomness, shown once, kept as hashes, compared in constant time.

use std::fmt;

use hypernode_state::Digest;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::Sha256;
use subtle::ConstantTimeEq;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The operating system gave no randomness: nothing that depends on it may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no randomness: nothing secret can be made")]
pub struct NoRandomness;

/// Text that must not be printed. `Debug` shows `***`; there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends or compares it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// SHA-256 of a secret: what is stored, and what is looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of `secret`.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(<Sha256 as sha2::Digest>::digest(secret.as_bytes()).into())
    }

    /// Whether both are of one secret, in a time that does not tell where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl From<Fingerprint> for Digest {
    fn from(fingerprint: Fingerprint) -> Self {
        Self(fingerprint.0)
    }
}

impl From<Digest> for Fingerprint {
    fn from(digest: Digest) -> Self {
        Self(digest.0)
    }
}

impl fmt::Debug for Fingerprint {
    // Not a secret, yet nothing that a log needs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}

/// `length` letters and digits, each of the 62 equally likely: 22 hold 130 bits, 43 hold 256.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn random_text(length: usize) -> Result<String, NoRandomness> {
    let mut text = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while text.len() < length {
        OsRng.try_fill_bytes(&mut bytes).map_err(|_| NoRandomness)?;
        let left = length - text.len();
        // 248 = 4 × 62: bytes above would make some digits likelier.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        text.extend(
            fair.map(|byte| char::from(DIGITS[usize::from(byte % 62)]))
                .take(left),
        );
    }
    Ok(text)
}

/// Random bytes for what has a form of its own.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// Whether `text` is letters and digits only.
pub(crate) fn is_text(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_occurs_about_equally_often() {
        let text = random_text(62_000).unwrap();
        assert!(is_text(&text) && text.len() == 62_000);
        let mut counts = [0_u32; 128];
        text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
        // 1000 expected each; 8 standard deviations.
        assert!(
            DIGITS
                .iter()
                .all(|digit| (750..1250).contains(&counts[usize::from(*digit)]))
        );
        assert_ne!(random_text(22).unwrap(), random_text(22).unwrap());
    }

    #[test]
    fn secrets_are_not_printed() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            format!("{secret:?} {:?}", Fingerprint::of("hunter2")),
            "*** Fingerprint(..)"
        );
        assert_eq!(secret.expose(), "hunter2");
    }
}
