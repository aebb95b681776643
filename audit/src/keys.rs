//! Keys and signatures as people write them: base58.

pub use hypernode_decoder::chain::Signature;
pub use hypernode_score::Key;

/// A key from its base58 form; `None` if it is none.
#[must_use]
pub fn parse_key(text: &str) -> Option<Key> {
    let mut key = [0; 32];
    five8::decode_32(text, &mut key).ok()?;
    Some(key)
}

/// A key in base58.
#[must_use]
pub fn show_key(key: &Key) -> String {
    let mut text = [0; five8::BASE58_ENCODED_32_MAX_LEN];
    let length = usize::from(five8::encode_32(key, &mut text));
    String::from_utf8_lossy(text.get(..length).unwrap_or_default()).into_owned()
}

/// A signature from its base58 form; `None` if it is none.
pub(crate) fn parse_signature(text: &str) -> Option<Signature> {
    let mut signature = [0; 64];
    five8::decode_64(text, &mut signature).ok()?;
    Some(signature)
}

/// A signature in base58.
#[must_use]
pub fn show_signature(signature: &Signature) -> String {
    let mut text = [0; five8::BASE58_ENCODED_64_MAX_LEN];
    let length = usize::from(five8::encode_64(signature, &mut text));
    String::from_utf8_lossy(text.get(..length).unwrap_or_default()).into_owned()
}

/// At most 100 characters of a stranger's text, for messages.
pub(crate) fn clip(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_signatures_come_back_as_they_were() {
        for byte in [0, 1, 255] {
            assert_eq!(parse_key(&show_key(&[byte; 32])), Some([byte; 32]));
            assert_eq!(
                parse_signature(&show_signature(&[byte; 64])),
                Some([byte; 64])
            );
        }
        assert_eq!(parse_key("0OIl"), None);
        assert_eq!(parse_signature(&show_key(&[1; 32])), None);
    }
}
