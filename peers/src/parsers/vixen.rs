//! yellowstone-vixen-core: the instruction tree with each instruction's own log lines. It leaves events to the
//! user; here those are the `Program data:` lines among `direct_log_messages` of our program's instructions.

use hypernode_decoder::chain;
use yellowstone_grpc_proto::geyser::{SubscribeUpdateTransaction, SubscribeUpdateTransactionInfo};
use yellowstone_grpc_proto::prelude::MessageHeader;
use yellowstone_grpc_proto::solana::storage::confirmed_block::{
    CompiledInstruction, InnerInstruction, InnerInstructions, Message, Transaction,
    TransactionError, TransactionStatusMeta,
};
use yellowstone_vixen_core::instruction::InstructionUpdate;

use super::{Answer, Claim, Parser, Undone};
use crate::input::{Input, cases, key};

/// The transaction as a Geyser stream delivers it.
pub fn update(input: &Input) -> SubscribeUpdateTransaction {
    let tx = &input.tx;
    let keys: Vec<Vec<u8>> = tx.keys.iter().map(|k| k.to_vec()).collect();
    let (account_keys, loaded) = keys.split_at(input.static_keys);
    let (writable, readonly) = loaded.split_at(input.loaded_writable);
    let message = Message {
        header: Some(MessageHeader {
            num_required_signatures: u32::from(tx.signers),
            ..MessageHeader::default()
        }),
        account_keys: account_keys.to_vec(),
        instructions: tx
            .instructions
            .iter()
            .map(|ix| CompiledInstruction {
                program_id_index: u32::from(ix.program),
                accounts: ix.accounts.clone(),
                data: ix.data.clone(),
            })
            .collect(),
        versioned: tx.version >= 0,
        ..Message::default()
    };
    let groups = tx.inner.iter().flatten().map(|group| InnerInstructions {
        index: u32::from(group.outer),
        instructions: group.instructions.iter().map(inner).collect(),
    });
    let meta = TransactionStatusMeta {
        err: tx
            .err
            .as_ref()
            .map(|err| TransactionError { err: err.clone() }),
        fee: tx.fee,
        inner_instructions: groups.collect(),
        inner_instructions_none: tx.inner.is_none(),
        log_messages: tx.logs.clone().unwrap_or_default(),
        log_messages_none: tx.logs.is_none(),
        loaded_writable_addresses: writable.to_vec(),
        loaded_readonly_addresses: readonly.to_vec(),
        ..TransactionStatusMeta::default()
    };
    SubscribeUpdateTransaction {
        transaction: Some(SubscribeUpdateTransactionInfo {
            signature: tx.signature.to_vec(),
            is_vote: false,
            transaction: Some(Transaction {
                signatures: vec![tx.signature.to_vec()],
                message: Some(message),
            }),
            meta: Some(meta),
            index: u64::from(tx.index),
        }),
        slot: 1,
    }
}

fn inner(ix: &chain::Instruction) -> InnerInstruction {
    InnerInstruction {
        program_id_index: u32::from(ix.program),
        accounts: ix.accounts.clone(),
        data: ix.data.clone(),
        stack_height: ix.stack_height,
    }
}

pub struct Vixen;

impl Parser for Vixen {
    fn name(&self) -> &'static str {
        "yellowstone-vixen-core"
    }

    fn answer(&self, input: &Input) -> Result<Answer, String> {
        let ours = key(cases::OURS);
        let outer = InstructionUpdate::build_from_txn(&update(input)).map_err(|e| e.to_string())?;
        let mut answer = Answer::default();
        for ix in outer.iter().flat_map(InstructionUpdate::visit_all) {
            if ix.program.into_bytes() != ours {
                continue;
            }
            for line in ix.direct_log_messages() {
                let Some(seq) = line.strip_prefix("Program data: ").and_then(decode) else {
                    continue;
                };
                answer.claims.push(Claim {
                    seq,
                    outer: ix.path.as_slice().first().map(|outer| *outer as u16),
                    undone: Undone::Beside(ix.shared.err.is_some()),
                });
            }
        }
        Ok(answer)
    }
}

/// The user's part: one segment, discriminator, field; what follows is tolerated.
fn decode(text: &str) -> Option<u64> {
    let bytes = base64_simd::STANDARD.decode_to_vec(text).ok()?;
    let fields = bytes.strip_prefix(&[64, 130, 163, 177, 52, 156, 114, 131])?;
    Some(u64::from_le_bytes(*fields.first_chunk()?))
}
