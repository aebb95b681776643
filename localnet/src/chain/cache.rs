//! The newest blocks, kept decoded for those who follow the tip.

use std::{collections::VecDeque, sync::Arc};

use prost::Message;
use yellowstone_grpc_proto::prelude::SubscribeUpdateBlock;

/// Encoded bytes of the blocks that are kept, at most (one block is always kept).
const BYTES: usize = 8 << 20;
/// Blocks that are kept, at most: followers at any commitment find theirs here.
const BLOCKS: usize = 40;

/// A bounded run of the newest blocks.
#[derive(Debug, Default)]
pub(super) struct BlockCache {
    blocks: VecDeque<(u64, usize, Arc<SubscribeUpdateBlock>)>,
    bytes: usize,
}

impl BlockCache {
    pub(super) fn get(&self, slot: u64) -> Option<Arc<SubscribeUpdateBlock>> {
        self.blocks
            .iter()
            .rev()
            .find(|(at, ..)| *at == slot)
            .map(|(.., block)| Arc::clone(block))
    }

    pub(super) fn insert(&mut self, slot: u64, block: SubscribeUpdateBlock) {
        let size = block.encoded_len();
        self.bytes += size;
        self.blocks.push_back((slot, size, Arc::new(block)));
        while self.blocks.len() > 1 && (self.bytes > BYTES || self.blocks.len() > BLOCKS) {
            if let Some((_, size, _)) = self.blocks.pop_front() {
                self.bytes -= size;
            }
        }
    }
}
