//! The machine itself: versioned transactions, lookup tables, refusals, simulation, determinism.
#![allow(clippy::unwrap_used)] // clippy.toml spares only #[test] functions, not their helpers

use hypernode_localnet::svm::{Vm, instructions as ix, programs};
use hypernode_localnet_testing::world::{World, key};
use solana_sdk::{
    account::Account,
    hash::Hash,
    message::{AddressLookupTableAccount, VersionedMessage, v0},
    pubkey,
    signature::Signer as _,
    transaction::{TransactionError, VersionedTransaction},
};

/// A lookup table account as the program of that name keeps it: state, no end, no authority, addresses.
fn table(addresses: &[solana_sdk::pubkey::Pubkey]) -> Account {
    let mut data = vec![0; 56];
    data[0] = 1;
    data[4..12].copy_from_slice(&u64::MAX.to_le_bytes());
    data.extend(
        addresses
            .iter()
            .flat_map(solana_sdk::pubkey::Pubkey::to_bytes),
    );
    let owner = pubkey!("AddressLookupTab1e1111111111111111111111111");
    Account {
        lamports: 1_000_000_000,
        data,
        owner,
        ..Account::default()
    }
}

#[test]
fn lookup_tables_load_accounts() {
    let mut world = World::new();
    let owner = key(1);
    let instruction = ix::register_node(&owner.pubkey(), "n", "s", "l");
    let node = instruction.accounts[0].pubkey;
    let addresses = [key(9).pubkey(), ix::SYSTEM_PROGRAM, node];
    let at = key(40).pubkey();
    world.vm.set_account(at, table(&addresses)).unwrap();
    let tables = [AddressLookupTableAccount {
        key: at,
        addresses: addresses.to_vec(),
    }];
    let message =
        v0::Message::try_compile(&owner.pubkey(), &[instruction], &tables, Hash::default())
            .unwrap();
    let transaction =
        VersionedTransaction::try_new(VersionedMessage::V0(message), &[&owner]).unwrap();
    let done = world.vm.execute(&transaction).unwrap();
    assert_eq!((done.err, done.version), (None, 0));
    assert_eq!(done.loaded_writable, [node]);
    assert_eq!(done.loaded_readonly, [ix::SYSTEM_PROGRAM]);
    assert_eq!(
        done.static_keys,
        [owner.pubkey(), programs::id("node_registry")]
    );
    let rent = world.vm.rent(288);
    assert_eq!((done.pre_balances[2], done.post_balances[2]), (0, rent));
    assert_eq!(
        done.pre_balances[0] - done.post_balances[0],
        rent + done.fee
    );
    let changed: Vec<_> = done.changed.iter().map(|(key, _)| *key).collect();
    assert_eq!(changed, [owner.pubkey(), node]);
    // A table that ends before the index it is asked for.
    world.vm.set_account(at, table(&addresses[..1])).unwrap();
    let outcome = world.vm.execute(&transaction);
    assert_eq!(
        outcome,
        Err(TransactionError::InvalidAddressLookupTableIndex)
    );
}

#[test]
fn what_cannot_enter_a_block_changes_nothing() {
    let mut world = World::new();
    let (owner, poor) = (key(1), key(30));
    let before = world.vm.balance(&owner.pubkey());
    let mut forged = world.sign(
        &[ix::register_node(&owner.pubkey(), "n", "s", "l")],
        &[&owner],
    );
    forged.signatures[0] = key(2).sign_message(b"something else");
    assert_eq!(
        world.vm.execute(&forged),
        Err(TransactionError::SignatureFailure)
    );
    let unpaid = world.sign(
        &[ix::register_node(&poor.pubkey(), "n", "s", "l")],
        &[&poor],
    );
    assert_eq!(
        world.vm.execute(&unpaid),
        Err(TransactionError::AccountNotFound)
    );
    assert_eq!(world.vm.balance(&owner.pubkey()), before);
    assert_eq!(
        world.vm.program_accounts(&programs::id("node_registry")),
        []
    );
}

#[test]
fn a_failed_transaction_pays_its_fee_and_nothing_else() {
    let mut world = World::new();
    let owner = key(1);
    let before = world.vm.balance(&owner.pubkey());
    let done = world.refused(
        6001,
        ix::register_node(&owner.pubkey(), "n", "", "l"),
        &[&owner],
    );
    assert_eq!(
        (done.fee, world.vm.balance(&owner.pubkey())),
        (5_000, before - 5_000)
    );
    assert_eq!(done.changed.len(), 1);
    assert_eq!(
        world
            .vm
            .account(&ix::node_address(&owner.pubkey(), "n").unwrap()),
        None
    );
}

#[test]
fn simulation_tells_and_changes_nothing() {
    let mut world = World::new();
    let owner = key(1);
    let before = world.vm.balance(&owner.pubkey());
    let good = world.sign(
        &[ix::register_node(&owner.pubkey(), "n", "s", "l")],
        &[&owner],
    );
    let told = world.vm.simulate(&good);
    assert_eq!(told.err, None);
    let node = ix::node_address(&owner.pubkey(), "n").unwrap();
    assert!(
        told.accounts
            .iter()
            .any(|(key, account)| *key == node && account.data.len() == 288)
    );
    assert_eq!(
        (world.vm.account(&node), world.vm.balance(&owner.pubkey())),
        (None, before)
    );
    let done = world.vm.execute(&good).unwrap();
    assert_eq!(
        (done.logs, done.compute_units),
        (told.logs, told.compute_units)
    );
    let again = world.vm.simulate(&good);
    assert!(again.err.is_some() && again.accounts.is_empty());
}

#[test]
fn restored_accounts_continue_where_they_were() {
    let mut world = World::new();
    let owner = key(1);
    let mut changed = world
        .ok(ix::register_node(&owner.pubkey(), "n", "s", "l"), &[&owner])
        .changed;
    let node = ix::node_address(&owner.pubkey(), "n").unwrap();
    let mut other = Vm::new().unwrap();
    for (address, account) in changed.drain(..) {
        other.set_account(address, account).unwrap();
    }
    other.set_clock(100, world.time + 31);
    let heartbeat = world.sign(&[ix::heartbeat(&node, &owner.pubkey())], &[&owner]);
    assert_eq!(other.execute(&heartbeat).unwrap().err, None);
}

#[test]
fn equal_machines_give_equal_results() {
    let run = || {
        let mut world = World::new();
        let owner = key(1);
        world.ok(ix::register_node(&owner.pubkey(), "n", "s", "l"), &[&owner])
    };
    assert_eq!(run(), run());
}
