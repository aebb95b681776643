//! An entry of the map against the IDL: every name must exist and every type must fit.

use hypernode_schemas::canonical::{ColumnType, EventMap, Seed, Source};

use super::{AccountAt, COLUMNS, CanonicalPlan, Feed, FieldAt, Position, SeedFrom, Shape};
use crate::chain::Pubkey;
use crate::error::ConfigError;
use crate::idl::{Body, Event, Fields, Idl, Type};
use crate::plan::Plan;

/// Resolves one entry of the map. `program_of` gives the id of a configured label.
pub(crate) fn resolve(
    map: &EventMap,
    idl: &Idl,
    event: &Event,
    plan: &Plan,
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

fn seed_from(idl: &Idl, event: &Event, plan: &Plan, seed: &Seed) -> Result<SeedFrom, String> {
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
    plan: &Plan,
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
    plan: &Plan,
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
