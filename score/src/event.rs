//! What a job's history is made of. Amounts are raw HYPER, times are block times.

/// The bytes of a public key.
pub type Key = [u8; 32];

/// The absent key: it names nobody, equals no operator and is no configured account.
pub const NONE: Key = [0; 32];

/// One event of a job, in the vocabulary of the canonical events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Slot of its block.
    pub slot: u64,
    /// Time of its block in seconds since 1970. The time that the event itself states is never used.
    pub time: i64,
    /// What happened.
    pub what: What,
}

/// What happened to a job, and whom the emitting instruction names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The job was created.
    Created {
        /// The wallet that wants it done.
        requester: Key,
        /// What it offers.
        price: u64,
    },
    /// The job was given to a node.
    Assigned {
        /// The node's account; [`NONE`] where none can be derived.
        node: Key,
        /// The node's owner.
        operator: Key,
        /// Who signed the assignment: anyone may.
        authority: Key,
    },
    /// A result was submitted.
    Completed {
        /// Who signed the result: anyone may.
        operator: Key,
    },
    /// The job failed.
    Failed {
        /// The node that it failed on; [`NONE`] where the event names none.
        node: Key,
    },
    /// The requester took the job back.
    Cancelled,
    /// The job was paid.
    Settled {
        /// The account that received the treasury's part.
        treasury: Key,
        /// The account that received the incentive pool's part.
        incentive: Key,
        /// The treasury's part.
        treasury_amount: u64,
        /// The incentive pool's part.
        incentive_amount: u64,
    },
}

/// The network's own accounts for a range of slots. A settlement proves a payment only if it names both of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeAccounts {
    /// First slot that it holds for.
    pub first_slot: u64,
    /// Last slot that it holds for; `u64::MAX` while it is in force.
    pub last_slot: u64,
    /// Token account of the treasury.
    pub treasury: Key,
    /// Token account of the incentive pool.
    pub incentive: Key,
}

impl FeeAccounts {
    /// Whether a settlement in `slot` to these two accounts paid the network. The absent key pays nobody.
    #[must_use]
    pub fn received(&self, slot: u64, treasury: &Key, incentive: &Key) -> bool {
        (self.first_slot..=self.last_slot).contains(&slot)
            && self.treasury == *treasury
            && self.incentive == *incentive
            && *treasury != NONE
            && *incentive != NONE
    }
}
