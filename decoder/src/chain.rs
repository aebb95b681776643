//! A block as every source delivers it: owned, source-neutral, transactions in index order.

/// A 32-byte account address.
pub type Pubkey = [u8; 32];
/// A 64-byte transaction signature.
pub type Signature = [u8; 64];

/// One block with the transactions that the source sent (all of them, or those that match a filter).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Block {
    /// Slot of the block.
    pub slot: u64,
    /// Slot of the parent block: the link that proves continuity.
    pub parent_slot: u64,
    /// Hash of the block.
    pub blockhash: [u8; 32],
    /// Hash of the parent block.
    pub parent_blockhash: [u8; 32],
    /// Seconds since the epoch, when the source knows it.
    pub block_time: Option<i64>,
    /// Height, when the source knows it.
    pub block_height: Option<u64>,
    /// Number of transactions that the validator executed in this block, votes included; 0 if unstated.
    pub executed_transaction_count: u64,
    /// How the source proves that `transactions` is complete.
    pub proof: Proof,
    /// Transactions by ascending `index`.
    pub transactions: Vec<Transaction>,
}

/// Why a block's transactions are believed complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Proof {
    /// Single messages closed by block meta and confirmation; no count was comparable.
    #[default]
    None,
    /// Received count equals the executed count.
    Count,
    /// The source sent the block as one atomic message.
    Block,
}

/// One executed transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Transaction {
    /// First signature.
    pub signature: Signature,
    /// Position in the block.
    pub index: u32,
    /// -1 legacy, 0 v0, 1 v1.
    pub version: i8,
    /// Error bytes as the source encodes them (never decoded strictly); `None` = success.
    pub err: Option<Vec<u8>>,
    /// Fee in lamports.
    pub fee: u64,
    /// Compute units consumed, when known.
    pub compute_units: Option<u64>,
    /// Static keys, then loaded writable, then loaded read-only ones.
    pub keys: Vec<Pubkey>,
    /// Number of signers: the first keys.
    pub signers: u8,
    /// Outer instructions.
    pub instructions: Vec<Instruction>,
    /// Inner instructions by outer index, in execution (pre-)order; `None` = not recorded.
    pub inner: Option<Vec<InnerGroup>>,
    /// Log lines as recorded (a line may contain newlines); `None` = not recorded, which is not "empty".
    pub logs: Option<Vec<String>>,
}

/// An instruction with indexes into [`Transaction::keys`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Instruction {
    /// Index of the program's key.
    pub program: u8,
    /// Indexes of the accounts.
    pub accounts: Vec<u8>,
    /// Instruction data.
    pub data: Vec<u8>,
    /// Height in the invoke stack (outer = 1); `None` where an old source omits it.
    pub stack_height: Option<u32>,
}

/// The inner instructions of one outer instruction.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct InnerGroup {
    /// Index of the outer instruction.
    pub outer: u8,
    /// Inner instructions in execution order; their position here is `inner_ix`.
    pub instructions: Vec<Instruction>,
}
