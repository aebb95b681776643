//! The rules one by one, all of them over random chains in random order, and over every order of small ones.

mod forks;
mod model;
mod orders;
mod rules;

use hypernode_decoder::chain::{Block, Proof, Transaction};

use super::*;

fn hash(slot: u64, salt: u8) -> [u8; 32] {
    let mut hash = [salt; 32];
    hash[..8].copy_from_slice(&slot.to_le_bytes());
    hash
}

fn transaction(slot: u64, index: u32) -> Input {
    let mut signature = [0; 64];
    signature[..8].copy_from_slice(&slot.to_le_bytes());
    signature[8..12].copy_from_slice(&index.to_le_bytes());
    Input::Transaction {
        slot,
        transaction: Box::new(Transaction {
            signature,
            index,
            version: -1,
            err: None,
            fee: 0,
            compute_units: None,
            keys: vec![],
            signers: 0,
            instructions: vec![],
            inner: None,
            logs: None,
        }),
    }
}

fn meta(slot: u64, parent: u64, count: u64) -> Input {
    Input::Meta(BlockMeta {
        slot,
        parent_slot: parent,
        blockhash: hash(slot, 0),
        parent_blockhash: hash(parent, 0),
        executed_transaction_count: count,
        ..BlockMeta::default()
    })
}

fn block(slot: u64, parent: u64) -> Input {
    version(slot, 0, parent, 0)
}

/// A block whose hash, or whose parent's, is another than usual.
fn version(slot: u64, salt: u8, parent: u64, parent_salt: u8) -> Input {
    Input::Block(Box::new(Block {
        slot,
        parent_slot: parent,
        blockhash: hash(slot, salt),
        parent_blockhash: hash(parent, parent_salt),
        proof: Proof::Block,
        ..Block::default()
    }))
}

fn status(slot: u64, parent: Option<u64>, status: SlotStatus) -> Input {
    Input::Status {
        slot,
        parent,
        status,
    }
}

fn confirmed(slot: u64) -> Input {
    status(slot, None, SlotStatus::Confirmed)
}

fn finalized(slot: u64) -> Input {
    status(slot, None, SlotStatus::Finalized)
}

fn dead(slot: u64) -> Input {
    status(slot, None, SlotStatus::Dead)
}

fn feed(machine: &mut SlotMachine, inputs: impl IntoIterator<Item = Input>) -> Vec<Output> {
    let mut out = Vec::new();
    for input in inputs {
        machine.push(input, &mut out);
        assert!(machine.consistent(), "{machine:?}");
    }
    out
}

fn published(out: &[Output]) -> Vec<(u64, Proof, Vec<u32>)> {
    out.iter()
        .filter_map(|output| match output {
            Output::Publish(block) => Some((
                block.slot,
                block.proof,
                block
                    .transactions
                    .iter()
                    .map(|transaction| transaction.index)
                    .collect(),
            )),
            _ => None,
        })
        .collect()
}

fn slots(out: &[Output]) -> Vec<u64> {
    published(out).into_iter().map(|(slot, ..)| slot).collect()
}

fn retract(from: u64, head: u64) -> Output {
    Output::Retract {
        from,
        head: Head {
            slot: head,
            blockhash: Some(hash(head, 0)),
        },
    }
}

/// The chain that a consumer holds who follows the outputs: it must link at every step (I-01, I-02).
fn held(out: &[Output]) -> Vec<(u64, [u8; 32])> {
    let mut chain: Vec<(u64, [u8; 32])> = Vec::new();
    let mut loose = true;
    for output in out {
        match output {
            Output::Publish(block) => {
                if let Some((slot, hash)) = chain.last()
                    && !loose
                {
                    assert_eq!((block.parent_slot, block.parent_blockhash), (*slot, *hash));
                }
                assert!(chain.last().is_none_or(|(slot, _)| *slot < block.slot));
                chain.push((block.slot, block.blockhash));
                loose = false;
            }
            Output::Retract { from, head } => {
                let before = chain.len();
                chain.retain(|(slot, _)| slot < from);
                assert!(chain.len() < before, "nothing was there to withdraw");
                if let Some((slot, hash)) = chain.last() {
                    assert_eq!((*slot, Some(*hash)), (head.slot, head.blockhash));
                }
            }
            Output::Missing { .. } => loose = true,
            _ => {}
        }
    }
    chain
}

fn from(slot: u64) -> SlotMachine {
    SlotMachine::new(
        Limits::default(),
        Some(Head {
            slot,
            blockhash: Some(hash(slot, 0)),
        }),
    )
}
