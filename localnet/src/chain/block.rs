//! Executed transactions and blocks in the shapes that Geyser sends; the store keeps the same.

use std::collections::HashMap;

use solana_sdk::message::VersionedMessage;
use solana_sdk::transaction::VersionedTransaction;
use solana_sdk::{hash::hashv, pubkey::Pubkey};
use yellowstone_grpc_proto::prelude::{
    self as proto, BlockHeight, SubscribeUpdateAccountInfo, SubscribeUpdateBlock,
    SubscribeUpdateTransactionInfo, UnixTimestamp,
};

use super::{account::Change, bank::Executed, store::Header};

/// Every key of a transaction: static ones, then loaded writable, then loaded read-only ones.
pub fn keys_of(info: &SubscribeUpdateTransactionInfo) -> Vec<[u8; 32]> {
    let message = info.transaction.as_ref().and_then(|t| t.message.as_ref());
    let meta = info.meta.as_ref();
    let fixed = message
        .map(|m| m.account_keys.as_slice())
        .unwrap_or_default();
    let writable = meta
        .map(|m| m.loaded_writable_addresses.as_slice())
        .unwrap_or_default();
    let readonly = meta
        .map(|m| m.loaded_readonly_addresses.as_slice())
        .unwrap_or_default();
    fixed
        .iter()
        .chain(writable)
        .chain(readonly)
        .filter_map(|k| k.as_slice().try_into().ok())
        .collect()
}

/// A transaction with its result, as Geyser sends it.
pub(super) fn transaction_info(
    transaction: &VersionedTransaction,
    executed: Executed,
    index: u64,
) -> SubscribeUpdateTransactionInfo {
    SubscribeUpdateTransactionInfo {
        signature: transaction
            .signatures
            .first()
            .map(|s| s.as_ref().to_vec())
            .unwrap_or_default(),
        is_vote: false,
        transaction: Some(proto::Transaction {
            signatures: transaction
                .signatures
                .iter()
                .map(|s| s.as_ref().to_vec())
                .collect(),
            message: Some(message(&transaction.message)),
        }),
        meta: Some(executed.into_meta()),
        index,
    }
}

fn message(message: &VersionedMessage) -> proto::Message {
    let header = message.header();
    let lookups = message.address_table_lookups().unwrap_or_default();
    proto::Message {
        header: Some(proto::MessageHeader {
            num_required_signatures: header.num_required_signatures.into(),
            num_readonly_signed_accounts: header.num_readonly_signed_accounts.into(),
            num_readonly_unsigned_accounts: header.num_readonly_unsigned_accounts.into(),
        }),
        account_keys: message
            .static_account_keys()
            .iter()
            .map(|k| k.as_ref().to_vec())
            .collect(),
        recent_blockhash: message.recent_blockhash().as_ref().to_vec(),
        instructions: message
            .instructions()
            .iter()
            .map(|ix| proto::CompiledInstruction {
                program_id_index: ix.program_id_index.into(),
                accounts: ix.accounts.clone(),
                data: ix.data.clone(),
            })
            .collect(),
        versioned: !matches!(message, VersionedMessage::Legacy(_)),
        address_table_lookups: lookups
            .iter()
            .map(|lookup| proto::MessageAddressTableLookup {
                account_key: lookup.account_key.as_ref().to_vec(),
                writable_indexes: lookup.writable_indexes.clone(),
                readonly_indexes: lookup.readonly_indexes.clone(),
            })
            .collect(),
        ..Default::default()
    }
}

/// The accounts that a block changed, as it left them. A closed account shows as empty.
pub(super) fn accounts(
    slot: u64,
    changes: &[Change],
    transactions: &[SubscribeUpdateTransactionInfo],
) -> Vec<SubscribeUpdateAccountInfo> {
    let mut last = HashMap::new();
    for info in transactions {
        for key in keys_of(info) {
            last.insert(key, &info.signature);
        }
    }
    let accounts = (0u64..).zip(changes).map(|(ordinal, change)| {
        let state = change.after.clone().unwrap_or_default();
        SubscribeUpdateAccountInfo {
            pubkey: change.address.as_ref().to_vec(),
            lamports: state.lamports,
            owner: state.owner.as_ref().to_vec(),
            executable: state.executable,
            rent_epoch: state.rent_epoch,
            data: state.data,
            // Grows with the chain: a million changes fit into a slot.
            write_version: (slot << 20) + ordinal,
            // The last transaction that names the account is the last that may have changed it.
            txn_signature: last
                .get(&change.address.to_bytes())
                .map(|signature| (*signature).clone()),
        }
    });
    accounts.collect()
}

/// The hash of a block: it commits to its parent, slot, time and transactions.
pub(super) fn blockhash(
    parent: &[u8; 32],
    slot: u64,
    time: i64,
    transactions: &[SubscribeUpdateTransactionInfo],
) -> [u8; 32] {
    let (slot, time) = (slot.to_le_bytes(), time.to_le_bytes());
    let mut parts: Vec<&[u8]> = vec![b"hypernode-localnet block", parent, &slot, &time];
    parts.extend(transactions.iter().map(|t| t.signature.as_slice()));
    hashv(&parts).to_bytes()
}

/// A block as Geyser sends it.
pub(super) fn assemble(
    slot: u64,
    header: &Header,
    transactions: Vec<SubscribeUpdateTransactionInfo>,
    accounts: Vec<SubscribeUpdateAccountInfo>,
) -> SubscribeUpdateBlock {
    SubscribeUpdateBlock {
        slot,
        blockhash: text(&header.blockhash),
        rewards: Some(proto::Rewards::default()),
        block_time: Some(UnixTimestamp {
            timestamp: header.time,
        }),
        block_height: Some(BlockHeight {
            block_height: header.height,
        }),
        parent_slot: header.parent_slot,
        parent_blockhash: text(&header.parent_blockhash),
        executed_transaction_count: transactions.len() as u64,
        updated_account_count: accounts.len() as u64,
        accounts,
        transactions,
        // A bank per slot: no slot of this chain has two.
        bank_id: slot,
        ..Default::default()
    }
}

/// Base58 of 32 bytes.
pub(super) fn text(bytes: &[u8; 32]) -> String {
    Pubkey::new_from_array(*bytes).to_string()
}
