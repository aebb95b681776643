//! Blocks beside the chain: executed on the chain's own bank, shown as a network shows them, and undone. The next block
//! of the chain executes their transactions again.

use std::sync::Arc;

use yellowstone_grpc_proto::prelude::SubscribeUpdateBlock;

use super::{
    block,
    chaos::Fate,
    journal::{Happening, What},
    producer::{Parent, Producer, header},
};
use crate::error::Result;

/// A block that the chain does not keep.
#[derive(Debug)]
pub(super) struct Beside {
    block: Arc<SubscribeUpdateBlock>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Whole, and left for another branch.
    Orphan,
    /// Its transactions are seen, and nothing more.
    Ghost,
    /// Its transactions are seen, and its death.
    Dead,
    /// Whole, confirmed, and left nevertheless.
    Doomed { told: bool },
}

/// A block that is confirmed and will be left.
#[derive(Debug)]
pub(super) struct Doomed {
    pub(super) block: Arc<SubscribeUpdateBlock>,
    /// Whether its death is told.
    pub(super) told: bool,
    confirmed: bool,
}

impl Producer {
    /// Executes a branch from the newest block on and undoes it; its first block is shown at once.
    pub(super) fn branch(&mut self, slot: u64, fate: Fate) -> Result<()> {
        let (blocks, stride, kind) = match fate {
            Fate::Fork { blocks, stride } => (blocks, stride, Kind::Orphan),
            Fate::Dead => (1, 1, Kind::Dead),
            Fate::ConfirmedDeath { told } => (1, 1, Kind::Doomed { told }),
            Fate::Ghost | Fate::Block | Fate::Skipped => (1, 1, Kind::Ghost),
        };
        let shared = Arc::clone(&self.shared);
        let mut bank = shared.bank();
        let store = shared.store.reader()?;
        let mut parent = self.parent(&store)?;
        let time = self.begin(&mut bank, slot, &parent)?;
        let planned = self.plan(&mut bank, &store, slot, time, &parent);
        let share = planned
            .transactions
            .len()
            .div_ceil(usize::try_from(blocks).unwrap_or(1));
        let mut rest = planned.transactions.as_slice();
        for number in 0..blocks {
            let slot = slot + number * stride;
            let time = self.begin(&mut bank, slot, &parent)?;
            let (part, others) = rest.split_at(share.min(rest.len()));
            rest = others;
            let (included, _) = self.execute(&mut bank, &store, part)?;
            let header = header(slot, &parent, time, &included);
            let accounts = block::accounts(slot, &bank.changes(), &included);
            let block = Arc::new(block::assemble(slot, &header, included, accounts));
            bank.keep_beside();
            parent = Parent {
                slot,
                blockhash: header.blockhash,
                time,
                height: header.height,
            };
            self.state.beside.insert(slot, Beside { block, kind });
        }
        bank.roll_back()?;
        drop(bank);
        self.state.planned = Some(planned);
        self.show(slot);
        Ok(())
    }

    /// Shows the block that is kept for this slot.
    pub(super) fn show(&mut self, slot: u64) {
        let Some(Beside { block, kind }) = self.state.beside.remove(&slot) else {
            return;
        };
        let parent = Some(block.parent_slot);
        let happening = |what| Happening { slot, parent, what };
        let sealed = matches!(kind, Kind::Orphan | Kind::Doomed { .. });
        let mut happenings = vec![
            happening(What::Created),
            happening(What::Executed { sealed }),
        ];
        match kind {
            Kind::Ghost => {}
            Kind::Dead => happenings.push(happening(What::Dead)),
            Kind::Orphan | Kind::Doomed { .. } => {
                happenings.push(happening(What::Processed));
                happenings.push(Happening {
                    parent: None,
                    ..happening(What::Completed)
                });
            }
        }
        if let Kind::Doomed { told } = kind {
            self.state.doomed = Some(Doomed {
                block: Arc::clone(&block),
                told,
                confirmed: false,
            });
        }
        let mut journal = self.shared.journal();
        journal.put_beside(block);
        let next = journal.push(happenings);
        drop(journal);
        self.shared.told.send_replace(next);
    }

    /// Confirms a block that will be left, in the slot after its own; `false`: there is none.
    pub(super) fn confirm_doomed(&mut self, slot: u64) -> Result<bool> {
        let Some(doomed) = self
            .state
            .doomed
            .as_mut()
            .filter(|doomed| !doomed.confirmed)
        else {
            return Ok(false);
        };
        doomed.confirmed = true;
        let block = Arc::clone(&doomed.block);
        debug_assert!(slot > block.slot, "a block is confirmed after its slot");
        let mut happenings = Vec::new();
        let store = self.shared.store.reader()?;
        if block.parent_slot > self.state.confirmed
            && let Some(header) = store.header(block.parent_slot)?
        {
            self.state.confirmed = block.parent_slot;
            happenings.push(Happening {
                slot: block.parent_slot,
                parent: Some(header.parent_slot),
                what: What::Confirmed,
            });
        }
        happenings.push(Happening {
            slot: block.slot,
            parent: Some(block.parent_slot),
            what: What::Confirmed,
        });
        let mut journal = self.shared.journal();
        journal.doom(Some(block));
        let next = journal.push(happenings);
        drop(journal);
        self.shared.told.send_replace(next);
        Ok(true)
    }
}
