//! The envelope in which hardware wallets sign text: a prefix that no transaction can begin with.

use crate::public_key::PublicKey;

const SIGNING_DOMAIN: &[u8] = b"\xffsolana offchain";

/// Why the bytes that were signed hold no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadEnvelope {
    /// Lengths or values that the envelope's format does not have.
    #[error("the off-chain message header is not one of version 0")]
    Header,
    /// The envelope names other signers than the account that is said to have signed.
    #[error("the off-chain message names another signer")]
    Signer,
    /// Not UTF-8.
    #[error("the signed text is not UTF-8")]
    NotText,
}

/// The text in `signed`: itself, or what a version 0 off-chain message holds. Both layouts of that header are read, with
/// application domain and signers (which must then be `signer` alone) and the older one without.
///
/// # Errors
/// See [`BadEnvelope`].
pub fn open(signed: &[u8], signer: PublicKey) -> Result<&str, BadEnvelope> {
    let text = match signed.strip_prefix(SIGNING_DOMAIN) {
        None => signed,
        Some([0, rest @ ..]) => match short(rest) {
            Some(text) => text,
            None => long(rest, signer)?,
        },
        Some(_) => return Err(BadEnvelope::Header),
    };
    std::str::from_utf8(text).map_err(|_| BadEnvelope::NotText)
}

/// format u8, length u16, text.
fn short(rest: &[u8]) -> Option<&[u8]> {
    let ([format, low, high], text) = rest.split_first_chunk()?;
    let fits = usize::from(u16::from_le_bytes([*low, *high])) == text.len();
    (*format <= 2 && fits).then_some(text)
}

/// application domain 32 bytes, format u8, number of signers u8, signers, length u16, text.
fn long(rest: &[u8], signer: PublicKey) -> Result<&[u8], BadEnvelope> {
    let (_application, rest) = rest.split_first_chunk::<32>().ok_or(BadEnvelope::Header)?;
    let ([format, signers], rest) = rest.split_first_chunk().ok_or(BadEnvelope::Header)?;
    if *signers != 1 {
        return Err(BadEnvelope::Signer);
    }
    let (named, rest) = rest.split_first_chunk::<32>().ok_or(BadEnvelope::Header)?;
    let ([low, high], text) = rest.split_first_chunk().ok_or(BadEnvelope::Header)?;
    if *format > 2 || usize::from(u16::from_le_bytes([*low, *high])) != text.len() {
        return Err(BadEnvelope::Header);
    }
    if *named != signer.0 {
        return Err(BadEnvelope::Signer);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: PublicKey = PublicKey([7; 32]);

    fn layout(parts: &[&[u8]]) -> Vec<u8> {
        [SIGNING_DOMAIN, &parts.concat()].concat()
    }

    #[test]
    fn both_layouts_and_plain_text_hold_the_same_text() {
        let short = layout(&[&[0, 1, 2, 0], b"hi"]);
        let long = layout(&[&[0], &[9; 32], &[1, 1], &KEY.0, &[2, 0], b"hi"]);
        for signed in [b"hi".to_vec(), short, long] {
            assert_eq!(open(&signed, KEY), Ok("hi"));
        }
    }

    #[test]
    fn other_versions_lengths_and_signers_are_refused() {
        let long = |signer: &[u8]| layout(&[&[0], &[9; 32], &[1, 1], signer, &[2, 0], b"hi"]);
        assert_eq!(open(&long(&[8; 32]), KEY), Err(BadEnvelope::Signer));
        let two = layout(&[&[0], &[9; 32], &[1, 2], &KEY.0, &KEY.0, &[2, 0], b"hi"]);
        assert_eq!(open(&two, KEY), Err(BadEnvelope::Signer));
        assert_eq!(
            open(&layout(&[&[1, 1, 2, 0], b"hi"]), KEY),
            Err(BadEnvelope::Header)
        );
        let whole = long(&KEY.0);
        for end in SIGNING_DOMAIN.len()..whole.len() {
            assert!(open(&whole[..end], KEY).is_err(), "{end}");
        }
        assert_eq!(open(b"\xfe", KEY), Err(BadEnvelope::NotText));
    }
}
