//! `bench slots`: messages through the slot machine, in the order that a real validator sends them.

use std::time::{Duration, Instant};

use hypernode_decoder::chain::Transaction;

use super::{Measurement, machine, median};
use crate::slots::{BlockMeta, Head, Input, Limits, Output, SlotMachine, SlotStatus};

/// Slots of one round.
const SLOTS: u64 = 200;
/// Transactions of each.
const TRANSACTIONS: u32 = 1_000;
/// How far a transaction is from its place in the block: what was seen at 600 transactions a second.
const STRAY: u32 = 74;
/// Messages a second that the machine must take: above what any validator sends by two orders.
const FLOOR: f64 = 5e6;

/// Measures on the calling thread for `time`.
#[must_use]
pub fn slots(time: Duration) -> Measurement {
    let started = Instant::now();
    let mut rates = Vec::new();
    let mut published = 0;
    while rates.len() < 3 || started.elapsed() < time {
        let messages = messages();
        let count = messages.len();
        let head = Head {
            slot: 0,
            blockhash: None,
        };
        let mut machine = SlotMachine::new(Limits::default(), Some(head));
        let mut out = Vec::new();
        let clock = Instant::now();
        for message in messages {
            machine.push(message, &mut out);
            if out.len() > 64 {
                published += blocks(&out);
                out.clear();
            }
        }
        rates.push(count as f64 / clock.elapsed().as_secs_f64());
        published += blocks(&out);
    }
    let whole = published as u64 == SLOTS * rates.len() as u64;
    let figure = median(&rates).round();
    Measurement {
        bench: "slots",
        figure,
        unit: "messages/s",
        floor: Some(FLOOR),
        ratio: whole.then(|| (figure / FLOOR * 100.0).round() / 100.0),
        regime: format!(
            "single transactions up to {STRAY} places from their own, statuses, metas: {SLOTS} slots of {TRANSACTIONS} \
             transactions to {published} whole blocks in parent order; one core, median of {} rounds; floor: the rate asked for",
            rates.len() - 1
        ),
        machine: machine(),
    }
}

fn blocks(out: &[Output]) -> usize {
    out.iter()
        .filter(|output| matches!(output, Output::Publish(_)))
        .count()
}

fn messages() -> Vec<Input> {
    (1..=SLOTS).flat_map(slot).collect()
}

/// One slot at commitment processed: bank, transactions out of order, meta, then the statuses.
fn slot(slot: u64) -> impl Iterator<Item = Input> {
    let parent = Some(slot - 1);
    let status = move |slot, status| Input::Status {
        slot,
        parent,
        status,
    };
    // Every position once: blocks of `STRAY` are sent back to front.
    let index = |n: u32| {
        let start = n / STRAY * STRAY;
        let end = (start + STRAY).min(TRANSACTIONS);
        start + (end - 1 - n)
    };
    let transactions = (0..TRANSACTIONS).map(move |n| Input::Transaction {
        slot,
        transaction: Box::new(transaction(slot, index(n))),
    });
    let meta = Input::Meta(BlockMeta {
        slot,
        parent_slot: slot - 1,
        blockhash: hash(slot),
        parent_blockhash: hash(slot - 1),
        executed_transaction_count: u64::from(TRANSACTIONS),
        ..BlockMeta::default()
    });
    let after = [
        meta,
        status(slot, SlotStatus::Processed),
        status(slot, SlotStatus::Confirmed),
    ];
    std::iter::once(status(slot, SlotStatus::Created))
        .chain(transactions)
        .chain(after)
}

fn hash(slot: u64) -> [u8; 32] {
    let mut hash = [7; 32];
    hash[..8].copy_from_slice(&slot.to_le_bytes());
    hash
}

fn transaction(slot: u64, index: u32) -> Transaction {
    let mut signature = [0; 64];
    signature[..8].copy_from_slice(&slot.to_le_bytes());
    signature[8..12].copy_from_slice(&index.to_le_bytes());
    Transaction {
        signature,
        index,
        version: 0,
        err: None,
        fee: 5_000,
        compute_units: None,
        keys: Vec::new(),
        signers: 0,
        instructions: Vec::new(),
        inner: None,
        logs: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_that_is_sent_leaves_whole() {
        let measured = slots(Duration::ZERO);
        assert!(measured.ratio.is_some(), "{measured:?}");
    }
}
