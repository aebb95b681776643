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

/// Every program that [`super::Vm::new`] loads. Those behind the probe are stand-ins ([`super::probe`]).
#[must_use]
pub fn all() -> &'static [Program] {
    const PROBE: &[u8] = include_bytes!("../../programs/elf/probe.so");
    &[
        Program {
            label: "node_registry",
            elf: include_bytes!("../../programs/elf/node_registry.so"),
        },
        Program {
            label: "job_receipt",
            elf: include_bytes!("../../programs/elf/job_receipt.so"),
        },
        Program {
            label: "payment_splitter",
            elf: include_bytes!("../../programs/elf/payment_splitter.so"),
        },
        Program {
            label: "probe",
            elf: PROBE,
        },
        Program {
            label: "hypernode_jobs",
            elf: PROBE,
        },
        Program {
            label: "hypernode_staking",
            elf: PROBE,
        },
        Program {
            label: "hypernode_rewards",
            elf: PROBE,
        },
    ]
}

/// Address on localnet of the program with this label.
#[must_use]
pub fn id(label: &str) -> Pubkey {
    Pubkey::new_from_array(program_id(label))
}
