//! Typed tables over the layouts of all IDL versions: a layout that only adds columns shares its predecessor's table.

use std::collections::HashMap;
use std::sync::Arc;

use hypernode_schemas::table::{ACCOUNT_IDENTITY, ACCOUNT_KEY, Column, TableSpec};

use crate::column::{Head, HeadColumn};
use crate::error::ConfigError;
use crate::plan::{Plan, StreamDefault};

/// The tables so far.
#[derive(Debug, Default)]
pub(super) struct Tables {
    list: Vec<Group>,
    /// Newest table of each name, with what it is for.
    newest: HashMap<String, (usize, String)>,
}

/// One table under construction.
#[derive(Debug)]
struct Group {
    name: String,
    /// Which table of this name it is, from 1.
    number: u32,
    /// Columns after the key.
    columns: Vec<(HeadColumn, Vec<StreamDefault>)>,
}

/// A layout's streams in its table.
pub(super) struct Placed {
    /// Number of each of the layout's streams.
    pub(super) numbers: Vec<u32>,
    /// Streams that the layout lacks.
    pub(super) missing: Vec<(usize, StreamDefault)>,
}

impl Tables {
    /// The table for a layout: the newest of that name where the layout has all its columns, else another beside it.
    ///
    /// # Errors
    /// Two things of one name.
    pub(super) fn place(
        &mut self,
        name: &str,
        owner: &str,
        plan: &Plan,
    ) -> Result<usize, ConfigError> {
        let columns = columns(plan);
        let mut number = 1;
        if let Some((newest, first)) = self.newest.get(name) {
            if first != owner {
                return Err(ConfigError::TableClash {
                    table: name.to_owned(),
                    first: first.clone(),
                    second: owner.to_owned(),
                });
            }
            if let Some(group) = self.list.get_mut(*newest) {
                if group.extend(&columns) {
                    return Ok(*newest);
                }
                number = group.number + 1;
            }
        }
        let place = self.list.len();
        self.newest
            .insert(name.to_owned(), (place, owner.to_owned()));
        self.list.push(Group {
            name: name.to_owned(),
            number,
            columns,
        });
        Ok(place)
    }

    /// Where a layout's streams are in its table, once all layouts are placed.
    pub(super) fn placed(&self, table: usize, plan: &Plan) -> Placed {
        let own = columns(plan);
        let mut first = 0_usize;
        let mut starts = HashMap::new();
        let mut missing = Vec::new();
        let group = self.list.get(table).map_or(&[][..], |g| &g.columns);
        for (column, defaults) in group {
            starts.insert(column.name.as_str(), first);
            if own.iter().all(|(c, _)| c.name != column.name) {
                missing.extend((first..).zip(defaults.iter().copied()));
            }
            first += column.streams;
        }
        let mut numbers = Vec::new();
        for (column, _) in &own {
            let start = starts.get(column.name.as_str()).copied().unwrap_or(0);
            numbers.extend((start..start + column.streams).map(|n| n as u32));
        }
        Placed { numbers, missing }
    }

    pub(super) fn heads(&self) -> impl Iterator<Item = Arc<Head>> {
        self.list.iter().map(|group| {
            let key = ACCOUNT_IDENTITY.iter().map(|(name, kind)| HeadColumn {
                name: (*name).into(),
                kind: (*kind).into(),
                streams: 1,
            });
            let own = group.columns.iter().map(|(column, _)| column.clone());
            Arc::new(Head {
                name: group.table_name(),
                columns: key.chain(own).collect(),
            })
        })
    }
}

impl Group {
    /// Adds the columns of a layout that has all of this table's; `false` where it does not.
    fn extend(&mut self, columns: &[(HeadColumn, Vec<StreamDefault>)]) -> bool {
        let has = |wanted: &HeadColumn| columns.iter().any(|(c, _)| c == wanted);
        if !self.columns.iter().all(|(column, _)| has(column)) {
            return false;
        }
        let new = columns.iter().filter(|(column, _)| {
            let known = self.columns.iter().any(|(c, _)| c.name == column.name);
            !known
        });
        let new: Vec<_> = new.cloned().collect();
        self.columns.extend(new);
        true
    }

    fn table_name(&self) -> String {
        match self.number {
            1 => self.name.clone(),
            number => format!("{}_v{number}", self.name),
        }
    }
}

/// What a table's head says, for whoever creates it.
pub(super) fn spec(head: &Head) -> TableSpec {
    let column = |c: &HeadColumn| Column {
        name: c.name.clone(),
        kind: c.kind.clone(),
    };
    TableSpec {
        name: head.name.clone(),
        columns: head.columns.iter().map(column).collect(),
        order_by: ACCOUNT_KEY.iter().map(ToString::to_string).collect(),
    }
}

/// A layout's columns; a name that is taken gets `f_` before it.
fn columns(plan: &Plan) -> Vec<(HeadColumn, Vec<StreamDefault>)> {
    let mut columns: Vec<(HeadColumn, Vec<StreamDefault>)> = Vec::new();
    for (column, defaults) in plan.columns_with_defaults() {
        let mut column = column.clone();
        while ACCOUNT_KEY.contains(&column.name.as_str())
            || columns.iter().any(|(c, _)| c.name == column.name)
        {
            column.name.insert_str(0, "f_");
        }
        columns.push((column, defaults.to_vec()));
    }
    columns
}
