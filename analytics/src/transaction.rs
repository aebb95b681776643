//! One transaction as it is stored, for the page that localnet's links lead to.

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::Deserialize;

use crate::query::{self, Error};

/// Most events of one transaction that are shown.
const MAX_EVENTS: u64 = 200;

/// A kept transaction.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Transaction {
    /// Slot of its block.
    pub slot: u64,
    /// Position in the block.
    pub tx_index: u32,
    /// Block time, Unix seconds; 0 unknown.
    pub block_time: u32,
    /// Whether it succeeded. Events of a failed one count nowhere.
    pub success: bool,
    /// The chain's encoded error in hexadecimal, '' for a success.
    pub error_hex: String,
    /// Fee in lamports.
    pub fee: u64,
    /// Compute units consumed.
    pub compute_units: u64,
    /// First signer, who paid the fee, base58.
    pub fee_payer: String,
    /// Whether logs were missing, truncated or at odds with the instructions: then log events are not believed.
    pub logs_doubtful: bool,
}

/// A decoded record of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct TransactionEvent {
    /// Index of the outer instruction.
    pub outer_ix: u16,
    /// Index of the inner instruction, -1 for the outer one itself.
    pub inner_ix: i32,
    /// Label of the program's IDL.
    pub program: String,
    /// Program's address, base58.
    pub program_id: String,
    /// Event's name in the IDL.
    pub event: String,
    /// `log` or `cpi`.
    pub via: String,
    /// Canonical kind, e.g. `JobCreated`; '' if the network's figures do not use it.
    pub meaning: String,
    /// Job account, base58, or ''.
    pub job_id: String,
    /// Node account, base58, or ''.
    pub node_id: String,
    /// The chain's own string for the job or node.
    pub label: String,
    /// Price in base units; 0 where the event has none.
    pub price: u64,
    /// Amounts distributed, base units.
    pub paid: u128,
}

/// The transaction of this signature up to `as_of` (a slot) and its events, in two round trips; `None` if none is kept.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn find(
    client: &Client,
    as_of: u64,
    signature: &[u8; 64],
) -> Result<Option<(Transaction, Vec<TransactionEvent>)>, Error> {
    let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    let sql = query::fill(include_str!("sql/transaction.sql"), &[("as_of", as_of)])
        .replace("{signature}", &hex);
    let Some(transaction) = query::rows::<Transaction>(client, "a transaction", &sql)
        .await?
        .pop()
    else {
        return Ok(None);
    };
    let sql = query::fill(
        include_str!("sql/transaction_events.sql"),
        &[
            ("slot", transaction.slot),
            ("tx_index", transaction.tx_index.into()),
            ("limit", MAX_EVENTS),
        ],
    );
    let events = query::rows(client, "a transaction's events", &sql).await?;
    Ok(Some((transaction, events)))
}
