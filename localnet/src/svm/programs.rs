//! The programs that localnet loads: committed ELFs (`localnet/programs/` has sources and rebuild steps).

use hypernode_schemas::localnet::program_id;
use solana_sdk::pubkey::Pubkey;

/// One loaded program.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// IDL label, or the name of a program without an IDL.
    pub label: &'static str,
    /// The ELF that the runtime executes.
    pub elf: &'static [u8],
}

impl Program {
    /// Its address on localnet.
    #[must_use]
    pub fn id(&self) -> Pubkey {
        id(self.label)
    }
}

/// Every program that [`super::Vm::new`] loads.
#[must_use]
pub fn all() -> &'static [Program] {
    &[]
}

/// Address on localnet of the program with this label.
#[must_use]
pub fn id(label: &str) -> Pubkey {
    Pubkey::new_from_array(program_id(label))
}
