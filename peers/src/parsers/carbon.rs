//! carbon-core: `InstructionMetadata::decode_log_events`, called as its pipeline's users call it, for each
//! instruction of the program that they decode.

use std::sync::Arc;

use borsh::BorshDeserialize;
use carbon_core::datasource::TransactionUpdate;
use carbon_core::deserialize::CarbonDeserialize;
use carbon_core::instruction::InstructionMetadata;
use carbon_core::transaction::TransactionMetadata;
use carbon_core::transformers::extract_instructions_with_metadata;
use hypernode_decoder::chain;
use solana_message::compiled_instruction::CompiledInstruction;
use solana_message::v0::{self, LoadedAddresses};
use solana_message::{MessageHeader, VersionedMessage, legacy};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;
use solana_transaction_status::{InnerInstruction, InnerInstructions, TransactionStatusMeta};

use super::{Answer, Claim, Parser, Undone};
use crate::input::{Input, cases, key};

/// Our event as its generator writes them.
#[derive(Debug, BorshDeserialize)]
pub struct Tick {
    pub seq: u64,
}

impl CarbonDeserialize for Tick {
    const DISCRIMINATOR: &'static [u8] = &[64, 130, 163, 177, 52, 156, 114, 131];

    fn deserialize(data: &[u8]) -> Option<Self> {
        let mut rest = data.strip_prefix(Self::DISCRIMINATOR)?;
        BorshDeserialize::deserialize(&mut rest).ok()
    }
}

/// The transaction as its sources deliver it.
pub fn update(input: &Input) -> TransactionUpdate {
    let tx = &input.tx;
    let keys: Vec<Pubkey> = tx.keys.iter().map(|k| Pubkey::new_from_array(*k)).collect();
    let (account_keys, loaded) = keys.split_at(input.static_keys);
    let (writable, readonly) = loaded.split_at(input.loaded_writable);
    let header = MessageHeader {
        num_required_signatures: tx.signers,
        ..MessageHeader::default()
    };
    let instructions: Vec<CompiledInstruction> = tx.instructions.iter().map(compiled).collect();
    let account_keys = account_keys.to_vec();
    let message = if tx.version < 0 {
        let message = legacy::Message {
            header,
            account_keys,
            instructions,
            ..Default::default()
        };
        VersionedMessage::Legacy(message)
    } else {
        VersionedMessage::V0(v0::Message {
            header,
            account_keys,
            instructions,
            ..Default::default()
        })
    };
    let inner = tx.inner.as_ref().map(|groups| {
        let groups = groups.iter().map(|group| InnerInstructions {
            index: group.outer,
            instructions: group
                .instructions
                .iter()
                .map(|ix| InnerInstruction {
                    instruction: compiled(ix),
                    stack_height: ix.stack_height,
                })
                .collect(),
        });
        groups.collect()
    });
    let signature = Signature::from(tx.signature);
    TransactionUpdate {
        signature,
        transaction: VersionedTransaction {
            signatures: vec![signature],
            message,
        },
        meta: TransactionStatusMeta {
            status: if tx.err.is_some() {
                Err(TransactionError::AccountInUse)
            } else {
                Ok(())
            },
            fee: tx.fee,
            inner_instructions: inner,
            log_messages: tx.logs.clone(),
            loaded_addresses: LoadedAddresses {
                writable: writable.to_vec(),
                readonly: readonly.to_vec(),
            },
            ..TransactionStatusMeta::default()
        },
        is_vote: false,
        slot: 1,
        index: Some(u64::from(tx.index)),
        block_time: None,
        block_hash: None,
    }
}

fn compiled(ix: &chain::Instruction) -> CompiledInstruction {
    CompiledInstruction {
        program_id_index: ix.program,
        accounts: ix.accounts.clone(),
        data: ix.data.clone(),
    }
}

/// The instructions with what its pipeline knows of each.
pub fn instructions(input: &Input) -> Vec<(InstructionMetadata, Pubkey)> {
    let update = update(input);
    let metadata = Arc::new(TransactionMetadata::try_from(update.clone()).expect("metadata"));
    let instructions =
        extract_instructions_with_metadata(&metadata, &update).expect("instructions");
    instructions
        .into_iter()
        .map(|(metadata, ix)| (metadata, ix.program_id))
        .collect()
}

pub struct Carbon;

impl Parser for Carbon {
    fn name(&self) -> &'static str {
        "carbon-core"
    }

    fn answer(&self, input: &Input) -> Result<Answer, String> {
        let ours = Pubkey::new_from_array(key(cases::OURS));
        let mut answer = Answer::default();
        for (metadata, program) in instructions(input) {
            if program != ours {
                continue;
            }
            let failed = metadata.transaction_metadata.meta.status.is_err();
            let ticks = metadata.decode_log_events::<Tick>();
            answer.claims.extend(ticks.into_iter().map(|tick| Claim {
                seq: tick.seq,
                outer: Some(metadata.index as u16),
                undone: Undone::Beside(failed),
            }));
            // The absence of a log lies beside the events.
            answer.unknown = metadata.transaction_metadata.meta.log_messages.is_none();
        }
        Ok(answer)
    }
}
