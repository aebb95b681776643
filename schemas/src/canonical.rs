//! Typed model of `canonical.toml`: how program events become canonical events. Reading it needs no IDL;
//! whether the named events, fields and accounts exist is checked where IDLs are known (`decoder`).

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// The map that ships with Hypernode.
pub const TEXT: &str = include_str!("../canonical.toml");

/// The version of the format that this code reads.
pub const VERSION: u32 = 1;

/// Seeds of a derived address: the last of the runtime's sixteen is the bump.
pub const MAX_SEEDS: usize = 15;

/// A whole map.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CanonicalMap {
    /// Version of the format; always [`VERSION`] after [`parse`].
    pub version: u32,
    /// One entry per program event or instruction, in file order. None of them occurs twice.
    #[serde(default, rename = "map")]
    pub maps: Vec<EventMap>,
}

/// How one program event, or one successful call of an instruction, becomes one canonical event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawMap")]
pub struct EventMap {
    /// What it means.
    pub kind: Kind,
    /// IDL label of the program.
    pub label: String,
    /// What of the program it is.
    pub of: Emitter,
    /// Where each column's value comes from; absent columns hold "none".
    pub set: BTreeMap<Column, Source>,
}

/// What becomes a canonical event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Emitter {
    /// An event, by its name in the IDL.
    Event(String),
    /// A call of an instruction, by its name in the IDL: for programs that emit nothing.
    Instruction(String),
}

impl fmt::Display for Emitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(name) => write!(f, "event `{name}`"),
            Self::Instruction(name) => write!(f, "instruction `{name}`"),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMap {
    kind: Kind,
    label: String,
    event: Option<String>,
    instruction: Option<String>,
    set: BTreeMap<Column, Source>,
}

impl TryFrom<RawMap> for EventMap {
    type Error = &'static str;

    fn try_from(raw: RawMap) -> Result<Self, Self::Error> {
        let of = match (raw.event, raw.instruction) {
            (Some(name), None) => Emitter::Event(name),
            (None, Some(name)) => Emitter::Instruction(name),
            _ => return Err("an entry names either an `event` or an `instruction`"),
        };
        Ok(Self {
            kind: raw.kind,
            label: raw.label,
            of,
            set: raw.set,
        })
    }
}

/// Meaning of a canonical event; the numbers are those of the `kind` column in `canonical_events`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[repr(i8)]
pub enum Kind {
    /// A node appeared.
    NodeRegistered = 1,
    /// A node's status was set.
    NodeStatusChanged = 2,
    /// A node went away.
    NodeDeregistered = 3,
    /// A job appeared.
    JobCreated = 4,
    /// A job was given to a node.
    JobAssigned = 5,
    /// A job's result was submitted.
    JobCompleted = 6,
    /// A node reported that a job failed.
    JobFailed = 7,
    /// A client withdrew a job.
    JobCancelled = 8,
    /// A job was settled.
    PaymentDistributed = 9,
    /// A payment without a job went through the splitter.
    PaymentProcessed = 10,
}

/// Value columns of `canonical_events`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// Address of the job account.
    Job,
    /// Address of the node account.
    Node,
    /// Wallet that ordered the job.
    Requester,
    /// Wallet that owns or operates the node.
    Operator,
    /// Signer of the instruction, where it may be somebody else.
    Authority,
    /// Treasury token account of a payment.
    Treasury,
    /// Incentive pool token account of a payment.
    Incentive,
    /// The chain's own string for the job: a label, not an identity.
    Name,
    /// The chain's own string for the node: a label, not an identity.
    NodeName,
    /// Kind of work, as text.
    JobType,
    /// Status of the node, as text.
    Status,
    /// Price or total in token units.
    Price,
    /// Operator's part in token units.
    OperatorAmount,
    /// Treasury's part in token units.
    TreasuryAmount,
    /// Incentive pool's part in token units.
    IncentiveAmount,
    /// Run time in seconds as the program states it.
    Duration,
    /// Hash of the result, as the program states it.
    ResultHash,
    /// Where the logs are, as the program states it.
    LogsUrl,
    /// The program's own timestamp, seconds since the epoch.
    EventTime,
}

/// What a column of `canonical_events` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// `FixedString(32)`.
    Pubkey,
    /// `String` or `LowCardinality(String)`.
    Text,
    /// `UInt64`.
    Unsigned,
    /// `Int64`.
    Signed,
}

impl Column {
    /// The type of this column's values.
    #[must_use]
    pub fn kind(self) -> ColumnType {
        match self {
            Self::Job
            | Self::Node
            | Self::Requester
            | Self::Operator
            | Self::Authority
            | Self::Treasury
            | Self::Incentive => ColumnType::Pubkey,
            Self::Name
            | Self::NodeName
            | Self::JobType
            | Self::Status
            | Self::ResultHash
            | Self::LogsUrl => ColumnType::Text,
            Self::Price | Self::OperatorAmount | Self::TreasuryAmount | Self::IncentiveAmount => {
                ColumnType::Unsigned
            }
            Self::Duration | Self::EventTime => ColumnType::Signed,
        }
    }
}

/// Where a column's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawSource")]
pub enum Source {
    /// An account of the instruction (of an event: the one that emitted it), by its IDL name.
    Account(String),
    /// A field of the event, or an argument of the instruction.
    Field {
        /// Its name in the IDL.
        name: String,
        /// Texts for an integer or an enum's variant index; empty = the value itself. An index beyond the
        /// list becomes `unknown_<index>`.
        values: Vec<String>,
    },
    /// `find_program_address` of these seeds; a seed over 32 bytes or an unconfigured program gives none.
    Derive {
        /// IDL label of the program that owns the address.
        label: String,
        /// One to sixteen seeds (the last of the runtime's sixteen is the bump: fifteen here).
        seeds: Vec<Seed>,
    },
}

/// One seed of a derived address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Seed {
    /// These bytes.
    Text(String),
    /// The bytes of an event field: a pubkey's 32, a string's own, an integer's little-endian ones.
    Field(String),
    /// The address of an account of the emitting instruction, by its IDL name.
    Account(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    account: Option<String>,
    field: Option<String>,
    values: Option<Vec<String>>,
    derive: Option<String>,
    seeds: Option<Vec<Seed>>,
}

impl TryFrom<RawSource> for Source {
    type Error = &'static str;

    fn try_from(raw: RawSource) -> Result<Self, Self::Error> {
        match raw {
            RawSource {
                account: Some(name),
                field: None,
                values: None,
                derive: None,
                seeds: None,
            } => Ok(Self::Account(name)),
            RawSource {
                account: None,
                field: Some(name),
                values,
                derive: None,
                seeds: None,
            } => Ok(Self::Field {
                name,
                values: values.unwrap_or_default(),
            }),
            RawSource {
                account: None,
                field: None,
                values: None,
                derive: Some(label),
                seeds: Some(seeds),
            } => match seeds.len() {
                1..=MAX_SEEDS => Ok(Self::Derive { label, seeds }),
                _ => Err("a derived address takes 1 to 15 seeds"),
            },
            _ => Err("a source is { account }, { field }, { field, values } or { derive, seeds }"),
        }
    }
}

/// Why a map was refused.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// Not TOML, an unknown key, kind, column or source.
    #[error("canonical map: {0}")]
    Syntax(#[from] toml::de::Error),
    /// Written for another version of this code.
    #[error("canonical map: version {found} is not supported, use version {VERSION}")]
    Version {
        /// The version that the text states.
        found: u32,
    },
    /// One event cannot mean two things.
    #[error("canonical map: {event} of {label} is mapped twice, remove one")]
    Duplicate {
        /// IDL label.
        label: String,
        /// What is mapped.
        event: String,
    },
}

/// Reads a map.
///
/// # Errors
/// When the text is not a map of [`VERSION`], or maps one event twice.
pub fn parse(text: &str) -> Result<CanonicalMap, CanonicalError> {
    let map: CanonicalMap = toml::from_str(text)?;
    if map.version != VERSION {
        return Err(CanonicalError::Version { found: map.version });
    }
    for (i, a) in map.maps.iter().enumerate() {
        if map.maps[..i]
            .iter()
            .any(|b| a.label == b.label && a.of == b.of)
        {
            return Err(CanonicalError::Duplicate {
                label: a.label.clone(),
                event: a.of.to_string(),
            });
        }
    }
    Ok(map)
}
