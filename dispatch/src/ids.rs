//! Names of jobs and nodes: a thing on chain is its address, anything else keeps its uuid.

use std::fmt;
use std::str::FromStr;

use hypernode_state::Address;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A uuid, or an address of the chain. Shown as hyphenated hex or base58: no text is both.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    /// Made here.
    Uuid(Uuid),
    /// Derived by a program.
    Address(Address),
}

/// Neither a uuid nor 32 bytes in base58.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected a hyphenated uuid, or an address in base58")]
pub struct IdError;

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(uuid) => uuid.fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        // The longest form is 44 characters; nothing longer is looked at.
        if text.len() == uuid::fmt::Hyphenated::LENGTH && text.as_bytes()[8] == b'-' {
            return Uuid::parse_str(text).map(Self::Uuid).map_err(|_| IdError);
        }
        let mut bytes = [0; 32];
        match text.len() <= 44 && bs58::decode(text).onto(&mut bytes) == Ok(32) {
            true => Ok(Self::Address(Address(bytes))),
            false => Err(IdError),
        }
    }
}

impl Id {
    /// Bytes that differ between any two ids, for hashes: a uuid's 16, an address's 32.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Uuid(uuid) => uuid.as_bytes(),
            Self::Address(address) => &address.0,
        }
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub Id);

        impl $name {
            /// A name of our own making: `number` is to be random, or unique otherwise.
            pub fn uuid(number: u128) -> Self {
                Self(Id::Uuid(uuid::Builder::from_random_bytes(number.to_be_bytes()).into_uuid()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.parse().map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.to_string()
            }
        }
    };
}

name! {
    /// A job: its account's address on chain, else a uuid.
    JobId
}
name! {
    /// A node: its account's address on chain once its owner has signed the host's key, else the host's uuid.
    NodeId
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_are_read_as_they_are_shown(bytes: [u8; 32], number: u128) {
            for id in [JobId::uuid(number), JobId(Id::Address(Address(bytes)))] {
                prop_assert_eq!(id.to_string().parse(), Ok(id));
                let json = serde_json::to_string(&id).expect("json");
                prop_assert_eq!(serde_json::from_str::<JobId>(&json).expect("an id"), id);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
            if let Ok(id) = text.parse::<Id>() {
                prop_assert_eq!(id.to_string().to_lowercase(), text.to_lowercase());
            }
        }
    }
}
