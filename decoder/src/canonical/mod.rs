//! The canonical map, resolved against IDLs: program events become rows of `canonical_events`.

mod resolve;

use std::io::Write as _;

use hypernode_schemas::canonical::{Column, ColumnType, MAX_SEEDS};

use crate::chain::{Instruction, Pubkey, Transaction};
use crate::column::{Identity, RowWriter, Stream, Table, read_string};
use crate::program::{Program, Programs};

pub(crate) use resolve::{Emitting, Layout, resolve};

/// Columns of `canonical_events` after the identity, kind, program and label, in the table's order.
pub(crate) const COLUMNS: [(Column, &str, &str); 19] = [
    (Column::Job, "job", "FixedString(32)"),
    (Column::Node, "node", "FixedString(32)"),
    (Column::Requester, "requester", "FixedString(32)"),
    (Column::Operator, "operator", "FixedString(32)"),
    (Column::Authority, "authority", "FixedString(32)"),
    (Column::Treasury, "treasury", "FixedString(32)"),
    (Column::Incentive, "incentive", "FixedString(32)"),
    (Column::Name, "name", "String"),
    (Column::NodeName, "node_name", "String"),
    (Column::JobType, "job_type", "String"),
    (Column::Status, "status", "String"),
    (Column::Price, "price", "UInt64"),
    (Column::OperatorAmount, "operator_amount", "UInt64"),
    (Column::TreasuryAmount, "treasury_amount", "UInt64"),
    (Column::IncentiveAmount, "incentive_amount", "UInt64"),
    (Column::Duration, "duration", "Int64"),
    (Column::ResultHash, "result_hash", "String"),
    (Column::LogsUrl, "logs_url", "String"),
    (Column::EventTime, "event_time", "Int64"),
];

/// How one event or instruction becomes a canonical event: a source per column.
#[derive(Debug)]
pub(crate) struct CanonicalPlan {
    /// Number in the `kind` column.
    pub(crate) kind: i8,
    sources: [Feed; 19],
}

/// A resolved source.
#[derive(Debug, Default)]
enum Feed {
    #[default]
    Nothing,
    Account(AccountAt),
    Field {
        field: FieldAt,
        values: Vec<String>,
    },
    Derived {
        program: Option<Pubkey>,
        seeds: Vec<SeedFrom>,
    },
}

#[derive(Debug)]
enum SeedFrom {
    Text(Vec<u8>),
    Field(FieldAt),
    Account(AccountAt),
}

/// Position of an account, by instruction.
type AccountAt = Vec<Option<Position>>;

#[derive(Debug, Clone, Copy)]
struct Position {
    index: usize,
    optional: bool,
}

/// A field of the event, or an argument, that has just been decoded: the stream of its column, and what is in there.
#[derive(Debug, Clone, Copy)]
struct FieldAt {
    stream: usize,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Pubkey,
    Text,
    Unsigned,
    Signed,
    Variant,
    Other,
}

/// Where an event came from, for sources that are not in its bytes.
pub(crate) struct Origin<'a> {
    pub(crate) tx: &'a Transaction,
    pub(crate) programs: &'a Programs,
    pub(crate) program: &'a Program,
    /// Emitting instruction, if known, and its number in the IDL.
    pub(crate) ix: Option<&'a Instruction>,
    pub(crate) called: Option<usize>,
    /// The event's or instruction's streams; the row in progress is its value.
    pub(crate) streams: &'a [Stream],
}

impl CanonicalPlan {
    /// Writes the row of what follows from an event or a call.
    pub(crate) fn write(&self, identity: &Identity, origin: &Origin<'_>, table: &mut Table) {
        let mut row = table.row();
        row.identity(identity)
            .fixed(&self.kind.to_le_bytes())
            .fixed(&origin.program.id)
            .string(origin.program.label.as_bytes());
        for ((column, _, _), from) in COLUMNS.iter().zip(&self.sources) {
            match column.kind() {
                ColumnType::Pubkey => row.fixed(&from.pubkey(origin).unwrap_or_default()),
                ColumnType::Text => from.text(origin, &mut row),
                ColumnType::Unsigned => row.u64(
                    from.number(origin)
                        .and_then(|n| u64::try_from(n).ok())
                        .unwrap_or_default(),
                ),
                ColumnType::Signed => {
                    let value = from.number(origin).and_then(|n| i64::try_from(n).ok());
                    row.fixed(&value.unwrap_or_default().to_le_bytes())
                }
            };
        }
        table.commit();
    }
}

impl Feed {
    fn pubkey(&self, origin: &Origin<'_>) -> Option<Pubkey> {
        match self {
            Self::Account(at) => account(at, origin).copied(),
            Self::Field { field, .. } => field.raw(origin)?.try_into().ok(),
            Self::Derived { program, seeds } => {
                let mut values = [&[][..]; MAX_SEEDS];
                for (value, seed) in values.iter_mut().zip(seeds) {
                    *value = match seed {
                        SeedFrom::Text(text) => text,
                        SeedFrom::Account(at) => account(at, origin)?,
                        SeedFrom::Field(field) => field.raw(origin)?,
                    };
                }
                let seeds = values.get(..seeds.len())?;
                origin.programs.derived.find(program.as_ref()?, seeds)
            }
            Self::Nothing => None,
        }
    }

    fn number(&self, origin: &Origin<'_>) -> Option<i128> {
        match self {
            Self::Field { field, .. } => field.number(origin),
            _ => None,
        }
    }

    fn text<'a, 'b>(
        &self,
        origin: &Origin<'_>,
        row: &'a mut RowWriter<'b>,
    ) -> &'a mut RowWriter<'b> {
        let Self::Field { field, values } = self else {
            return row.string(b"");
        };
        if field.shape == Shape::Text {
            return row.string(field.raw(origin).unwrap_or_default());
        }
        let number = field.number(origin).unwrap_or(-1);
        match usize::try_from(number).ok().and_then(|i| values.get(i)) {
            Some(text) => row.string(text.as_bytes()),
            None => {
                let mut text = [0; 48];
                let mut rest = text.as_mut_slice();
                // Longer than any number, so this cannot fail.
                let _ = write!(rest, "unknown_{number}");
                let left = rest.len();
                row.string(text.get(..text.len() - left).unwrap_or_default())
            }
        }
    }
}

impl FieldAt {
    /// The field's own bytes: text without its length, numbers little-endian.
    fn raw<'a>(&self, origin: &Origin<'a>) -> Option<&'a [u8]> {
        let row = origin.streams.get(self.stream)?.row();
        match self.shape {
            Shape::Text => read_string(row),
            _ => Some(row),
        }
    }

    fn number(&self, origin: &Origin<'_>) -> Option<i128> {
        let raw = self.raw(origin)?;
        let negative = self.shape == Shape::Signed && raw.last().is_some_and(|b| b & 0x80 != 0);
        let mut bytes = [if negative { 0xff } else { 0 }; 16];
        bytes.get_mut(..raw.len())?.copy_from_slice(raw);
        Some(i128::from_le_bytes(bytes))
    }
}

fn account<'a>(at: &AccountAt, origin: &Origin<'a>) -> Option<&'a Pubkey> {
    let position = (*at.get(origin.called?)?)?;
    let index = *origin.ix?.accounts.get(position.index)?;
    let key = origin.tx.keys.get(usize::from(index))?;
    // Anchor passes the program's own id where an optional account is left out.
    (!position.optional || *key != origin.program.id).then_some(key)
}
