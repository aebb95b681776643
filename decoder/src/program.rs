//! Configured programs: who they are, which events they emit and how those are decoded.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, PoisonError};

use crate::canonical::CanonicalPlan;
use crate::chain::Pubkey;
use crate::idl::Instruction;
use crate::lookup::Lookup;
use crate::plan::Plan;
use crate::scan::{Catalogue, CpiProof};

/// Derived addresses kept for reuse; beyond this the cache starts anew.
const MAX_DERIVED: usize = 1 << 16;

/// One program.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) label: String,
    pub(crate) id: Pubkey,
    pub(crate) cpi_proof: CpiProof,
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) events: Vec<EventEntry>,
    /// Which of the events, and which of the instructions, data is.
    pub(crate) event_lookup: Lookup,
    pub(crate) instruction_lookup: Lookup,
}

/// One event of a program.
#[derive(Debug)]
pub(crate) struct EventEntry {
    pub(crate) name: String,
    pub(crate) plan: Plan,
    /// Number of its table among the typed ones; that of failed transactions follows it.
    pub(crate) table: usize,
    pub(crate) canonical: Option<CanonicalPlan>,
}

impl Program {
    /// Number of the event that a record is, the event, and the bytes after its discriminator.
    #[inline]
    pub(crate) fn event<'a>(&self, data: &'a [u8]) -> Option<(usize, &EventEntry, &'a [u8])> {
        let (number, body) = self.event_lookup.find(data)?;
        Some((number, self.events.get(number)?, body))
    }

    /// Position of the instruction that `data` calls.
    pub(crate) fn instruction(&self, data: &[u8]) -> Option<usize> {
        self.instruction_lookup.find(data).map(|(number, _)| number)
    }
}

/// All configured programs.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    pub(crate) list: Vec<Program>,
    index: HashMap<Pubkey, u16, BuildHasherDefault<PrefixHasher>>,
    derived: Mutex<HashMap<Vec<u8>, Option<Pubkey>>>,
}

impl Programs {
    pub(crate) fn push(&mut self, program: Program) {
        if let Ok(slot) = u16::try_from(self.list.len()) {
            self.index.insert(program.id, slot);
            self.list.push(program);
        }
    }

    pub(crate) fn slot_of(&self, id: &Pubkey) -> Option<u16> {
        self.index.get(id).copied()
    }

    pub(crate) fn get(&self, slot: u16) -> Option<&Program> {
        self.list.get(usize::from(slot))
    }

    /// `find_program_address`, remembered. `None` where a seed is too long or no address exists.
    pub(crate) fn derive(&self, program: &Pubkey, seeds: &[&[u8]]) -> Option<Pubkey> {
        let mut key = program.to_vec();
        for seed in seeds {
            key.extend_from_slice(&(seed.len() as u32).to_le_bytes());
            key.extend_from_slice(seed);
        }
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = derived.get(&key) {
            return *known;
        }
        let address = derive(program, seeds);
        if derived.len() >= MAX_DERIVED {
            derived.clear();
        }
        derived.insert(key, address);
        address
    }
}

/// `find_program_address` without its panics.
fn derive(program: &Pubkey, seeds: &[&[u8]]) -> Option<Pubkey> {
    if seeds.len() > 15 || seeds.iter().any(|seed| seed.len() > 32) {
        return None;
    }
    let program = solana_sdk::pubkey::Pubkey::new_from_array(*program);
    let found = solana_sdk::pubkey::Pubkey::try_find_program_address(seeds, &program);
    found.map(|(address, _)| address.to_bytes())
}

const AUTHORITY_SEED: &[u8] = b"__event_authority";

/// How a self-CPI event of a configured program is recognised. Anchor signs it with an address of the
/// program. An IDL without instructions may be of a program that emits in its own way: there the tag and the
/// self-call must do, and only the program itself can make that call.
pub(crate) fn cpi_proof(program: &Pubkey, instructions: &[Instruction]) -> CpiProof {
    if instructions.is_empty() {
        return CpiProof::SelfCall;
    }
    derive(program, &[AUTHORITY_SEED]).map_or(CpiProof::SelfCall, CpiProof::Authority)
}

/// The programs as the scanner asks for them.
pub(crate) struct View<'a> {
    pub(crate) programs: &'a Programs,
    pub(crate) wants_all: bool,
}

impl Catalogue for View<'_> {
    #[inline]
    fn slot(&self, program: &Pubkey) -> Option<u16> {
        self.programs.slot_of(program)
    }

    fn cpi_proof(&self, program: &Pubkey, slot: Option<u16>) -> CpiProof {
        let authority = match slot {
            Some(slot) => {
                let program = self.programs.get(slot);
                return program.map_or(CpiProof::Unwanted, |p| p.cpi_proof);
            }
            None if self.wants_all => self.programs.derive(program, &[AUTHORITY_SEED]),
            None => None,
        };
        authority.map_or(CpiProof::Unwanted, CpiProof::Authority)
    }

    fn knows(&self, slot: u16, data: &[u8]) -> bool {
        self.programs
            .get(slot)
            .is_some_and(|p| p.event_lookup.find(data).is_some())
    }

    fn wants_all(&self) -> bool {
        self.wants_all
    }
}

/// Takes the first eight bytes of a key as its hash. Keys in the map come from configuration, so nobody
/// outside can choose them to collide.
#[derive(Debug, Default)]
pub(crate) struct PrefixHasher(u64);

impl Hasher for PrefixHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<8>() {
            // hashbrown takes its tag from the top bits: spread vanity prefixes over them.
            self.0 = u64::from_le_bytes(*first).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn write_usize(&mut self, _: usize) {}
}
