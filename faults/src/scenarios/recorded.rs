//! Scenarios over a recording of the chain that was changed: what no stream of ours can be made to do.

use std::path::Path;

use anyhow::{Context as _, Result};
use prost::Message as _;
use yellowstone_grpc_proto::geyser::{
    SlotStatus, SubscribeUpdate, SubscribeUpdateBlock, SubscribeUpdateBlockMeta,
    SubscribeUpdateSlot, SubscribeUpdateTransaction, subscribe_update::UpdateOneof,
};
use yellowstone_grpc_proto::prelude::CompiledInstruction;

use super::Verdict;
use crate::compare;
use crate::ingest::own_program;
use crate::net::{Net, NetOptions};
use crate::store::{self, Store};

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    /// What becomes of a block.
    pub(super) change: fn(SubscribeUpdateBlock) -> Vec<UpdateOneof>,
    /// Columns that may differ.
    pub(super) but: &'static [&'static str],
}

impl Recorded {
    pub(super) async fn play(&self, store: &Store) -> Result<Verdict> {
        let root = store::folder()?;
        let options = NetOptions {
            slot_ms: 5,
            ..NetOptions::new(root.path(), 78)
        };
        let last = options.last_slot;
        let mut net = Net::start(&own_program()?, options).await?;
        let recording = net.finished().await?;
        store.clean_run(&recording).await?;
        let changed = root.path().join("changed.bin");
        self.rewrite(&recording, &changed)?;
        let outcome = store.indexed(&changed).await?;
        if !outcome.gaps.is_empty() {
            return Ok(Verdict::Gap(format!("{:?}", outcome.gaps)));
        }
        let difference = compare::compare_but(&store.client, 1, last, self.but).await?;
        if difference.is_none() {
            return Ok(Verdict::Equal(difference.rows));
        }
        Ok(Verdict::Failed(difference.lines.join("; ")))
    }

    fn rewrite(&self, from: &Path, to: &Path) -> Result<()> {
        let bytes = std::fs::read(from)?;
        let mut rest = bytes.as_slice();
        let mut out = Vec::new();
        while !rest.is_empty() {
            let update = SubscribeUpdate::decode_length_delimited(&mut rest)
                .context("the chain's own recording")?;
            let updates = match update.update_oneof {
                Some(UpdateOneof::Block(block)) => (self.change)(block),
                other => other.into_iter().collect(),
            };
            for update in updates {
                let update = SubscribeUpdate {
                    update_oneof: Some(update),
                    ..Default::default()
                };
                update.encode_length_delimited(&mut out)?;
            }
        }
        Ok(std::fs::write(to, out)?)
    }
}

/// A block as it comes where blocks are not asked for: one by one, and what closes it.
fn parts(block: SubscribeUpdateBlock) -> (Vec<UpdateOneof>, UpdateOneof) {
    let meta = SubscribeUpdateBlockMeta {
        slot: block.slot,
        blockhash: block.blockhash,
        rewards: block.rewards,
        block_time: block.block_time,
        block_height: block.block_height,
        parent_slot: block.parent_slot,
        parent_blockhash: block.parent_blockhash,
        executed_transaction_count: block.executed_transaction_count,
        entries_count: block.entries_count,
        bank_id: block.bank_id,
    };
    let transactions = block.transactions.into_iter().map(|transaction| {
        UpdateOneof::Transaction(SubscribeUpdateTransaction {
            transaction: Some(transaction),
            slot: meta.slot,
            bank_id: meta.bank_id,
        })
    });
    (transactions.collect(), UpdateOneof::BlockMeta(meta))
}

/// The meta overtakes the transactions.
pub(super) fn meta_first(block: SubscribeUpdateBlock) -> Vec<UpdateOneof> {
    let (transactions, meta) = parts(block);
    std::iter::once(meta).chain(transactions).collect()
}

/// Transactions come far from the order of their index, and twice.
pub(super) fn disordered(block: SubscribeUpdateBlock) -> Vec<UpdateOneof> {
    let (transactions, meta) = parts(block);
    let backwards = transactions.iter().rev().cloned();
    let mut all: Vec<UpdateOneof> = backwards.collect();
    all.extend(transactions.into_iter().take(2));
    all.push(meta);
    all
}

/// A bank is announced twice, the second time without a parent; a completed slot floats, without one.
pub(super) fn floating(block: SubscribeUpdateBlock) -> Vec<UpdateOneof> {
    let status = |parent, status: SlotStatus| {
        UpdateOneof::Slot(SubscribeUpdateSlot {
            slot: block.slot,
            parent,
            status: status.into(),
            ..Default::default()
        })
    };
    let mut all = vec![
        status(None, SlotStatus::SlotCompleted),
        status(Some(block.parent_slot), SlotStatus::SlotCreatedBank),
        status(None, SlotStatus::SlotCreatedBank),
    ];
    let (transactions, meta) = parts(block);
    all.extend(transactions);
    all.push(meta);
    all
}

/// Outcomes of failed transactions in an encoding that nobody knows.
pub(super) fn unknown_errors(mut block: SubscribeUpdateBlock) -> Vec<UpdateOneof> {
    let metas = block
        .transactions
        .iter_mut()
        .filter_map(|t| t.meta.as_mut());
    for error in metas.filter_map(|meta| meta.err.as_mut()) {
        error.err = vec![0xff, 0xfe, 0xfd];
    }
    vec![UpdateOneof::Block(block)]
}

/// Lines in which a program's text imitates the runtime, after each line that the runtime wrote of a call.
pub(super) fn imitations(mut block: SubscribeUpdateBlock) -> Vec<UpdateOneof> {
    for meta in block
        .transactions
        .iter_mut()
        .filter_map(|t| t.meta.as_mut())
    {
        let lines = std::mem::take(&mut meta.log_messages);
        for line in lines {
            let call = line.ends_with("invoke [1]");
            meta.log_messages.push(line);
            if call {
                for text in [
                    "Program log: Program 11111111111111111111111111111111 invoke [2]",
                    "Program log: invoke [1]",
                    "Program log: Program data: QMbN6CYIcbI=",
                    "Program log: custom program failed: 0x1",
                    "Program log: Program 11111111111111111111111111111111 success",
                ] {
                    meta.log_messages.push(text.to_owned());
                }
            }
        }
    }
    vec![UpdateOneof::Block(block)]
}

/// Calls of programs without their height in the stack.
pub(super) fn without_height(mut block: SubscribeUpdateBlock) -> Vec<UpdateOneof> {
    let metas = block
        .transactions
        .iter_mut()
        .filter_map(|t| t.meta.as_mut());
    let groups = metas.flat_map(|meta| meta.inner_instructions.iter_mut());
    for instruction in groups.flat_map(|group| group.instructions.iter_mut()) {
        // Only where the height follows from its place.
        if instruction.stack_height == Some(2) {
            instruction.stack_height = None;
        }
    }
    vec![UpdateOneof::Block(block)]
}

/// A check by a precompile before everything else: an instruction without a line in the log.
pub(super) fn precompile_first(mut block: SubscribeUpdateBlock) -> Vec<UpdateOneof> {
    let id = bs58::decode("Ed25519SigVerify111111111111111111111111111").into_vec();
    for transaction in &mut block.transactions {
        let message = transaction
            .transaction
            .as_mut()
            .and_then(|t| t.message.as_mut());
        let (Some(message), Some(meta)) = (message, transaction.meta.as_mut()) else {
            continue;
        };
        // Keys of lookup tables stand behind the message's own: another one would move them.
        let loaded = meta.loaded_writable_addresses.len() + meta.loaded_readonly_addresses.len();
        let (Ok(id), Some(header), 0) = (&id, message.header.as_mut(), loaded) else {
            continue;
        };
        header.num_readonly_unsigned_accounts += 1;
        let check = CompiledInstruction {
            program_id_index: message.account_keys.len() as u32,
            accounts: Vec::new(),
            data: vec![0, 0],
        };
        message.account_keys.push(id.clone());
        message.instructions.insert(0, check);
        for group in &mut meta.inner_instructions {
            group.index += 1;
        }
    }
    vec![UpdateOneof::Block(block)]
}

/// The log is full right after the last event.
pub(super) fn log_full(mut block: SubscribeUpdateBlock) -> Vec<UpdateOneof> {
    let transactions = block.transactions.iter_mut();
    for meta in transactions.filter_map(|transaction| transaction.meta.as_mut()) {
        let last = meta
            .log_messages
            .iter()
            .rposition(|line| line.starts_with("Program data: "));
        // Of a failed transaction the lines that follow tell who failed.
        if let (Some(last), None) = (last, &meta.err) {
            meta.log_messages.truncate(last + 1);
            meta.log_messages.push("Log truncated".to_owned());
        }
    }
    vec![UpdateOneof::Block(block)]
}
