//! The canonical map, resolved against IDLs: program events become rows of `canonical_events`.

use hypernode_schemas::canonical::{Column, ColumnType, EventMap, Seed, Source};

use crate::chain::{Instruction, Pubkey, Transaction};
use crate::column::{RowWriter, Stream, read_string};
use crate::error::ConfigError;
use crate::idl::{Body, Event, Fields, Idl, Type};
use crate::plan::EventPlan;
use crate::program::{Program, Programs};

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

/// How one event becomes a canonical one: a source per column.
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

/// A field of the event that has just been decoded: the stream of its column, and what is in there.
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

/// Resolves one entry of the map. `program_of` gives the id of a configured label.
pub(crate) fn resolve(
    map: &EventMap,
    idl: &Idl,
    event: &Event,
    plan: &EventPlan,
    program_of: &dyn Fn(&str) -> Option<Pubkey>,
) -> Result<CanonicalPlan, ConfigError> {
    let mut sources: [Feed; 19] = Default::default();
    for (column, source) in &map.set {
        let Some((slot, name)) = COLUMNS
            .iter()
            .enumerate()
            .find_map(|(i, c)| (c.0 == *column).then_some((i, c.1)))
        else {
            continue;
        };
        let fail = |reason: String| ConfigError::Source {
            label: map.label.clone(),
            event: map.event.clone(),
            column: name.into(),
            reason,
        };
        let from = match source {
            Source::Account(account) => {
                if column.kind() != ColumnType::Pubkey {
                    return Err(fail("an account is an address, the column is not".into()));
                }
                Feed::Account(account_at(idl, account).map_err(fail)?)
            }
            Source::Field { name, values } => {
                let (field, values) =
                    field_for(idl, event, plan, name, values, column.kind()).map_err(fail)?;
                Feed::Field { field, values }
            }
            Source::Derive { label, seeds } => {
                if column.kind() != ColumnType::Pubkey {
                    return Err(fail("a derived address is no value for this column".into()));
                }
                let seeds: Result<_, _> = seeds
                    .iter()
                    .map(|seed| seed_from(idl, event, plan, seed))
                    .collect();
                Feed::Derived {
                    program: program_of(label),
                    seeds: seeds.map_err(fail)?,
                }
            }
        };
        if let Some(place) = sources.get_mut(slot) {
            *place = from;
        }
    }
    Ok(CanonicalPlan {
        kind: map.kind as i8,
        sources,
    })
}

fn seed_from(idl: &Idl, event: &Event, plan: &EventPlan, seed: &Seed) -> Result<SeedFrom, String> {
    match seed {
        Seed::Text(text) => Ok(SeedFrom::Text(text.clone().into_bytes())),
        Seed::Account(name) => Ok(SeedFrom::Account(account_at(idl, name)?)),
        Seed::Field(name) => match field_at(idl, event, plan, name)? {
            (
                FieldAt {
                    shape: Shape::Other,
                    ..
                },
                _,
            ) => Err(format!("field `{name}` is no seed")),
            (field, _) => Ok(SeedFrom::Field(field)),
        },
    }
}

fn account_at(idl: &Idl, name: &str) -> Result<AccountAt, String> {
    let positions = idl.instructions().iter().map(|ix| {
        let found = ix.accounts.iter().enumerate().find(|(_, a)| a.name == name);
        found.map(|(index, account)| Position {
            index,
            optional: account.optional,
        })
    });
    let positions: AccountAt = positions.collect();
    if positions.iter().all(Option::is_none) {
        return Err(format!("no instruction has an account `{name}`"));
    }
    Ok(positions)
}

/// A field whose value fits the column; an enum without `values` is named by its own variants.
fn field_for(
    idl: &Idl,
    event: &Event,
    plan: &EventPlan,
    name: &str,
    values: &[String],
    kind: ColumnType,
) -> Result<(FieldAt, Vec<String>), String> {
    let (field, variants) = field_at(idl, event, plan, name)?;
    let values = if values.is_empty() {
        variants
    } else {
        values.to_vec()
    };
    let fits = match kind {
        ColumnType::Pubkey => field.shape == Shape::Pubkey,
        ColumnType::Unsigned | ColumnType::Signed => {
            matches!(field.shape, Shape::Unsigned | Shape::Signed)
        }
        ColumnType::Text => match field.shape {
            Shape::Text => true,
            Shape::Unsigned | Shape::Variant => !values.is_empty(),
            _ => false,
        },
    };
    if fits {
        Ok((field, values))
    } else {
        Err(format!("field `{name}` has a type that does not fit"))
    }
}

fn field_at(
    idl: &Idl,
    event: &Event,
    plan: &EventPlan,
    name: &str,
) -> Result<(FieldAt, Vec<String>), String> {
    let mut body = &event.body;
    while let Body::Alias(Type::Defined(index)) = body
        && let Some(def) = idl.types().get(*index)
    {
        body = &def.body;
    }
    let missing = || format!("the event has no field `{name}`");
    let Body::Struct(Fields::Named(fields)) = body else {
        return Err(missing());
    };
    let position = fields
        .iter()
        .position(|f| f.name == name)
        .ok_or_else(missing)?;
    let stream = plan.columns.iter().take(position).map(|c| c.streams).sum();
    let mut kind = fields.get(position).map(|f| &f.kind).ok_or_else(missing)?;
    let mut variants = Vec::new();
    let shape = loop {
        break match kind {
            Type::Pubkey => Shape::Pubkey,
            Type::String => Shape::Text,
            Type::Unsigned(1..=8) => Shape::Unsigned,
            Type::Signed(1..=8) => Shape::Signed,
            Type::Defined(index) => match idl.types().get(*index).map(|t| &t.body) {
                Some(Body::Alias(target)) => {
                    kind = target;
                    continue;
                }
                Some(Body::Enum(list)) => {
                    variants = list.iter().map(|v| v.name.clone()).collect();
                    Shape::Variant
                }
                _ => Shape::Other,
            },
            _ => Shape::Other,
        };
    };
    Ok((FieldAt { stream, shape }, variants))
}

/// Where an event came from, for sources that are not in its bytes.
pub(crate) struct Origin<'a> {
    pub(crate) tx: &'a Transaction,
    pub(crate) programs: &'a Programs,
    pub(crate) program: &'a Program,
    /// Emitting instruction, if known.
    pub(crate) ix: Option<&'a Instruction>,
    /// The event's streams; the row in progress is its value.
    pub(crate) streams: &'a [Stream],
}

impl CanonicalPlan {
    /// Writes the value columns.
    pub(crate) fn write(&self, origin: &Origin<'_>, row: &mut RowWriter<'_>) {
        let called = origin
            .ix
            .and_then(|ix| origin.program.instruction(&ix.data));
        for ((column, _, _), from) in COLUMNS.iter().zip(&self.sources) {
            match column.kind() {
                ColumnType::Pubkey => row.fixed(&from.pubkey(origin, called).unwrap_or_default()),
                ColumnType::Text => from.text(origin, row),
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
    }
}

impl Feed {
    fn pubkey(&self, origin: &Origin<'_>, called: Option<usize>) -> Option<Pubkey> {
        match self {
            Self::Account(at) => account(at, origin, called).copied(),
            Self::Field { field, .. } => field.raw(origin)?.try_into().ok(),
            Self::Derived { program, seeds } => {
                let seeds = seeds.iter().map(|seed| match seed {
                    SeedFrom::Text(text) => Some(text.as_slice()),
                    SeedFrom::Account(at) => account(at, origin, called).map(<[u8; 32]>::as_slice),
                    SeedFrom::Field(field) => field.raw(origin),
                });
                let seeds: Vec<&[u8]> = seeds.collect::<Option<_>>()?;
                origin.programs.derive(program.as_ref()?, &seeds)
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
            None => row.string(format!("unknown_{number}").as_bytes()),
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

fn account<'a>(at: &AccountAt, origin: &Origin<'a>, called: Option<usize>) -> Option<&'a Pubkey> {
    let position = (*at.get(called?)?)?;
    let index = *origin.ix?.accounts.get(position.index)?;
    let key = origin.tx.keys.get(usize::from(index))?;
    // Anchor passes the program's own id where an optional account is left out.
    (!position.optional || *key != origin.program.id).then_some(key)
}
