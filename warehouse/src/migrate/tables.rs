//! Tables whose columns come from IDLs: made, and changed where an IDL changed. Nothing is ever dropped.

use std::collections::HashMap;
use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use hypernode_schemas::table::TableSpec;
use tokio::time::{Instant, MissedTickBehavior};

use super::layout::{Change, Stored, alter_sql};
use super::place::{Place, Present, place};
use crate::client::{Client, WarehouseError};
use crate::fail;

/// Statements at once: an IDL may bring hundreds of tables.
const PARALLEL: usize = 8;
/// Rounds of looking and changing. The second one finds nothing to do, unless another process changes tables too.
const ROUNDS: usize = 5;

/// Time between lines about how far the making of tables is.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// Where the wanted tables are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placement {
    /// Wanted name to actual name, of those that differ.
    pub renames: HashMap<String, String>,
    /// Tables that were made now.
    pub created: usize,
    /// What was changed or stands elsewhere, a sentence each.
    pub lines: Vec<String>,
}

/// Makes the tables that are missing, adds the columns and enum values that an IDL brought, and places layouts that
/// their table cannot take into `<name>_v2`, `_v3` and so on beside it. Safe to repeat after an interruption, and
/// beside another process that does the same.
///
/// # Errors
/// [`WarehouseError::Conflict`] if other processes keep changing the same tables; else what ClickHouse said.
pub async fn evolve_tables(
    client: &Client,
    specs: &[TableSpec],
) -> Result<Placement, WarehouseError> {
    let mut placement = Placement::default();
    if specs.is_empty() {
        return Ok(placement);
    }
    for _ in 0..ROUNDS {
        let places = place(specs, &present(client).await?).map_err(WarehouseError::Conflict)?;
        let mut todo = Vec::new();
        for place in &places {
            let Some(spec) = specs.get(place.spec) else {
                continue;
            };
            match place.lacks.as_deref() {
                None => {
                    let own = TableSpec {
                        name: place.name.clone(),
                        ..spec.clone()
                    };
                    todo.push((place.name.clone(), own.create_sql()));
                    placement.created += 1;
                }
                Some([]) => {}
                Some(changes) => {
                    todo.push((place.name.clone(), alter_sql(&place.name, changes)));
                    placement.lines.extend(describe(&place.name, changes));
                }
            }
        }
        if todo.is_empty() {
            placement.settle(specs, places);
            return Ok(placement);
        }
        define(client, todo).await?;
    }
    Err(WarehouseError::Conflict(
        "the tables of the IDLs keep changing: another hypernode with other IDLs works on this database; only one may"
            .to_owned(),
    ))
}

/// Runs the statements, a few at a time. Thousands take a while: then a line every now and then says how far it is.
async fn define(client: &Client, todo: Vec<(String, String)>) -> Result<(), WarehouseError> {
    let total = todo.len();
    let mut doing = stream::iter(todo)
        .map(|(table, sql)| async move {
            let done = client.define(&sql).await;
            // Only the name tells whose IDL asked for it.
            done.map_err(|error| match error {
                WarehouseError::Refused { code, message } => WarehouseError::Refused {
                    code,
                    message: format!("table {table}: {message}"),
                },
                other => other,
            })?;
            fail::point("evolve.table");
            Ok::<_, WarehouseError>(())
        })
        .buffer_unordered(PARALLEL);
    let mut tell = tokio::time::interval_at(Instant::now() + TELL_EVERY, TELL_EVERY);
    tell.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut done = 0_usize;
    loop {
        tokio::select! {
            one = doing.next() => match one {
                Some(result) => result?,
                None => return Ok(()),
            },
            _ = tell.tick() => {
                tracing::info!(done, total, "making tables");
                continue;
            }
        }
        done += 1;
    }
}

impl Placement {
    /// Notes where everything ended up.
    fn settle(&mut self, specs: &[TableSpec], places: Vec<Place>) {
        for place in places {
            let Some(wanted) = specs.get(place.spec).map(|spec| &spec.name) else {
                continue;
            };
            if place.name == *wanted {
                continue;
            }
            if let Some(why) = place.because {
                self.lines.push(format!(
                    "{wanted} stays as it is ({why}): rows go to {} beside it",
                    place.name
                ));
            }
            self.renames.insert(wanted.clone(), place.name);
        }
    }
}

fn describe(table: &str, changes: &[Change]) -> Vec<String> {
    changes
        .iter()
        .map(|change| match change {
            Change::Add(column) => {
                format!("{table} has a new column {} {}", column.name, column.kind)
            }
            Change::Widen(column) => {
                format!("{table}.{} may hold more values now", column.name)
            }
        })
        .collect()
}

/// Columns of every table of the database, in order.
async fn present(client: &Client) -> Result<Present, WarehouseError> {
    let sql = "SELECT table, name, type, comment FROM system.columns WHERE database = currentDatabase() \
         ORDER BY table, position";
    let mut tables = Present::new();
    for (table, name, kind, comment) in client.rows::<(String, String, String, String)>(sql).await?
    {
        let column = Stored {
            name,
            kind,
            comment,
        };
        tables.entry(table).or_default().push(column);
    }
    Ok(tables)
}
