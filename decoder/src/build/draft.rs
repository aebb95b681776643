//! A program's layouts over its versions, folded into tables.

use std::collections::HashMap;

use crate::call;
use crate::decode::ProgramConfig;
use crate::error::{Claim, ConfigError};
use crate::evolve::{Folded, Laid, Placed, fold, lay};
use crate::idl::Idl;
use crate::plan::{self, Budget, Plan};
use crate::tables::{Tables, Wanted};

/// What tables are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Event,
    Call,
}

/// All events and instructions of a program.
pub(super) struct Draft {
    label: String,
    things: Vec<Thing>,
    index: HashMap<(Kind, String), usize>,
}

/// One event or instruction over the versions that have it.
struct Thing {
    kind: Kind,
    name: String,
    /// IDL file of the first of these versions.
    file: String,
    /// Version, plan, and the columns of the layout.
    layouts: Vec<(usize, Plan, Vec<Laid>)>,
    folded: Folded,
    /// First table of each folded group.
    tables: Vec<usize>,
}

/// A version's layout, and where it stands.
pub(crate) struct Laying {
    pub(crate) plan: Plan,
    pub(crate) placed: Placed,
    /// Number of its first table.
    pub(crate) table: usize,
    /// Streams of the layout before those of the plan.
    skipped: usize,
}

impl Laying {
    /// Numbers of the streams before those of the plan.
    pub(crate) fn before(&self) -> &[u32] {
        self.placed.numbers.get(..self.skipped).unwrap_or_default()
    }

    /// Numbers of the plan's streams.
    pub(crate) fn numbers(&self) -> &[u32] {
        self.placed.numbers.get(self.skipped..).unwrap_or_default()
    }

    /// The plan, writing to the table's streams.
    pub(crate) fn remapped(&self) -> Plan {
        let mut plan = self.plan.clone();
        plan.remap(self.numbers());
        plan
    }
}

impl Draft {
    pub(super) fn new(config: &ProgramConfig) -> Result<Self, ConfigError> {
        let mut draft = Self {
            label: config.label.clone(),
            things: Vec::new(),
            index: HashMap::new(),
        };
        for (number, version) in config.versions.iter().enumerate() {
            let idl = &version.idl;
            let mut budget = Budget::default();
            for event in idl.events() {
                let plan = plan::compile_body(idl, &event.body);
                let plan = plan.and_then(|plan| budget.admit(plan));
                let plan = plan.map_err(|error| ConfigError::Event {
                    file: idl.origin().into(),
                    event: event.name.clone(),
                    reason: error.to_string(),
                })?;
                let laid = lay(&plan, &identity());
                draft.add(Kind::Event, &event.name, idl, (number, plan, laid))?;
            }
            let mut budget = Budget::default();
            for ix in idl.instructions() {
                // Arguments that cannot become columns leave the call without a table, not the program without rows.
                let plan = plan::compile_fields(idl, &ix.args);
                let Ok(plan) = plan.and_then(|plan| budget.admit(plan)) else {
                    continue;
                };
                let taken: Vec<&str> = identity().into_iter().chain(call::TAKEN).collect();
                let mut laid = call::account_columns(ix);
                laid.extend(lay(&plan, &taken));
                draft.add(Kind::Call, &ix.name, idl, (number, plan, laid))?;
            }
        }
        for thing in &mut draft.things {
            let columns: Vec<_> = thing.layouts.iter().map(|l| l.2.clone()).collect();
            thing.folded = fold(&columns);
        }
        Ok(draft)
    }

    fn add(
        &mut self,
        kind: Kind,
        name: &str,
        idl: &Idl,
        layout: (usize, Plan, Vec<Laid>),
    ) -> Result<(), ConfigError> {
        let next = self.things.len();
        let at = *self.index.entry((kind, name.to_owned())).or_insert(next);
        if at == next {
            self.things.push(Thing {
                kind,
                name: name.to_owned(),
                file: idl.origin().to_owned(),
                layouts: Vec::new(),
                folded: Folded::default(),
                tables: Vec::new(),
            });
        }
        if let Some(thing) = self.things.get_mut(at) {
            if thing.layouts.iter().any(|l| l.0 == layout.0) {
                return Err(ConfigError::DuplicateName {
                    label: self.label.clone(),
                    name: name.to_owned(),
                });
            }
            thing.layouts.push(layout);
        }
        Ok(())
    }

    /// Adds the tables of the first layouts, or those of the later ones.
    pub(super) fn add_tables(
        &mut self,
        later: bool,
        tables: &mut Tables,
    ) -> Result<(), ConfigError> {
        for thing in &mut self.things {
            let groups = thing.folded.tables.iter().enumerate();
            for (layout, columns) in groups.filter(|(layout, _)| (*layout > 0) == later) {
                let (start, what, endings, fixed): (_, _, &[&str], &[_]) = match thing.kind {
                    Kind::Event => ("ev", "event", &["", "_failed"], &[]),
                    Kind::Call => ("ix", "instruction", &[""], &call::FIXED),
                };
                thing.tables.push(tables.add(&Wanted {
                    base: format!("{start}_{}_{}", self.label, thing.name),
                    endings,
                    layout,
                    fixed,
                    columns,
                    owner: Claim {
                        what: format!("{what} `{}`", thing.name),
                        label: self.label.clone(),
                        file: thing.file.clone(),
                    },
                })?);
            }
        }
        Ok(())
    }

    /// What a version has under this name.
    pub(super) fn laying(&self, kind: Kind, name: &str, version: usize) -> Option<Laying> {
        let at = *self.index.get(&(kind, name.to_owned()))?;
        let thing = self.things.get(at)?;
        let number = thing.layouts.iter().position(|l| l.0 == version)?;
        let placed = thing.folded.placed.get(number)?.clone();
        let (_, plan, _) = thing.layouts.get(number)?;
        Some(Laying {
            table: *thing.tables.get(placed.table)?,
            skipped: placed.numbers.len().saturating_sub(plan.defaults.len()),
            plan: plan.clone(),
            placed,
        })
    }
}

fn identity() -> [&'static str; 7] {
    hypernode_schemas::table::IDENTITY.map(|(name, _)| name)
}
