//! Names as small numbers: capabilities as bits, models as places.

use std::collections::HashMap;

use super::gpu::{is_asked_for, model_words};

/// Capabilities that are told apart. A node's further ones are not looked for; a job that needs one matches nothing.
const MOST_CAPABILITIES: usize = 64;
/// Models that are told apart; of more, all others are one that no job asks for by name.
const MOST_MODELS: usize = 4_096;
/// Longest capability in bytes.
const MOST_NAME_BYTES: usize = 64;

/// Capabilities as bits.
#[derive(Debug, Default)]
pub(super) struct Capabilities(HashMap<String, u32>);

impl Capabilities {
    /// The bits of a node's capabilities.
    pub(super) fn offered(&mut self, names: &[String]) -> u64 {
        let mut bits = 0;
        for name in names.iter().take(MOST_CAPABILITIES) {
            let name = name.trim().to_lowercase();
            if name.is_empty() || name.len() > MOST_NAME_BYTES {
                continue;
            }
            let next = self.0.len();
            let bit = match self.0.get(&name) {
                Some(bit) => *bit,
                None if next < MOST_CAPABILITIES => *self.0.entry(name).or_insert(next as u32),
                None => continue,
            };
            bits |= 1 << bit;
        }
        bits
    }

    /// Rises when a capability comes that was not there.
    pub(super) fn version(&self) -> usize {
        self.0.len()
    }

    /// The bits that a job needs; nothing where a name is one that no node has said.
    pub(super) fn needed(&self, names: &[String]) -> Option<u64> {
        names.iter().try_fold(0, |bits, name| {
            let bit = self.0.get(&name.trim().to_lowercase())?;
            Some(bits | 1 << bit)
        })
    }
}

/// Models as places.
#[derive(Debug, Default)]
pub(super) struct Models {
    places: HashMap<String, u16>,
    words: Vec<Vec<String>>,
}

/// Which models a job takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Any.
    Any,
    /// Those whose bit is set, by place.
    These(Vec<u64>),
}

impl Takes {
    pub(super) fn has(&self, model: u16) -> bool {
        match self {
            Self::Any => true,
            Self::These(bits) => {
                let (word, bit) = (usize::from(model) / 64, model % 64);
                bits.get(word).is_some_and(|w| w >> bit & 1 == 1)
            }
        }
    }
}

impl Models {
    /// The place of a node's model. Place 0 is a model that nobody asks for by name.
    pub(super) fn place(&mut self, model: &str) -> u16 {
        let words = model_words(model);
        let key = words.join(" ");
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        if self.words.len() >= MOST_MODELS {
            return 0;
        }
        if self.words.is_empty() {
            self.words.push(Vec::new());
        }
        let place = self.words.len() as u16;
        self.words.push(words);
        self.places.insert(key, place);
        place
    }

    /// The models that `asked` names.
    pub(super) fn taking(&self, asked: Option<&str>) -> Takes {
        let asked = asked.map(model_words).unwrap_or_default();
        if asked.is_empty() {
            return Takes::Any;
        }
        let mut bits = vec![0_u64; self.words.len().div_ceil(64)];
        for (place, words) in self.words.iter().enumerate().skip(1) {
            if is_asked_for(&asked, words)
                && let Some(word) = bits.get_mut(place / 64)
            {
                *word |= 1 << (place % 64);
            }
        }
        Takes::These(bits)
    }

    /// Rises when a model comes that was not there: what was read from [`Models::taking`] before is to be read again.
    pub(super) fn version(&self) -> usize {
        self.words.len()
    }
}
