//! What a decoder decodes with, as text: kept beside the rows, so that they can be made again when IDLs have changed.

use std::sync::Arc;

use hypernode_schemas::canonical;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::chain::Pubkey;
use crate::decode::{IdlVersion, ProgramConfig};
use crate::idl;

/// Programs with their IDLs, as text and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdlSet {
    hash: [u8; 32],
    text: Arc<str>,
}

/// Why a text is no set of IDLs.
#[derive(Debug, thiserror::Error)]
pub enum IdlSetError {
    /// It is no such JSON.
    #[error("a set of IDLs cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// An IDL in it is broken.
    #[error("a set of IDLs holds one that cannot be read: {0}")]
    Idl(#[from] idl::IdlError),
}

#[derive(Serialize, Deserialize)]
struct Set {
    /// Version of the canonical map that it was used with.
    map: u32,
    programs: Vec<Program>,
}

#[derive(Serialize, Deserialize)]
struct Program {
    label: String,
    id: Pubkey,
    versions: Vec<Version>,
}

#[derive(Serialize, Deserialize)]
struct Version {
    from_slot: u64,
    origin: String,
    idl: String,
}

impl IdlSet {
    /// The set of these programs, in their order. Where a file lay does not count for its hash.
    #[must_use]
    pub fn new(programs: &[ProgramConfig]) -> Self {
        let mut hash = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        field(&canonical::VERSION.to_le_bytes());
        let programs = programs.iter().map(|program| {
            field(program.label.as_bytes());
            field(&program.program_id);
            let versions = program.versions.iter().map(|version| {
                field(&version.from_slot.to_le_bytes());
                field(version.idl.hash());
                Version {
                    from_slot: version.from_slot,
                    origin: version.idl.origin().to_owned(),
                    idl: version.idl.text().to_owned(),
                }
            });
            let versions = versions.collect();
            field(b"end");
            Program {
                label: program.label.clone(),
                id: program.program_id,
                versions,
            }
        });
        let set = Set {
            map: canonical::VERSION,
            programs: programs.collect(),
        };
        Self {
            // Strings and numbers only: it cannot fail.
            text: serde_json::to_string(&set).unwrap_or_default().into(),
            hash: hash.finalize().into(),
        }
    }

    /// Names the set: equal for equal programs, labels, versions and IDLs.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The set itself, JSON.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The programs of such a text.
    ///
    /// # Errors
    /// When it is none, or of a version that wrote IDLs which this one refuses.
    pub fn read(text: &str) -> Result<Vec<ProgramConfig>, IdlSetError> {
        let set: Set = serde_json::from_str(text)?;
        let programs = set.programs.into_iter().map(|program| {
            let versions = program.versions.into_iter().map(|version| {
                let idl = idl::parse(&program.label, &version.origin, version.idl.as_bytes())?;
                let from_slot = version.from_slot;
                Ok(IdlVersion { from_slot, idl })
            });
            Ok(ProgramConfig {
                program_id: program.id,
                versions: versions.collect::<Result<_, IdlSetError>>()?,
                label: program.label,
            })
        });
        programs.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs() -> Vec<ProgramConfig> {
        let text = hypernode_schemas::idl::text("job_receipt").unwrap();
        let idl = idl::parse("job_receipt", "built-in", text.as_bytes()).unwrap();
        let mut program = ProgramConfig::new("job_receipt", [7; 32], idl.clone());
        program.versions.push(IdlVersion { from_slot: 9, idl });
        vec![program]
    }

    #[test]
    fn programs_come_back_as_they_were() {
        let programs = programs();
        let set = IdlSet::new(&programs);
        let back = IdlSet::read(set.text()).unwrap();
        assert_eq!(IdlSet::new(&back), set);
        assert_eq!(back, programs);
        assert!(IdlSet::read("{}").is_err());
        let broken = set.text().replace("from_slot", "from");
        assert!(IdlSet::read(&broken).is_err());
    }

    #[test]
    fn the_hash_tells_what_rows_depend_on_and_nothing_else() {
        let first = IdlSet::new(&programs()).hash();
        let changes: [fn(&mut ProgramConfig); 4] = [
            |program| program.label = "other".into(),
            |program| program.program_id = [8; 32],
            |program| program.versions[1].from_slot = 10,
            |program| drop(program.versions.pop()),
        ];
        for change in changes {
            let mut programs = programs();
            programs.iter_mut().for_each(change);
            assert_ne!(IdlSet::new(&programs).hash(), first);
        }
        let mut moved = programs();
        moved[0].versions[0].idl.origin = "elsewhere".into();
        assert_eq!(IdlSet::new(&moved).hash(), first);
    }
}
