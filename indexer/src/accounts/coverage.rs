//! How well accounts are known, by slot: rows of `account_coverage`.

use std::collections::HashMap;
use std::fmt::Write as _;

use clickhouse::Row;
use hypernode_decoder::chain::Pubkey;
use hypernode_warehouse::{Client, WarehouseError};
use serde::Deserialize;

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Snapshot,
    Unobserved,
    Observed,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Unobserved => "unobserved",
            Self::Observed => "observed",
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coverage<'a> {
    pub(super) program: Pubkey,
    pub(super) label: &'a str,
    pub(super) kind: Kind,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) accounts: u64,
    pub(super) reason: &'static str,
}

/// Writes rows.
pub(super) async fn record(client: &Client, rows: &[Coverage<'_>]) -> Result<(), WarehouseError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut sql = "INSERT INTO account_coverage \
                   (program, label, kind, slot_from, slot_to, accounts, at, reason) "
        .to_owned();
    for (i, row) in rows.iter().enumerate() {
        let union = if i > 0 { " UNION ALL " } else { "" };
        // Labels come from file names: quotes and backslashes in them stay inside the literal.
        let label = row.label.replace('\\', "\\\\").replace('\'', "\\'");
        let _ = write!(
            sql,
            "{union}SELECT unhex('{}'), '{label}', '{}', toUInt64({}), toUInt64({}), toUInt64({}), now64(3, 'UTC'), '{}'",
            hex(&row.program),
            row.kind.name(),
            row.from,
            row.to,
            row.accounts,
            row.reason
        );
    }
    client.execute(&sql).await
}

#[derive(Row, Deserialize)]
struct Last {
    program: Pubkey,
    slot: u64,
}

/// Last slot of each program at which its accounts were observed or read.
pub(super) async fn last(client: &Client) -> Result<HashMap<Pubkey, u64>, WarehouseError> {
    let sql = "SELECT program, max(slot_to) AS slot FROM account_coverage FINAL \
               WHERE kind IN ('snapshot', 'observed') GROUP BY program";
    let rows = client.rows::<Last>(sql).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.program, row.slot))
        .collect())
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
