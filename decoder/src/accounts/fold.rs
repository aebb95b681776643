//! Typed tables over the layouts of all IDL versions.

use std::collections::HashMap;
use std::sync::Arc;

use hypernode_schemas::table::{ACCOUNT_IDENTITY, ACCOUNT_KEY, Column, TableSpec};

use crate::column::{Head, HeadColumn};
use crate::error::{Claim, ConfigError};
use crate::evolve::{self, Laid, Placed};
use crate::plan::Plan;

/// The layouts so far, by the table that they ask for.
#[derive(Debug, Default)]
pub(super) struct Tables {
    list: Vec<Asked>,
    by_name: HashMap<String, usize>,
    /// For each layout its table and its place among that table's layouts.
    layouts: Vec<(usize, usize)>,
}

/// One table's name and the layouts that ask for it, in the order of their versions.
#[derive(Debug)]
struct Asked {
    name: String,
    /// What it is for.
    owner: Claim,
    layouts: Vec<Vec<Laid>>,
}

/// The tables that there are.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) heads: Vec<Arc<Head>>,
    /// One for each layout; its streams are numbered after the key.
    pub(super) placed: Vec<Placed>,
}

impl Tables {
    /// Asks for a table for a layout; returns the layout's number.
    ///
    /// # Errors
    /// Two things of one name.
    pub(super) fn ask(
        &mut self,
        name: &str,
        owner: &Claim,
        plan: &Plan,
    ) -> Result<usize, ConfigError> {
        let place = *self.by_name.entry(name.to_owned()).or_insert_with(|| {
            self.list.push(Asked {
                name: name.to_owned(),
                owner: owner.clone(),
                layouts: Vec::new(),
            });
            self.list.len() - 1
        });
        if let Some(asked) = self.list.get_mut(place) {
            if !asked.owner.is(owner) {
                return Err(ConfigError::TableClash {
                    table: name.to_owned(),
                    first: asked.owner.clone().into(),
                    second: owner.clone().into(),
                });
            }
            self.layouts.push((place, asked.layouts.len()));
            asked.layouts.push(evolve::lay(plan, &ACCOUNT_KEY));
        }
        Ok(self.layouts.len() - 1)
    }

    /// The tables for all layouts: one, or `_v2` and so on beside it where a layout does not fit.
    pub(super) fn fold(&self) -> Folded {
        let mut folded = Folded::default();
        let mut placed = Vec::new();
        for asked in &self.list {
            let first = folded.heads.len();
            let own = evolve::fold(&asked.layouts);
            for (number, columns) in (1..).zip(&own.tables) {
                folded.heads.push(Arc::new(head(asked, number, columns)));
            }
            let places = own.placed.into_iter().map(|place| Placed {
                table: first + place.table,
                ..place
            });
            placed.push(places.collect::<Vec<_>>());
        }
        let layouts = self.layouts.iter();
        folded.placed = layouts
            .map(|(table, layout)| {
                let place = placed.get(*table).and_then(|list| list.get(*layout));
                place.cloned().unwrap_or_default()
            })
            .collect();
        folded
    }
}

fn head(asked: &Asked, number: u32, columns: &[Laid]) -> Head {
    let key = ACCOUNT_IDENTITY.iter().map(|(name, kind)| HeadColumn {
        name: (*name).into(),
        kind: (*kind).into(),
        streams: 1,
    });
    Head {
        name: match number {
            1 => asked.name.clone(),
            number => format!("{}_v{number}", asked.name),
        },
        columns: key.chain(columns.iter().map(|c| c.head.clone())).collect(),
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
