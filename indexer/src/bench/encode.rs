//! Made-up blocks as a Geyser server encodes them.

use bytes::Bytes;
use hypernode_decoder::chain::{Block, Transaction};
use prost::Message as _;
use yellowstone_grpc_proto::geyser::{
    SlotStatus, SubscribeUpdate, SubscribeUpdateBlock, SubscribeUpdateSlot,
    SubscribeUpdateTransactionInfo, subscribe_update::UpdateOneof,
};
use yellowstone_grpc_proto::solana::storage::confirmed_block as wire;

/// Keys that a transaction names beside those that its instruction uses, as real ones do.
const OTHER_KEYS: u8 = 8;

/// The block, and the status that confirms it.
pub(super) fn updates(block: &Block) -> [Bytes; 2] {
    let hash = |bytes: &[u8; 32]| bs58::encode(bytes).into_string();
    let message = SubscribeUpdateBlock {
        slot: block.slot,
        blockhash: hash(&block.blockhash),
        block_time: block
            .block_time
            .map(|timestamp| wire::UnixTimestamp { timestamp }),
        block_height: block
            .block_height
            .map(|block_height| wire::BlockHeight { block_height }),
        parent_slot: block.parent_slot,
        parent_blockhash: hash(&block.parent_blockhash),
        executed_transaction_count: block.executed_transaction_count,
        transactions: block.transactions.iter().map(transaction).collect(),
        ..Default::default()
    };
    let status = SubscribeUpdateSlot {
        slot: block.slot,
        parent: Some(block.parent_slot),
        status: SlotStatus::SlotConfirmed as i32,
        ..Default::default()
    };
    [UpdateOneof::Block(message), UpdateOneof::Slot(status)].map(|kind| {
        let update = SubscribeUpdate {
            filters: vec!["hypernode".to_owned()],
            update_oneof: Some(kind),
            ..Default::default()
        };
        update.encode_to_vec().into()
    })
}

fn transaction(tx: &Transaction) -> SubscribeUpdateTransactionInfo {
    let others = (0..OTHER_KEYS).map(|n| {
        let mut key = *blake3::hash(&tx.signature).as_bytes();
        key.rotate_left(usize::from(n) + 1);
        key.to_vec()
    });
    let account_keys: Vec<_> = tx
        .keys
        .iter()
        .map(|key| key.to_vec())
        .chain(others)
        .collect();
    let balances: Vec<u64> = (1..=account_keys.len() as u64)
        .map(|n| 1_234_567_890 * n)
        .collect();
    let instructions = tx.instructions.iter().map(|ix| wire::CompiledInstruction {
        program_id_index: u32::from(ix.program),
        accounts: ix.accounts.clone(),
        data: ix.data.clone(),
    });
    SubscribeUpdateTransactionInfo {
        signature: tx.signature.to_vec(),
        is_vote: false,
        transaction: Some(wire::Transaction {
            signatures: vec![tx.signature.to_vec()],
            message: Some(wire::Message {
                header: Some(wire::MessageHeader {
                    num_required_signatures: u32::from(tx.signers),
                    num_readonly_signed_accounts: 0,
                    num_readonly_unsigned_accounts: 1,
                }),
                recent_blockhash: vec![7; 32],
                instructions: instructions.collect(),
                versioned: true,
                account_keys,
                ..Default::default()
            }),
        }),
        meta: Some(wire::TransactionStatusMeta {
            fee: tx.fee,
            pre_balances: balances.clone(),
            post_balances: balances,
            log_messages: tx.logs.clone().unwrap_or_default(),
            return_data_none: true,
            compute_units_consumed: tx.compute_units,
            cost_units: tx.compute_units,
            ..Default::default()
        }),
        index: u64::from(tx.index),
    }
}
