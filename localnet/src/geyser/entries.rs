//! A block's entries: runs of transactions, chained by hash, of which the last hash is the block's.

use solana_sdk::hash::hashv;
use yellowstone_grpc_proto::prelude::{SubscribeUpdateBlock, SubscribeUpdateEntry};

/// Transactions of one entry, at most.
const RUN: usize = 64;

/// How many a block has: one at least, as every block has a tick.
pub(super) fn count(block: &SubscribeUpdateBlock) -> u64 {
    // The transactions may be filtered: what was executed counts.
    block.executed_transaction_count.div_ceil(RUN as u64).max(1)
}

/// The entries of a whole block.
pub(super) fn of(block: &SubscribeUpdateBlock) -> Vec<SubscribeUpdateEntry> {
    let last = count(block) - 1;
    let mut hash = bs58::decode(&block.parent_blockhash)
        .into_vec()
        .unwrap_or_default();
    let mut starting_transaction_index = 0;
    (0..=last)
        .map(|index| {
            let at = usize::try_from(starting_transaction_index).unwrap_or(usize::MAX);
            let run = block.transactions.iter().skip(at).take(RUN);
            let mut parts = vec![std::mem::take(&mut hash)];
            parts.extend(run.map(|info| info.signature.clone()));
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            hash = match index == last {
                true => bs58::decode(&block.blockhash)
                    .into_vec()
                    .unwrap_or_default(),
                false => hashv(&parts).to_bytes().to_vec(),
            };
            let executed_transaction_count = (parts.len() - 1) as u64;
            let entry = SubscribeUpdateEntry {
                slot: block.slot,
                index,
                num_hashes: 1,
                hash: hash.clone(),
                executed_transaction_count,
                starting_transaction_index,
                bank_id: block.bank_id,
            };
            starting_transaction_index += executed_transaction_count;
            entry
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use yellowstone_grpc_proto::prelude::SubscribeUpdateTransactionInfo;

    use super::*;

    #[test]
    fn entries_cover_every_transaction_and_end_with_the_blockhash() {
        for transactions in [0, 1, RUN, RUN + 1, 3 * RUN] {
            let info = |n: usize| SubscribeUpdateTransactionInfo {
                signature: n.to_le_bytes().to_vec(),
                ..Default::default()
            };
            let block = SubscribeUpdateBlock {
                blockhash: bs58::encode([5; 32]).into_string(),
                parent_blockhash: bs58::encode([4; 32]).into_string(),
                executed_transaction_count: transactions as u64,
                transactions: (0..transactions).map(info).collect(),
                ..Default::default()
            };
            let entries = of(&block);
            assert_eq!(entries.len() as u64, count(&block));
            let mut next = 0;
            for (index, entry) in (0..).zip(&entries) {
                assert_eq!(
                    (entry.index, entry.starting_transaction_index),
                    (index, next)
                );
                assert_eq!(entry.hash.len(), 32);
                next += entry.executed_transaction_count;
            }
            assert_eq!(next, transactions as u64);
            assert_eq!(entries.last().unwrap().hash, [5; 32]);
        }
    }
}
