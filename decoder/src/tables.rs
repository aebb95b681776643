//! Names and heads of the typed tables.

use std::collections::HashMap;
use std::sync::Arc;

use hypernode_schemas::table::{Column, IDENTITY, IDENTITY_KEY, TableSpec};

use crate::column::{Head, HeadColumn};
use crate::error::{Claim, ConfigError};
use crate::evolve::Laid;

/// Typed tables in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) specs: Vec<TableSpec>,
    pub(crate) heads: Vec<Arc<Head>>,
    /// Who has a name.
    owners: HashMap<String, Claim>,
}

/// What tables are for.
pub(crate) struct Wanted<'a> {
    /// Name without version and ending.
    pub(crate) base: String,
    /// One table for each.
    pub(crate) endings: &'a [&'a str],
    /// Number of the layout: later ones than the first get `_v2`, `_v3` behind the name.
    pub(crate) layout: usize,
    /// Columns after the identity that do not come from the layout.
    pub(crate) fixed: &'a [(&'a str, &'a str)],
    pub(crate) columns: &'a [Laid],
    /// Whose they are, for messages.
    pub(crate) owner: Claim,
}

impl Tables {
    /// Adds tables and returns the number of the first. First layouts must be added before later ones: a number
    /// that would make another's name is skipped.
    pub(crate) fn add(&mut self, wanted: &Wanted<'_>) -> Result<usize, ConfigError> {
        let name = |version: usize, ending: &str| match version {
            0 => format!("{}{ending}", wanted.base),
            later => format!("{}_v{}{ending}", wanted.base, later + 1),
        };
        let taken = |version: usize| {
            let mut endings = wanted.endings.iter();
            endings.find_map(|e| self.owners.get_key_value(&name(version, e)))
        };
        let mut version = wanted.layout;
        while let Some((table, first)) = taken(version) {
            if version == 0 {
                return Err(ConfigError::TableClash {
                    table: table.clone(),
                    first: first.clone().into(),
                    second: wanted.owner.clone().into(),
                });
            }
            version += 1;
        }
        let number = self.specs.len();
        let columns = columns(wanted);
        for ending in wanted.endings {
            let name = name(version, ending);
            self.owners.insert(name.clone(), wanted.owner.clone());
            self.specs.push(TableSpec {
                name: name.clone(),
                columns: columns.iter().map(spec).collect(),
                order_by: IDENTITY_KEY.iter().map(ToString::to_string).collect(),
            });
            self.heads.push(Arc::new(Head {
                name,
                columns: columns.clone(),
            }));
        }
        Ok(number)
    }
}

fn spec(column: &HeadColumn) -> Column {
    Column {
        name: column.name.clone(),
        kind: column.kind.clone(),
    }
}

fn columns(wanted: &Wanted<'_>) -> Vec<HeadColumn> {
    let plain = |(name, kind): &(&str, &str)| HeadColumn {
        name: (*name).into(),
        kind: (*kind).into(),
        streams: 1,
    };
    let fixed = IDENTITY.iter().chain(wanted.fixed).map(plain);
    fixed
        .chain(wanted.columns.iter().map(|c| c.head.clone()))
        .collect()
}
