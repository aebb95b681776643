//! From programs and the canonical map to everything a decoder needs, or the reason why not.

mod check;
mod draft;

use std::collections::HashMap;

use hypernode_schemas::canonical::{CanonicalMap, Emitter, EventMap};

use crate::call::{self, CallEntry};
use crate::canonical::{self, Emitting};
use crate::chain::Pubkey;
use crate::decode::ProgramConfig;
use crate::error::ConfigError;
use crate::idl::{Event, Idl, Instruction};
use crate::lookup::Lookup;
use crate::program::{EventEntry, Program, Programs, Version, cpi_proof};
use crate::tables::Tables;

pub(crate) use draft::Laying;
use draft::{Draft, Kind};

/// What [`build`] makes.
pub(crate) struct Built {
    pub(crate) programs: Programs,
    /// Two for each event and layout, one for each instruction and layout.
    pub(crate) tables: Tables,
}

pub(crate) fn build(configs: Vec<ProgramConfig>, map: &CanonicalMap) -> Result<Built, ConfigError> {
    check::programs(&configs)?;
    check::map(&configs, map)?;
    let ids: HashMap<String, Pubkey> = configs
        .iter()
        .map(|c| (c.label.clone(), c.program_id))
        .collect();
    let mut drafts = configs
        .iter()
        .map(Draft::new)
        .collect::<Result<Vec<_>, _>>()?;
    let mut tables = Tables::default();
    // First layouts have their names whatever later ones are called.
    for later in [false, true] {
        for draft in &mut drafts {
            draft.add_tables(later, &mut tables)?;
        }
    }
    let mut programs = Programs::default();
    for (config, draft) in configs.into_iter().zip(&drafts) {
        let maps: Vec<&EventMap> = map
            .maps
            .iter()
            .filter(|m| m.label == config.label)
            .collect();
        let mut versions = Vec::with_capacity(config.versions.len());
        for (number, version) in config.versions.iter().enumerate() {
            let maker = Maker {
                number,
                idl: &version.idl,
                draft,
                maps: &maps,
                ids: &ids,
            };
            versions.push(maker.version(version.from_slot, &config.program_id)?);
        }
        programs.push(Program {
            label: config.label,
            id: config.program_id,
            versions,
        });
    }
    Ok(Built { programs, tables })
}

/// Makes one version of a program.
struct Maker<'a> {
    number: usize,
    idl: &'a Idl,
    draft: &'a Draft,
    maps: &'a [&'a EventMap],
    ids: &'a HashMap<String, Pubkey>,
}

impl Maker<'_> {
    fn version(&self, from_slot: u64, id: &Pubkey) -> Result<Version, ConfigError> {
        let idl = self.idl;
        let events = idl.events().iter().map(|event| self.event(event));
        let events = events.collect::<Result<_, _>>()?;
        let calls = idl.instructions().iter().enumerate();
        let calls = calls
            .map(|(position, ix)| self.call(position, ix))
            .collect::<Result<_, _>>()?;
        Ok(Version {
            from_slot,
            cpi_proof: cpi_proof(id, idl.instructions()),
            events,
            calls,
            event_lookup: Lookup::new(idl.events().iter().map(|e| &e.discriminator)),
            call_lookup: Lookup::new(idl.instructions().iter().map(|ix| &ix.discriminator)),
        })
    }

    fn event(&self, event: &Event) -> Result<EventEntry, ConfigError> {
        let Some(laying) = self.draft.laying(Kind::Event, &event.name, self.number) else {
            return Err(ConfigError::Event {
                file: self.idl.origin().into(),
                event: event.name.clone(),
                reason: "it has no layout".into(),
            });
        };
        let emitting = Emitting::Event(event);
        let canonical = self.canonical(
            &emitting,
            &laying,
            |of| matches!(of, Emitter::Event(name) if *name == event.name),
        )?;
        Ok(EventEntry {
            name: event.name.clone(),
            plan: laying.remapped(),
            lacking: laying.placed.lacking,
            table: laying.table,
            canonical,
        })
    }

    fn call(&self, position: usize, ix: &Instruction) -> Result<CallEntry, ConfigError> {
        let Some(laying) = self.draft.laying(Kind::Call, &ix.name, self.number) else {
            return Ok(CallEntry::new(ix, None, None));
        };
        let emitting = Emitting::Call { position, ix };
        let canonical = self.canonical(
            &emitting,
            &laying,
            |of| matches!(of, Emitter::Instruction(name) if *name == ix.name),
        )?;
        let typed = call::Typed::new(ix, laying);
        Ok(CallEntry::new(ix, Some(typed), canonical))
    }

    fn canonical(
        &self,
        emitting: &Emitting<'_>,
        laying: &Laying,
        is: impl Fn(&Emitter) -> bool,
    ) -> Result<Option<canonical::CanonicalPlan>, ConfigError> {
        let Some(map) = self.maps.iter().find(|m| is(&m.of)) else {
            return Ok(None);
        };
        let program_of = |label: &str| self.ids.get(label).copied();
        let source = canonical::Layout {
            idl: self.idl,
            emitting,
            plan: &laying.plan,
            numbers: laying.numbers(),
        };
        canonical::resolve(map, &source, &program_of).map(Some)
    }
}

/// Base58 of a key, for messages.
pub(crate) fn base58(key: &Pubkey) -> String {
    solana_sdk::pubkey::Pubkey::new_from_array(*key).to_string()
}
