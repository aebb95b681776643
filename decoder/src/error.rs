//! Why a decoder cannot be built.

use std::fmt;

use crate::idl::IdlError;

/// A thing of an IDL that asks for a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// `event`, `instruction` or `account`, and its name.
    pub what: String,
    /// Its program's label.
    pub label: String,
    /// The IDL file, the first one if several versions have it.
    pub file: String,
}

impl Claim {
    /// Whether both are one thing, whichever version's file says so.
    pub(crate) fn is(&self, other: &Self) -> bool {
        (&self.what, &self.label) == (&other.what, &other.label)
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of `{}` ({})", self.what, self.label, self.file)
    }
}

/// How two that want one table can be told apart.
fn apart(first: &Claim, second: &Claim) -> &'static str {
    if first.label == second.label {
        "rename one of the two in the IDL, or take it out"
    } else {
        "give one of the two IDLs another label (the name of its file)"
    }
}

/// A set of programs, or a canonical map, that cannot be used together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// An IDL is broken.
    #[error(transparent)]
    Idl(#[from] IdlError),
    /// Two labels for one program id.
    #[error(
        "programs `{first}` and `{second}` have the same id {id}: give each its own, or remove one"
    )]
    DuplicateProgram {
        /// Label of the earlier one.
        first: String,
        /// Label of the later one.
        second: String,
        /// The id, base58.
        id: String,
    },
    /// Two programs with one label.
    #[error("label `{0}` is used for two programs ({1} and {2}): rename one IDL file")]
    DuplicateLabel(String, String, String),
    /// A program without an interface.
    #[error("program `{0}` has no IDL: give it at least one version")]
    NoVersion(String),
    /// The versions of a program's interface are not in the order of their slots.
    #[error(
        "program `{label}`: IDL version from slot {slot} does not follow the one before it: order versions by slot, one per slot"
    )]
    VersionOrder {
        /// Its label.
        label: String,
        /// First slot of the version out of order.
        slot: u64,
    },
    /// More programs than can be numbered.
    #[error("{0} programs are configured, at most {max} are possible", max = u16::MAX - 1)]
    TooManyPrograms(usize),
    /// Two events, or two instructions, of one name.
    #[error("program `{label}` has `{name}` twice in one IDL: rename one in the file")]
    DuplicateName {
        /// Its label.
        label: String,
        /// The name.
        name: String,
    },
    /// Two things whose tables would have one name.
    #[error(
        "table `{table}` would hold both {first} and {second}: {}",
        apart(first, second)
    )]
    TableClash {
        /// The table.
        table: String,
        /// The earlier one.
        first: Box<Claim>,
        /// The later one.
        second: Box<Claim>,
    },
    /// An event's layout that cannot become columns.
    #[error("{file}: event `{event}`: {reason}")]
    Event {
        /// IDL file.
        file: String,
        /// The event.
        event: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The canonical map names an event or instruction that no version of the IDL has.
    #[error("canonical map: `{label}` has no {event}")]
    UnknownEvent {
        /// IDL label.
        label: String,
        /// `event` or `instruction`, and its name.
        event: String,
    },
    /// The canonical map names a field or account that is not there, or of another type.
    #[error("canonical map: {event} of `{label}`, column `{column}`: {reason}")]
    Source {
        /// IDL label.
        label: String,
        /// `event` or `instruction`, and its name.
        event: String,
        /// Column of `canonical_events`.
        column: String,
        /// What is wrong.
        reason: String,
    },
    /// A layout of `accounts.toml` that the IDL files do not bear out.
    #[error("accounts.toml: layout `{layout}` of account `{account}` of `{label}`: {reason}")]
    Layout {
        /// IDL label.
        label: String,
        /// The account.
        account: String,
        /// The layout.
        layout: String,
        /// What is wrong.
        reason: String,
    },
    /// Configuration names a layout that there is not.
    #[error(
        "programs.{label}.account_layout: there is no layout `{layout}`; use auto or one of: {known}"
    )]
    UnknownLayout {
        /// IDL label.
        label: String,
        /// The name given.
        layout: String,
        /// The names that exist.
        known: String,
    },
}
