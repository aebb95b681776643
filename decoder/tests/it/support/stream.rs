//! Reads a recording of Geyser updates: zstd of varint-delimited messages.

use std::collections::BTreeMap;
use std::path::Path;

use hypernode_decoder::chain::{Block, InnerGroup, Instruction, Proof, Transaction};
use prost::Message as _;
use yellowstone_grpc_proto::geyser::subscribe_update::UpdateOneof;
use yellowstone_grpc_proto::geyser::{SubscribeUpdate, SubscribeUpdateTransactionInfo};

/// One block per slot with transactions, in slot order. Who won which fork is not this reader's business.
pub(crate) fn blocks(file: &Path) -> Vec<Block> {
    let packed = std::fs::read(file).expect("recording");
    let bytes = zstd::decode_all(packed.as_slice()).expect("zstd");
    let mut rest = bytes.as_slice();
    let mut slots: BTreeMap<u64, Vec<Transaction>> = BTreeMap::new();
    while !rest.is_empty() {
        let update = SubscribeUpdate::decode_length_delimited(&mut rest).expect("message");
        match update.update_oneof {
            Some(UpdateOneof::Transaction(update)) => {
                let tx = transaction(update.transaction.expect("transaction"));
                slots.entry(update.slot).or_default().push(tx);
            }
            Some(UpdateOneof::Block(block)) => {
                let transactions = block.transactions.into_iter().map(transaction);
                slots.entry(block.slot).or_default().extend(transactions);
            }
            _ => {}
        }
    }
    slots
        .into_iter()
        .map(|(slot, txs)| block(slot, txs))
        .collect()
}

pub(crate) fn block(slot: u64, mut transactions: Vec<Transaction>) -> Block {
    transactions.sort_by_key(|tx| tx.index);
    Block {
        slot,
        parent_slot: slot - 1,
        executed_transaction_count: transactions.len() as u64,
        proof: Proof::Block,
        transactions,
        ..Block::default()
    }
}

fn transaction(info: SubscribeUpdateTransactionInfo) -> Transaction {
    let message = info
        .transaction
        .expect("transaction")
        .message
        .expect("message");
    let meta = info.meta.expect("meta");
    let keys = message.account_keys.iter();
    let keys = keys
        .chain(&meta.loaded_writable_addresses)
        .chain(&meta.loaded_readonly_addresses);
    let byte = |n: u32| u8::try_from(n).expect("index");
    let inner = meta.inner_instructions.into_iter().map(|group| InnerGroup {
        outer: byte(group.index),
        instructions: group
            .instructions
            .into_iter()
            .map(|ix| Instruction {
                program: byte(ix.program_id_index),
                accounts: ix.accounts,
                data: ix.data,
                stack_height: ix.stack_height,
            })
            .collect(),
    });
    Transaction {
        signature: info.signature.as_slice().try_into().expect("signature"),
        index: info.index as u32,
        version: if message.versioned { 0 } else { -1 },
        err: meta.err.map(|e| e.err),
        fee: meta.fee,
        compute_units: meta.compute_units_consumed,
        keys: keys
            .map(|k| k.as_slice().try_into().expect("key"))
            .collect(),
        signers: byte(message.header.expect("header").num_required_signatures),
        instructions: message
            .instructions
            .into_iter()
            .map(|ix| Instruction {
                program: byte(ix.program_id_index),
                accounts: ix.accounts,
                data: ix.data,
                stack_height: None,
            })
            .collect(),
        inner: (!meta.inner_instructions_none).then(|| inner.collect()),
        logs: (!meta.log_messages_none).then_some(meta.log_messages),
    }
}
