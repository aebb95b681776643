//! Arguments of a manifest: their types, and the values that fit.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::is_name;

/// The type of an argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ArgType {
    /// A whole number within bounds, both inclusive.
    Int {
        /// Least.
        min: i64,
        /// Greatest.
        max: i64,
    },
    /// One of these words.
    Choice(Vec<String>),
    /// A name by [`is_name`].
    Name,
}

/// A value of an argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Arg {
    /// A whole number.
    Int(i64),
    /// A choice or a name.
    Word(String),
}

/// Values by argument.
pub type Args = BTreeMap<String, Arg>;

/// Why a manifest cannot be run with these values. Holds none of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// No value.
    #[error("argument `{0}` has no value")]
    Missing(String),
    /// A value for what is no argument.
    #[error("`{manifest}` has no argument of one of the given names; it has: {known}")]
    Unknown {
        /// Id of the manifest.
        manifest: String,
        /// Its arguments.
        known: String,
    },
    /// A value that does not fit.
    #[error("argument `{arg}` {error}")]
    Value {
        /// The argument.
        arg: String,
        /// What it must be.
        error: ArgError,
    },
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgError {
    /// A number in range.
    #[error("must be a whole number from {min} to {max}")]
    Int {
        /// Least.
        min: i64,
        /// Greatest.
        max: i64,
    },
    /// One of a few words.
    #[error("must be one of: {0}")]
    Choice(String),
    /// A name.
    #[error(
        "must be 1 to 64 letters, digits, dots, dashes or underscores and not begin with a dash"
    )]
    Name,
}

impl ArgType {
    /// Whether a value fits.
    ///
    /// # Errors
    /// What it must be.
    pub fn check(&self, value: &Arg) -> Result<(), ArgError> {
        let fits = match (self, value) {
            (Self::Int { min, max }, Arg::Int(number)) => (min..=max).contains(&number),
            (Self::Choice(words), Arg::Word(word)) => words.contains(word),
            (Self::Name, Arg::Word(word)) => is_name(word),
            _ => false,
        };
        match self {
            _ if fits => Ok(()),
            Self::Int { min, max } => Err(ArgError::Int {
                min: *min,
                max: *max,
            }),
            Self::Choice(words) => Err(ArgError::Choice(words.join(", "))),
            Self::Name => Err(ArgError::Name),
        }
    }
}

impl fmt::Display for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::Word(word) => f.write_str(word),
        }
    }
}
