//! What callers send to say who they are: session tokens and API keys.

use std::fmt;

use crate::secret::{Fingerprint, NoRandomness, Secret, is_text, random_text};

const SESSION: &str = "hn_session_";
const KEY: &str = "hn_live_";
/// Begins a node's token; older programs are given a uuid instead.
const NODE: &str = "hn_";
/// A uuid as text, with hyphens.
const UUID: usize = 36;
/// 43 of 62 digits: 256 bits.
const SECRET: usize = 43;
/// 8 of 62 digits: names a key, and is no secret.
const ID: usize = 8;

/// A credential, checked for its form only. It holds no secret any more, just the hash to look up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A session's token.
    Session(Fingerprint),
    /// An API key.
    Key(KeyId, Fingerprint),
    /// A node's token: a host signs on with it.
    Node(Fingerprint),
}

/// The public part of an API key: 8 letters and digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; ID]);

/// Text that has the form of no credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a session token (hn_session_…), API key (hn_live_…) or node token: check that it was copied whole"
)]
pub struct NotACredential;

impl Credential {
    /// Reads what a caller sent: the value of a cookie or of `Authorization: Bearer`.
    ///
    /// # Errors
    /// When it has not the form of a credential; such text is never looked up.
    pub fn parse(text: &str) -> Result<Self, NotACredential> {
        if let Some(secret) = text.strip_prefix(SESSION) {
            return is_secret(secret)
                .then(|| Self::Session(Fingerprint::of(text)))
                .ok_or(NotACredential);
        }
        if is_node(text) {
            return Ok(Self::Node(Fingerprint::of(text)));
        }
        let (id, secret) = text
            .strip_prefix(KEY)
            .and_then(|rest| rest.split_once('_'))
            .ok_or(NotACredential)?;
        let id = KeyId::parse(id)?;
        is_secret(secret)
            .then(|| Self::Key(id, Fingerprint::of(text)))
            .ok_or(NotACredential)
    }

    /// A new session token, and what is kept of it.
    pub(crate) fn new_session() -> Result<(Secret, Fingerprint), NoRandomness> {
        let text = format!("{SESSION}{}", random_text(SECRET)?);
        let fingerprint = Fingerprint::of(&text);
        Ok((Secret::new(text), fingerprint))
    }

    /// A new API key, its id, and what is kept of it.
    pub(crate) fn new_key() -> Result<(Secret, KeyId, Fingerprint), NoRandomness> {
        let id = random_text(ID)?;
        let text = format!("{KEY}{id}_{}", random_text(SECRET)?);
        let fingerprint = Fingerprint::of(&text);
        // Made of the digits that `parse` takes.
        let id = KeyId::parse(&id).map_err(|_| NoRandomness)?;
        Ok((Secret::new(text), id, fingerprint))
    }

    /// What it is looked up by.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Session(fingerprint) | Self::Key(_, fingerprint) | Self::Node(fingerprint) => {
                *fingerprint
            }
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(_) => f.write_str("Session(..)"),
            Self::Node(_) => f.write_str("Node(..)"),
            Self::Key(id, _) => write!(f, "Key({id}, ..)"),
        }
    }
}

impl KeyId {
    /// Reads an id.
    ///
    /// # Errors
    /// When it is not 8 letters and digits.
    pub fn parse(text: &str) -> Result<Self, NotACredential> {
        let id = text.as_bytes().try_into().map_err(|_| NotACredential)?;
        is_text(text).then_some(Self(id)).ok_or(NotACredential)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| fmt::Write::write_char(f, char::from(*byte)))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn is_secret(text: &str) -> bool {
    text.len() == SECRET && is_text(text)
}

/// `hn_` and a secret, or a uuid.
fn is_node(text: &str) -> bool {
    let is_hyphen = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, byte): (usize, u8)| match is_hyphen(at) {
        true => byte == b'-',
        false => byte.is_ascii_hexdigit(),
    };
    text.strip_prefix(NODE).is_some_and(is_secret)
        || text.len() == UUID && text.bytes().enumerate().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_read_and_nothing_like_it() {
        let (token, fingerprint) = Credential::new_session().unwrap();
        assert_eq!(
            Credential::parse(token.expose()),
            Ok(Credential::Session(fingerprint))
        );
        let (key, id, fingerprint) = Credential::new_key().unwrap();
        assert_eq!(
            Credential::parse(key.expose()),
            Ok(Credential::Key(id, fingerprint))
        );
        assert_eq!(key.expose().len(), "hn_live_".len() + 8 + 1 + 43);
        for text in [
            "",
            "hn_",
            "hn_live_",
            "hn_live_12345678_",
            "hn_session_",
            "hn_node1_1700000000000",
        ] {
            assert!(Credential::parse(text).is_err(), "{text}");
        }
        for text in [token.expose(), key.expose()] {
            assert!(Credential::parse(&text[1..]).is_err());
            assert!(Credential::parse(&text[..text.len() - 1]).is_err());
            assert!(Credential::parse(&format!("{text}0")).is_err());
            assert!(Credential::parse(&text.replace(&text[text.len() - 1..], "é")).is_err());
        }
    }

    #[test]
    fn node_tokens_are_of_two_forms() {
        let of_43 = format!("hn_{}", "a".repeat(43));
        for text in [of_43.as_str(), "6d3f5c4b-0b29-4ac1-a1e8-4e02f39c1e9f"] {
            let parsed = Credential::parse(text);
            assert_eq!(parsed, Ok(Credential::Node(Fingerprint::of(text))));
            assert!(Credential::parse(&text[1..]).is_err());
            assert!(Credential::parse(&format!("{text}0")).is_err());
        }
        assert!(Credential::parse("6d3f5c4b-0b29-4ac1-a1e8-4e02f39c1e9g").is_err());
    }

    #[test]
    fn no_part_of_a_secret_is_printed() {
        let (key, id, _) = Credential::new_key().unwrap();
        let printed = format!("{key:?} {:?}", Credential::parse(key.expose()).unwrap());
        assert_eq!(printed, format!("*** Key({id}, ..)"));
    }
}
