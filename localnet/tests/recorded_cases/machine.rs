//! A machine with the probe at two addresses: ours, and an attacker's.

use hypernode_decoder::chain;
use hypernode_localnet::svm::{genesis, probe::Probe, programs};
use litesvm::LiteSVM;
use solana_sdk::{
    hash::Hash,
    instruction::Instruction,
    message::{Message, VersionedMessage},
    pubkey,
    pubkey::Pubkey,
    signature::{Keypair, Signer as _},
    transaction::VersionedTransaction,
};

/// The program whose events are wanted.
pub(crate) const OURS: Pubkey = pubkey!("VictimVictimVictimVictimVictimVictimVictimV");
/// Another program.
pub(crate) const OTHER: Pubkey = pubkey!("AttackerAttackerAttackerAttackerAttackerAtt");
/// The feature that allows stack heights above 5.
const DEEPER_CALLS: Pubkey = pubkey!("6TkHkRmP7JZy1fdM6fg5uXn76wChQBWGokHBJzrLB3mj");

/// Our program, doing what it is told.
pub(crate) fn ours() -> Probe {
    Probe::at(OURS)
}

/// The other program.
pub(crate) fn other() -> Probe {
    Probe::at(OTHER)
}

/// Our event `Tick { seq }`.
pub(crate) fn tick(seq: u64) -> Vec<u8> {
    let discriminator = [64, 130, 163, 177, 52, 156, 114, 131];
    [discriminator, seq.to_le_bytes()].concat()
}

/// That event as a program's log would show it.
pub(crate) fn text(seq: u64) -> String {
    base64_simd::STANDARD.encode_to_string(tick(seq))
}

/// Executes outer instructions with mainnet's features.
pub(crate) fn run(outer: &[Instruction]) -> chain::Transaction {
    execute(LiteSVM::new(), outer)
}

/// Executes where calls may be nested eight deep.
pub(crate) fn run_deep(outer: &[Instruction]) -> chain::Transaction {
    let mut features = LiteSVM::mainnet_feature_set();
    features.activate(&DEEPER_CALLS, 0);
    let svm = LiteSVM::default()
        .with_feature_set(features)
        .with_builtins()
        .with_lamports(1_000_000_000_000)
        .with_sysvars()
        .with_default_programs();
    execute(svm, outer)
}

fn execute(svm: LiteSVM, outer: &[Instruction]) -> chain::Transaction {
    let mut svm = svm.with_blockhash_check(false);
    let elf = programs::all()
        .iter()
        .find(|p| p.label == "probe")
        .expect("probe")
        .elf;
    for id in [OURS, OTHER] {
        svm.add_program(id, elf).expect("probe loads");
    }
    let payer = Keypair::new_from_array([1; 32]);
    svm.set_account(payer.pubkey(), genesis::wallet(10_000_000_000))
        .expect("payer");
    svm.warp_to_slot(1);
    let message = Message::new_with_blockhash(outer, Some(&payer.pubkey()), &Hash::default());
    let keys: Vec<chain::Pubkey> = message.account_keys.iter().map(Pubkey::to_bytes).collect();
    let instructions = message.instructions.iter().map(|ix| chain::Instruction {
        program: ix.program_id_index,
        accounts: ix.accounts.clone(),
        data: ix.data.clone(),
        stack_height: None,
    });
    let instructions = instructions.collect();
    let signed = VersionedTransaction::try_new(VersionedMessage::Legacy(message), &[&payer]);
    let sent = svm.send_transaction(signed.expect("signed"));
    let (meta, err) = match sent {
        Ok(meta) => (meta, None),
        Err(failed) => (failed.meta, Some(failed.err.to_string().into_bytes())),
    };
    let groups = meta
        .inner_instructions
        .iter()
        .enumerate()
        .filter(|(_, group)| !group.is_empty());
    let inner = groups.map(|(outer, group)| chain::InnerGroup {
        outer: u8::try_from(outer).expect("few instructions"),
        instructions: group
            .iter()
            .map(|inner| chain::Instruction {
                program: inner.instruction.program_id_index,
                accounts: inner.instruction.accounts.clone(),
                data: inner.instruction.data.clone(),
                stack_height: Some(u32::from(inner.stack_height)),
            })
            .collect(),
    });
    chain::Transaction {
        signature: <[u8; 64]>::try_from(meta.signature.as_ref()).expect("64 bytes"),
        index: 0,
        version: -1,
        err,
        fee: meta.fee,
        compute_units: Some(meta.compute_units_consumed),
        keys,
        signers: 1,
        instructions,
        inner: Some(inner.collect()),
        logs: Some(meta.logs),
    }
}
