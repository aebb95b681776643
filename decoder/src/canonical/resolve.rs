//! An entry of the map against the IDL: every name must exist and every type must fit.

use hypernode_schemas::canonical::{ColumnType, EventMap, Seed, Source};

use super::{AccountAt, COLUMNS, CanonicalPlan, Feed, FieldAt, Position, SeedFrom, Shape};
use crate::chain::Pubkey;
use crate::error::ConfigError;
use crate::idl::{Body, Event, Field, Fields, Idl, Instruction, Type};
use crate::plan::Plan;

/// What becomes a canonical event.
pub(crate) enum Emitting<'a> {
    Event(&'a Event),
    /// A call of this instruction, the IDL's `position`th.
    Call {
        position: usize,
        ix: &'a Instruction,
    },
}

/// Its layout.
pub(crate) struct Layout<'a> {
    pub(crate) idl: &'a Idl,
    pub(crate) emitting: &'a Emitting<'a>,
    pub(crate) plan: &'a Plan,
    /// For each stream of the plan its number in the table.
    pub(crate) numbers: &'a [u32],
}

/// Resolves one entry of the map. `program_of` gives the id of a configured label.
pub(crate) fn resolve(
    map: &EventMap,
    layout: &Layout<'_>,
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
            event: map.of.to_string(),
            column: name.into(),
            reason,
        };
        let from = match source {
            Source::Account(account) => {
                if column.kind() != ColumnType::Pubkey {
                    return Err(fail("an account is an address, the column is not".into()));
                }
                Feed::Account(layout.account_at(account).map_err(fail)?)
            }
            Source::Field { name, values } => {
                let (field, values) = layout
                    .field_for(name, values, column.kind())
                    .map_err(fail)?;
                Feed::Field { field, values }
            }
            Source::Derive { label, seeds } => {
                if column.kind() != ColumnType::Pubkey {
                    return Err(fail("a derived address is no value for this column".into()));
                }
                let seeds: Result<_, _> = seeds.iter().map(|seed| layout.seed_from(seed)).collect();
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

impl Layout<'_> {
    fn seed_from(&self, seed: &Seed) -> Result<SeedFrom, String> {
        match seed {
            Seed::Text(text) => Ok(SeedFrom::Text(text.clone().into_bytes())),
            Seed::Account(name) => Ok(SeedFrom::Account(self.account_at(name)?)),
            Seed::Field(name) => match self.field_at(name)? {
                (field, _) if field.shape == Shape::Other => {
                    Err(format!("field `{name}` is no seed"))
                }
                (field, _) => Ok(SeedFrom::Field(field)),
            },
        }
    }

    /// Where the account stands in each instruction that may have emitted this.
    fn account_at(&self, name: &str) -> Result<AccountAt, String> {
        let position = |ix: &Instruction| {
            let found = ix.accounts.iter().enumerate().find(|(_, a)| a.name == name);
            found.map(|(index, account)| Position {
                index,
                optional: account.optional,
            })
        };
        match self.emitting {
            Emitting::Call { position: at, ix } => {
                let found = position(ix).ok_or(format!("it has no account `{name}`"))?;
                let mut positions = vec![None; *at];
                positions.push(Some(found));
                Ok(positions)
            }
            Emitting::Event(_) => {
                let positions: AccountAt = self.idl.instructions().iter().map(position).collect();
                if positions.iter().all(Option::is_none) {
                    return Err(format!("no instruction has an account `{name}`"));
                }
                Ok(positions)
            }
        }
    }

    /// A field whose value fits the column; an enum without `values` is named by its own variants.
    fn field_for(
        &self,
        name: &str,
        values: &[String],
        kind: ColumnType,
    ) -> Result<(FieldAt, Vec<String>), String> {
        let (field, variants) = self.field_at(name)?;
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

    /// The fields by name, and what they are the fields of.
    fn fields(&self) -> (&[Field], &'static str) {
        let event = match self.emitting {
            Emitting::Call { ix, .. } => return (&ix.args, "the instruction has no argument"),
            Emitting::Event(event) => event,
        };
        let mut body = &event.body;
        while let Body::Alias(Type::Defined(index)) = body
            && let Some(def) = self.idl.types().get(*index)
        {
            body = &def.body;
        }
        match body {
            Body::Struct(Fields::Named(fields)) => (fields, "the event has no field"),
            _ => (&[], "the event has no field"),
        }
    }

    fn field_at(&self, name: &str) -> Result<(FieldAt, Vec<String>), String> {
        let (fields, missing) = self.fields();
        let missing = || format!("{missing} `{name}`");
        let position = fields
            .iter()
            .position(|f| f.name == name)
            .ok_or_else(missing)?;
        let first: usize = self
            .plan
            .columns
            .iter()
            .take(position)
            .map(|c| c.streams)
            .sum();
        let stream = *self.numbers.get(first).ok_or_else(missing)? as usize;
        let mut kind = fields.get(position).map(|f| &f.kind).ok_or_else(missing)?;
        let mut variants = Vec::new();
        let shape = loop {
            break match kind {
                Type::Pubkey => Shape::Pubkey,
                Type::String => Shape::Text,
                Type::Unsigned(1..=8) => Shape::Unsigned,
                Type::Signed(1..=8) => Shape::Signed,
                Type::Defined(index) => match self.idl.types().get(*index).map(|t| &t.body) {
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
}
