//! From programs and the canonical map to everything a decoder needs, or the reason why not.

use std::collections::HashMap;
use std::sync::Arc;

use hypernode_schemas::canonical::{CanonicalMap, EventMap};
use hypernode_schemas::table::{Column, IDENTITY, IDENTITY_KEY, TableSpec};

use crate::canonical;
use crate::chain::Pubkey;
use crate::column::{Head, HeadColumn};
use crate::core_tables;
use crate::decode::{IdlVersion, ProgramConfig};
use crate::error::ConfigError;
use crate::idl::{Event, Idl};
use crate::lookup::Lookup;
use crate::plan::{self, Plan};
use crate::program::{EventEntry, Program, Programs, cpi_proof};

/// What [`build`] makes.
pub(crate) struct Built {
    pub(crate) programs: Programs,
    /// Typed tables: two per event.
    pub(crate) specs: Vec<TableSpec>,
    /// Core tables, then the typed ones.
    pub(crate) heads: Vec<Arc<Head>>,
}

pub(crate) fn build(configs: Vec<ProgramConfig>, map: &CanonicalMap) -> Result<Built, ConfigError> {
    check_programs(&configs)?;
    let ids: HashMap<String, Pubkey> = configs
        .iter()
        .map(|c| (c.label.clone(), c.program_id))
        .collect();
    let mut built = Built {
        programs: Programs::default(),
        specs: Vec::new(),
        heads: core_tables::heads().into(),
    };
    let mut owners = HashMap::new();
    for mut config in configs {
        // Until tables are folded over versions, the newest one describes every slot.
        let Some(IdlVersion { idl, .. }) = config.versions.pop() else {
            return Err(ConfigError::NoVersion(config.label));
        };
        let maps: Vec<&EventMap> = map
            .maps
            .iter()
            .filter(|m| m.label == config.label)
            .collect();
        check_map(&idl, &maps)?;
        let mut events = Vec::new();
        for event in idl.events() {
            let plan =
                plan::compile_body(&idl, &event.body).map_err(|error| ConfigError::Event {
                    file: idl.origin().into(),
                    event: event.name.clone(),
                    reason: error.to_string(),
                })?;
            let resolve = |map: &&EventMap| {
                let program_of = |label: &str| ids.get(label).copied();
                canonical::resolve(map, &idl, event, &plan, &program_of)
            };
            let canonical = maps
                .iter()
                .find(|m| m.event == event.name)
                .map(resolve)
                .transpose()?;
            let table = built.add_tables(&config, event, &plan, &mut owners)?;
            events.push(EventEntry {
                name: event.name.clone(),
                plan,
                table,
                canonical,
            });
        }
        built.programs.push(Program {
            label: config.label,
            id: config.program_id,
            cpi_proof: cpi_proof(&config.program_id, idl.instructions()),
            event_lookup: Lookup::new(idl.events().iter().map(|e| &e.discriminator)),
            instruction_lookup: Lookup::new(idl.instructions().iter().map(|ix| &ix.discriminator)),
            instructions: idl.instructions,
            events,
        });
    }
    Ok(built)
}

fn check_programs(configs: &[ProgramConfig]) -> Result<(), ConfigError> {
    if configs.len() >= usize::from(u16::MAX) {
        return Err(ConfigError::TooManyPrograms(configs.len()));
    }
    let mut ids = HashMap::new();
    let mut labels = HashMap::new();
    for config in configs {
        let id = base58(&config.program_id);
        if let Some(first) = labels.insert(&config.label, id.clone()) {
            return Err(ConfigError::DuplicateLabel(config.label.clone(), first, id));
        }
        if let Some(first) = ids.insert(config.program_id, &config.label) {
            return Err(ConfigError::DuplicateProgram {
                first: first.clone(),
                second: config.label.clone(),
                id,
            });
        }
    }
    Ok(())
}

fn check_map(idl: &Idl, maps: &[&EventMap]) -> Result<(), ConfigError> {
    let events = idl.events();
    match maps
        .iter()
        .find(|m| events.iter().all(|e| e.name != m.event))
    {
        None => Ok(()),
        Some(map) => Err(ConfigError::UnknownEvent {
            label: map.label.clone(),
            event: map.event.clone(),
        }),
    }
}

impl Built {
    /// Adds the event's two tables and returns the number of the first.
    fn add_tables(
        &mut self,
        config: &ProgramConfig,
        event: &Event,
        plan: &Plan,
        owners: &mut HashMap<String, String>,
    ) -> Result<usize, ConfigError> {
        let first = self.specs.len();
        let columns = columns(plan);
        for suffix in ["", "_failed"] {
            let name = format!("ev_{}_{}{suffix}", config.label, event.name);
            let owner = format!("`{}` of `{}`", event.name, config.label);
            if let Some(other) = owners.insert(name.clone(), owner.clone()) {
                return Err(ConfigError::TableClash {
                    table: name,
                    first: other,
                    second: owner,
                });
            }
            self.specs.push(TableSpec {
                name: name.clone(),
                columns: columns
                    .iter()
                    .map(|c| Column {
                        name: c.name.clone(),
                        kind: c.kind.clone(),
                    })
                    .collect(),
                order_by: IDENTITY_KEY.iter().map(ToString::to_string).collect(),
            });
            self.heads.push(Arc::new(Head {
                name,
                columns: columns.clone(),
            }));
        }
        Ok(first)
    }
}

/// Identity columns, then the event's; a name that is taken gets `f_` before it.
fn columns(plan: &Plan) -> Vec<HeadColumn> {
    let mut columns: Vec<HeadColumn> = IDENTITY
        .iter()
        .map(|(name, kind)| HeadColumn {
            name: (*name).into(),
            kind: (*kind).into(),
            streams: 1,
        })
        .collect();
    for column in &plan.columns {
        let mut column = column.clone();
        while columns.iter().any(|c| c.name == column.name) {
            column.name.insert_str(0, "f_");
        }
        columns.push(column);
    }
    columns
}

/// Base58 of a key, for messages.
pub(crate) fn base58(key: &Pubkey) -> String {
    solana_sdk::pubkey::Pubkey::new_from_array(*key).to_string()
}
