//! Whether programs can live together, and whether the map names what they have.

use std::collections::HashMap;

use hypernode_schemas::canonical::{CanonicalMap, Emitter};

use super::base58;
use crate::decode::ProgramConfig;
use crate::error::ConfigError;

pub(super) fn programs(configs: &[ProgramConfig]) -> Result<(), ConfigError> {
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
        if config.versions.is_empty() {
            return Err(ConfigError::NoVersion(config.label.clone()));
        }
        let mut pairs = config.versions.windows(2);
        if let Some([_, late]) =
            pairs.find(|pair| matches!(pair, [a, b] if a.from_slot >= b.from_slot))
        {
            return Err(ConfigError::VersionOrder {
                label: config.label.clone(),
                slot: late.from_slot,
            });
        }
    }
    Ok(())
}

/// Every entry for a configured label must name what some version has.
pub(super) fn map(configs: &[ProgramConfig], map: &CanonicalMap) -> Result<(), ConfigError> {
    for entry in &map.maps {
        let Some(config) = configs.iter().find(|c| c.label == entry.label) else {
            continue;
        };
        let known = config.versions.iter().any(|version| match &entry.of {
            Emitter::Event(name) => version.idl.events().iter().any(|e| e.name == *name),
            Emitter::Instruction(name) => {
                version.idl.instructions().iter().any(|i| i.name == *name)
            }
        });
        if !known {
            return Err(ConfigError::UnknownEvent {
                label: entry.label.clone(),
                event: entry.of.to_string(),
            });
        }
    }
    Ok(())
}
