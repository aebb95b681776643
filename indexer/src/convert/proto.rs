//! Yellowstone Geyser messages.
//!
//! The protocol adds fields in minor versions, so messages are taken apart by field access, never by exhaustive patterns.

use hypernode_decoder::chain::{Block, InnerGroup, Instruction, Proof, Pubkey, Transaction};
use yellowstone_grpc_proto::geyser::{
    SlotStatus as WireStatus, SubscribeUpdate, SubscribeUpdateBlock, SubscribeUpdateBlockMeta,
    SubscribeUpdateSlot, SubscribeUpdateTransactionInfo, subscribe_update::UpdateOneof,
};
use yellowstone_grpc_proto::solana::storage::confirmed_block as wire;

use super::{ConvertError, Converted, hash, shell};
use crate::slots::{BlockMeta, Input, SlotStatus};

/// What one update means for the slot machine; `None` for pings and for kinds that carry no facts of ours.
///
/// The second value counts transactions kept as shells because their content is malformed.
///
/// # Errors
/// When a block, meta or transaction lacks what identifies it.
pub fn update(update: SubscribeUpdate) -> Result<(Option<Input>, u64), ConvertError> {
    match update.update_oneof {
        Some(UpdateOneof::Block(message)) => {
            let (block, malformed) = block(message)?;
            Ok((Some(Input::Block(Box::new(block))), malformed))
        }
        Some(UpdateOneof::Transaction(message)) => {
            let slot = message.slot;
            let info = message.transaction.ok_or(ConvertError::Missing {
                slot,
                field: "transaction",
            })?;
            let converted = transaction(slot, info)?;
            let malformed = u64::from(converted.malformed.is_some());
            Ok((
                Some(Input::Transaction {
                    slot,
                    transaction: Box::new(converted.transaction),
                }),
                malformed,
            ))
        }
        Some(UpdateOneof::BlockMeta(message)) => Ok((Some(Input::Meta(meta(&message)?)), 0)),
        Some(UpdateOneof::Slot(message)) => Ok((status(&message), 0)),
        _ => Ok((None, 0)),
    }
}

/// Statuses that say nothing about a bank's fate (first shred, completed, created) are not facts.
fn status(message: &SubscribeUpdateSlot) -> Option<Input> {
    let status = match message.status() {
        WireStatus::SlotProcessed => SlotStatus::Processed,
        WireStatus::SlotConfirmed => SlotStatus::Confirmed,
        WireStatus::SlotFinalized => SlotStatus::Finalized,
        WireStatus::SlotDead => SlotStatus::Dead,
        WireStatus::SlotCreatedBank => SlotStatus::Created,
        WireStatus::SlotFirstShredReceived | WireStatus::SlotCompleted => return None,
    };
    // `status()` maps unknown numbers to the default, which would invent a PROCESSED.
    WireStatus::try_from(message.status).ok()?;
    Some(Input::Status {
        slot: message.slot,
        parent: message.parent,
        status,
    })
}

/// A whole block, and the number of its transactions that are kept as shells.
///
/// # Errors
/// When a hash is no hash, a transaction has no signature, or its outcome is not recorded.
pub fn block(message: SubscribeUpdateBlock) -> Result<(Block, u64), ConvertError> {
    let slot = message.slot;
    let blockhash = hash(slot, "blockhash", &message.blockhash)?;
    let parent_blockhash = hash(slot, "parent_blockhash", &message.parent_blockhash)?;
    let mut malformed = 0;
    let mut transactions = Vec::with_capacity(message.transactions.len());
    for info in message.transactions {
        let converted = transaction(slot, info)?;
        malformed += u64::from(converted.malformed.is_some());
        transactions.push(converted.transaction);
    }
    transactions.sort_by_key(|transaction| transaction.index);
    let executed = message.executed_transaction_count;
    Ok((
        Block {
            slot,
            parent_slot: message.parent_slot,
            blockhash,
            parent_blockhash,
            block_time: message.block_time.map(|time| time.timestamp),
            block_height: message.block_height.map(|height| height.block_height),
            executed_transaction_count: executed,
            // An atomic message is proof by itself; holding every executed transaction is the stronger one.
            proof: if executed > 0 && transactions.len() as u64 == executed {
                Proof::Count
            } else {
                Proof::Block
            },
            transactions,
        },
        malformed,
    ))
}

/// What closes a slot whose transactions came one by one.
///
/// # Errors
/// When a hash is no hash.
pub fn meta(message: &SubscribeUpdateBlockMeta) -> Result<BlockMeta, ConvertError> {
    let slot = message.slot;
    Ok(BlockMeta {
        slot,
        parent_slot: message.parent_slot,
        blockhash: hash(slot, "blockhash", &message.blockhash)?,
        parent_blockhash: hash(slot, "parent_blockhash", &message.parent_blockhash)?,
        block_time: message.block_time.as_ref().map(|time| time.timestamp),
        block_height: message
            .block_height
            .as_ref()
            .map(|height| height.block_height),
        executed_transaction_count: message.executed_transaction_count,
    })
}

/// One transaction with its outcome.
///
/// # Errors
/// When signature, position or outcome are missing: then not even a shell can be kept.
pub fn transaction(
    slot: u64,
    info: SubscribeUpdateTransactionInfo,
) -> Result<Converted, ConvertError> {
    let signature = info
        .signature
        .as_slice()
        .try_into()
        .map_err(|_| ConvertError::Invalid {
            slot,
            field: "signature",
            reason: format!("{} bytes instead of 64", info.signature.len()),
        })?;
    let index = u32::try_from(info.index).map_err(|_| ConvertError::Invalid {
        slot,
        field: "index",
        reason: format!("{} is no position in a block", info.index),
    })?;
    let meta = info.meta.ok_or(ConvertError::MetaMissing {
        slot,
        index: info.index,
    })?;
    let mut out = shell(signature, index, None);
    out.fee = meta.fee;
    out.compute_units = meta.compute_units_consumed;
    let malformed = fill(&mut out, info.transaction, meta).err();
    if malformed.is_some() {
        let (err, fee, units) = (out.err.take(), out.fee, out.compute_units);
        out = shell(signature, index, err);
        out.fee = fee;
        out.compute_units = units;
    }
    Ok(Converted {
        transaction: out,
        malformed,
    })
}

/// Moves the content over; the text says why it cannot be read.
fn fill(
    out: &mut Transaction,
    body: Option<wire::Transaction>,
    meta: wire::TransactionStatusMeta,
) -> Result<(), String> {
    // The outcome first: it must survive whatever is wrong with the rest.
    out.err = meta.err.map(|error| error.err);
    let message = body
        .and_then(|transaction| transaction.message)
        .ok_or("no message")?;
    out.version = match (&message.config, message.versioned) {
        (Some(_), _) => 1,
        (None, true) => 0,
        (None, false) => -1,
    };
    let signers = message
        .header
        .map_or(0, |header| header.num_required_signatures);
    out.signers = u8::try_from(signers).map_err(|_| format!("{signers} signers"))?;
    let sets = [
        message.account_keys,
        meta.loaded_writable_addresses,
        meta.loaded_readonly_addresses,
    ];
    out.keys.reserve_exact(sets.iter().map(Vec::len).sum());
    for key in sets.iter().flatten() {
        out.keys.push(pubkey(key)?);
    }
    if usize::from(out.signers) > out.keys.len() {
        return Err(format!("{signers} signers among {} keys", out.keys.len()));
    }
    out.instructions = message
        .instructions
        .into_iter()
        .map(|instruction| {
            Ok(Instruction {
                program: index(instruction.program_id_index)?,
                accounts: instruction.accounts,
                data: instruction.data,
                stack_height: Some(1),
            })
        })
        .collect::<Result<_, String>>()?;
    out.inner = if meta.inner_instructions_none {
        None
    } else {
        Some(
            meta.inner_instructions
                .into_iter()
                .map(group)
                .collect::<Result<_, String>>()?,
        )
    };
    out.logs = if meta.log_messages_none {
        None
    } else {
        Some(meta.log_messages)
    };
    Ok(())
}

fn group(group: wire::InnerInstructions) -> Result<InnerGroup, String> {
    Ok(InnerGroup {
        outer: index(group.index)?,
        instructions: group
            .instructions
            .into_iter()
            .map(|instruction| {
                Ok(Instruction {
                    program: index(instruction.program_id_index)?,
                    accounts: instruction.accounts,
                    data: instruction.data,
                    stack_height: instruction.stack_height,
                })
            })
            .collect::<Result<_, String>>()?,
    })
}

fn index(value: u32) -> Result<u8, String> {
    u8::try_from(value).map_err(|_| format!("index {value} is above 255"))
}

fn pubkey(bytes: &[u8]) -> Result<Pubkey, String> {
    bytes
        .try_into()
        .map_err(|_| format!("a key of {} bytes", bytes.len()))
}
