//! The virtual machine under localnet: Solana's own runtime (LiteSVM) with our programs loaded.
//!
//! [`Vm`] holds accounts and executes signed transactions one after the other; it knows nothing of blocks.
//! Whoever builds blocks on it sets slot and time, refuses repeated signatures and stale blockhashes (the VM
//! checks neither), and stores [`Executed::changed`]. Everything else is deterministic: equal accounts, clock
//! and transaction give equal results.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use hypernode_localnet::svm::{Vm, genesis};
//! let mut vm = Vm::new()?;
//! for (address, account) in genesis::accounts() {
//!     vm.set_account(address, account)?; // a restarted chain sets the accounts that it stored instead
//! }
//! vm.set_clock(1, 1_700_000_000);
//! # let transaction = solana_sdk::transaction::VersionedTransaction::default();
//! match vm.execute(&transaction) {
//!     Ok(executed) => println!("in the block: {:?}", executed.err),
//!     Err(refused) => println!("never enters a block: {refused}"),
//! }
//! # Ok(()) }
//! ```

pub mod genesis;
mod idls;
pub mod instructions;
pub mod probe;
pub mod programs;
pub mod splitter;
pub mod token;
pub mod types;
mod vm;

pub use vm::{Executed, InnerInstruction, Simulated, Vm, VmError};
