//! Configured programs: who they are, and by slot how their events and instructions are decoded.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::call::CallEntry;
use crate::canonical::CanonicalPlan;
use crate::chain::Pubkey;
use crate::column::Stream;
use crate::derive::{self, Derived};
use crate::idl::Instruction;
use crate::lookup::Lookup;
use crate::plan::{Plan, StreamDefault};
use crate::scan::{Catalogue, CpiProof};

/// One program.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) label: String,
    pub(crate) id: Pubkey,
    /// Ascending by slot.
    pub(crate) versions: Vec<Version>,
}

/// A program from one slot until the next version's.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) from_slot: u64,
    pub(crate) cpi_proof: CpiProof,
    pub(crate) events: Vec<EventEntry>,
    pub(crate) calls: Vec<CallEntry>,
    /// Which of the events, and which of the instructions, data is.
    pub(crate) event_lookup: Lookup,
    pub(crate) call_lookup: Lookup,
}

/// One event of a version.
#[derive(Debug)]
pub(crate) struct EventEntry {
    pub(crate) name: String,
    /// Its streams are those of its table, counted from the first after the identity.
    pub(crate) plan: Plan,
    /// Streams of the table that this layout does not have.
    pub(crate) lacking: Vec<(u32, StreamDefault)>,
    /// Number of its table among the typed ones; that of failed transactions follows it.
    pub(crate) table: usize,
    pub(crate) canonical: Option<CanonicalPlan>,
}

impl EventEntry {
    /// Writes what a row of this layout has in columns that only other versions have.
    #[inline]
    pub(crate) fn fill(&self, streams: &mut [Stream]) {
        fill(&self.lacking, streams);
    }
}

/// Writes defaults.
#[inline]
pub(crate) fn fill(lacking: &[(u32, StreamDefault)], streams: &mut [Stream]) {
    for (stream, default) in lacking {
        if let Some(stream) = streams.get_mut(*stream as usize) {
            default.write(stream);
        }
    }
}

impl Program {
    /// The version that describes `slot`; `None` before the first.
    #[inline]
    pub(crate) fn at(&self, slot: u64) -> Option<&Version> {
        // Almost every block is of the newest version.
        let mut versions = self.versions.iter().rev();
        versions.find(|version| version.from_slot <= slot)
    }
}

impl Version {
    /// Number of the event that a record is, the event, and the bytes after its discriminator.
    #[inline]
    pub(crate) fn event<'a>(&self, data: &'a [u8]) -> Option<(usize, &EventEntry, &'a [u8])> {
        let (number, body) = self.event_lookup.find(data)?;
        Some((number, self.events.get(number)?, body))
    }

    /// Number of the instruction that `data` calls, the instruction, and its arguments.
    #[inline]
    pub(crate) fn call<'a>(&self, data: &'a [u8]) -> Option<(usize, &CallEntry, &'a [u8])> {
        let (number, args) = self.call_lookup.find(data)?;
        Some((number, self.calls.get(number)?, args))
    }
}

/// All configured programs.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    pub(crate) list: Vec<Program>,
    pub(crate) derived: Derived,
    index: HashMap<Pubkey, u16, BuildHasherDefault<PrefixHasher>>,
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
}

const AUTHORITY_SEED: &[u8] = b"__event_authority";

/// How a self-CPI event of a configured program is recognised. Anchor signs it with an address of the
/// program. An IDL without instructions may be of a program that emits in its own way: there the tag and the
/// self-call must do, and only the program itself can make that call.
pub(crate) fn cpi_proof(program: &Pubkey, instructions: &[Instruction]) -> CpiProof {
    if instructions.is_empty() {
        return CpiProof::SelfCall;
    }
    derive::find(program, &[AUTHORITY_SEED]).map_or(CpiProof::SelfCall, CpiProof::Authority)
}

/// The programs of one slot as the scanner asks for them.
pub(crate) struct View<'a> {
    pub(crate) programs: &'a Programs,
    /// The block's slot.
    pub(crate) at: u64,
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
                // Before the first version nothing says how the program emits.
                let version = program.map(|p| p.at(self.at));
                return version.map_or(CpiProof::Unwanted, |v| {
                    v.map_or(CpiProof::SelfCall, |v| v.cpi_proof)
                });
            }
            None if self.wants_all => self.programs.derived.find(program, &[AUTHORITY_SEED]),
            None => None,
        };
        authority.map_or(CpiProof::Unwanted, CpiProof::Authority)
    }

    fn knows(&self, slot: u16, data: &[u8]) -> bool {
        let version = self.programs.get(slot).and_then(|p| p.at(self.at));
        version.is_some_and(|v| v.event(data).is_some())
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
