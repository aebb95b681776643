//! A machine with a clock, funded wallets and short ways to run instructions, for tests.
#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::panic,
    clippy::new_without_default,
    reason = "it serves tests only"
)]

use hypernode_localnet::svm::{Executed, Vm, genesis, instructions, token};
use solana_sdk::{
    hash::Hash,
    instruction::{Instruction, InstructionError},
    message::{Message, VersionedMessage},
    pubkey::Pubkey,
    signature::{Keypair, Signer as _},
    transaction::{TransactionError, VersionedTransaction},
};

/// Time at which every world starts.
pub const START: i64 = 1_800_000_000;

/// See the module.
pub struct World {
    pub vm: Vm,
    pub time: i64,
    pub slot: u64,
}

/// The wallet with this number; always the same key.
pub fn key(n: u8) -> Keypair {
    Keypair::new_from_array([n; 32])
}

impl World {
    pub fn new() -> Self {
        let mut vm = Vm::new().unwrap();
        for (address, account) in genesis::accounts() {
            vm.set_account(address, account).unwrap();
        }
        for n in 1..=6 {
            vm.set_account(key(n).pubkey(), genesis::wallet(10_000_000_000))
                .unwrap();
        }
        let mut world = Self {
            vm,
            time: START,
            slot: 1,
        };
        world.pass(0);
        world
    }

    /// Lets seconds pass.
    pub fn pass(&mut self, seconds: i64) {
        self.time += seconds;
        self.slot += 1;
        self.vm.set_clock(self.slot, self.time);
    }

    /// Gives a wallet HYPER; tells the token account's address.
    pub fn hyper(&mut self, owner: &Pubkey, amount: u64) -> Pubkey {
        let (address, account) = genesis::hyper(owner, amount);
        self.vm.set_account(address, account).unwrap();
        address
    }

    pub fn tokens(&self, address: &Pubkey) -> u64 {
        token::TokenAccount::read(&self.vm.account(address).unwrap())
            .unwrap()
            .amount
    }

    pub fn sign(&self, instructions: &[Instruction], signers: &[&Keypair]) -> VersionedTransaction {
        let mut blockhash = [0; 32];
        blockhash[..8].copy_from_slice(&self.slot.to_le_bytes());
        let message = Message::new_with_blockhash(
            instructions,
            Some(&signers[0].pubkey()),
            &Hash::new_from_array(blockhash),
        );
        VersionedTransaction::try_new(VersionedMessage::Legacy(message), signers).unwrap()
    }

    /// Executes; the first signer pays.
    pub fn run(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Executed {
        let transaction = self.sign(instructions, signers);
        self.vm.execute(&transaction).unwrap()
    }

    pub fn ok(&mut self, instruction: Instruction, signers: &[&Keypair]) -> Executed {
        let done = self.run(&[instruction], signers);
        assert_eq!(done.err, None, "{:#?}", done.logs);
        done
    }

    /// Executes an instruction that must fail with this custom code.
    pub fn refused(
        &mut self,
        code: u32,
        instruction: Instruction,
        signers: &[&Keypair],
    ) -> Executed {
        let done = self.run(&[instruction], signers);
        let expected = TransactionError::InstructionError(0, InstructionError::Custom(code));
        assert_eq!(done.err, Some(expected), "{:#?}", done.logs);
        done
    }
}

/// Payloads of the `Program data:` lines.
pub fn data(done: &Executed) -> Vec<Vec<u8>> {
    done.logs
        .iter()
        .filter_map(|line| line.strip_prefix("Program data: "))
        .map(|text| base64_simd::STANDARD.decode_to_vec(text).unwrap())
        .collect()
}

/// Registers a node of this wallet; tells its address.
pub fn register(world: &mut World, owner: u8, id: &str) -> Pubkey {
    let owner = key(owner);
    let instruction = instructions::register_node(&owner.pubkey(), id, "specs", "Berlin");
    world.ok(instruction, &[&owner]);
    instructions::node_address(&owner.pubkey(), id).unwrap()
}
