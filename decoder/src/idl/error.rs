//! Why an IDL is refused: file, place in it, reason.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// An IDL that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {path}: {problem}")]
pub struct IdlError {
    /// File as the caller named it.
    pub file: String,
    /// JSON path of the offending value, `$` being the whole file.
    pub path: String,
    /// What is wrong there.
    pub problem: Box<Problem>,
}

impl IdlError {
    /// What to do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        self.problem.fix()
    }
}

/// What can be wrong with an IDL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file is not JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// A key that must be there is not.
    #[error("key `{0}` is missing")]
    Missing(&'static str),
    /// A value has the wrong JSON type or range.
    #[error("expected {expected}, found {found}")]
    Shape {
        /// What the format asks for.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// `metadata.spec` names a format that is not known.
    #[error(
        "IDL spec `{0}` is not known (known: 0.1.0, and the legacy format without `metadata.spec`)"
    )]
    Spec(String),
    /// An address that is not 32 bytes of base58.
    #[error("`{0}` is not a program id (32 bytes in base58)")]
    Address(String),
    /// A key or name that is too long or holds control characters.
    #[error("`{0}` cannot name a table or column")]
    Name(String),
    /// A name that would break lines or move cursors wherever it is shown.
    #[error("the name `{0}` holds a control character")]
    Control(String),
    /// A field's name that ClickHouse would take for a part of another column.
    #[error("the field's name `{0}` holds a dot")]
    Dot(String),
    /// A key that an object has more than once.
    #[error("key `{0}` stands here more than once")]
    Twice(String),
    /// A generic argument that is no array's length.
    #[error(
        "expected a length below 2^32 as generic argument, found `{given}` (for the array at {array})"
    )]
    Length {
        /// The argument.
        given: String,
        /// Path of the array's length in the definition.
        array: String,
    },
    /// More tables than one file may make.
    #[error(
        "the file makes {tables} tables, at most {max} are possible: two for an event, one for an instruction or account"
    )]
    Tables {
        /// So many.
        tables: usize,
        /// The limit.
        max: usize,
    },
    /// A generic parameter that the definition does not declare.
    #[error("generic parameter `{0}` is not declared")]
    UnknownParameter(String),
    /// A type used with more or fewer generic arguments than it has parameters.
    #[error("type `{name}` has {wanted} generic parameters, {given} are given")]
    Arguments {
        /// The type.
        name: String,
        /// Parameters that it declares.
        wanted: usize,
        /// Arguments here.
        given: usize,
    },
    /// A type that neither the format nor the file defines.
    #[error("unknown type `{0}`")]
    UnknownType(String),
    /// A type that contains itself.
    #[error("type contains itself: {0}")]
    Cycle(String),
    /// Types nested too deeply to be a record.
    #[error("types are nested deeper than {0} levels: {1}")]
    Depth(usize, String),
    /// Two things of one kind with one name.
    #[error("{what} `{name}` is defined twice (first at {first})")]
    Duplicate {
        /// Kind of thing.
        what: &'static str,
        /// The name.
        name: String,
        /// Path of the first one.
        first: String,
    },
    /// Two discriminators that cannot be told apart.
    #[error("discriminators of {what} `{one}` and `{other}` clash: {one_hex} and {other_hex}")]
    Clash {
        /// Kind of thing.
        what: &'static str,
        /// The earlier one.
        one: String,
        /// The later one.
        other: String,
        /// Discriminator of `one`, hex.
        one_hex: String,
        /// Discriminator of `other`, hex.
        other_hex: String,
    },
    /// An event uses a type that this version cannot lay out.
    #[error("event `{event}` needs a type that is not supported: {reason}")]
    Unsupported {
        /// The event.
        event: String,
        /// Which type and why.
        reason: String,
    },
    /// Mistakes beyond those that are listed.
    #[error("and {0} more")]
    More(usize),
    /// A layout that cannot become columns, or an account or instruction that therefore is left out.
    #[error("{what} `{name}` cannot become columns: {reason}")]
    Layout {
        /// Kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Errors found so far; a file made of mistakes is not worth listing whole.
#[derive(Debug, Default)]
pub(super) struct Errors {
    listed: Vec<IdlError>,
    /// Hashes of these and of some more: an event may meet the same mistake as another.
    seen: HashSet<u64>,
    /// Further ones.
    beyond: usize,
}

/// More are only counted.
const MAX_ERRORS: usize = 100;
/// More are counted without looking whether they came before: a file may be nothing but mistakes.
const MAX_SEEN: usize = 10_000;

impl Errors {
    /// Notes a mistake.
    pub(super) fn push(&mut self, error: IdlError) {
        self.push_with(|| error);
    }

    /// Notes a mistake, which is only made if it is looked at.
    pub(super) fn push_with(&mut self, error: impl FnOnce() -> IdlError) {
        if self.seen.len() >= MAX_SEEN {
            self.beyond += 1;
            return;
        }
        let error = error();
        let mut hash = DefaultHasher::new();
        (&error.path, error.problem.to_string()).hash(&mut hash);
        if self.seen.insert(hash.finish()) && self.listed.len() < MAX_ERRORS {
            self.listed.push(error);
        }
    }

    /// The value, or nothing and a note of the error.
    pub(super) fn keep<T>(&mut self, result: Result<T, IdlError>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// Up to 100 mistakes, and behind them how many more there are.
    pub(super) fn into_list(self) -> Vec<IdlError> {
        let more = self.seen.len().saturating_sub(self.listed.len()) + self.beyond;
        let mut list = self.listed;
        if let (1.., Some(file)) = (more, list.first().map(|error| error.file.clone())) {
            list.push(IdlError {
                file,
                path: "$".into(),
                problem: Problem::More(more).into(),
            });
        }
        list
    }
}
