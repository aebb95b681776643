//! How well accounts are known, by slot: rows of `account_coverage`.

use std::collections::HashMap;
use std::fmt::Write as _;

use clickhouse::Row;
use hypernode_decoder::chain::Pubkey;
use hypernode_warehouse::{Client, WarehouseError};
use serde::Deserialize;

use super::cover::{Kind, Statement};

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coverage<'a> {
    pub(super) program: Pubkey,
    pub(super) label: &'a str,
    kind: &'static str,
    from: u64,
    to: u64,
    accounts: u64,
    reason: &'static str,
}

impl<'a> Coverage<'a> {
    /// All accounts were read as of a slot: a mark, beside the statement of whether that slot was observed.
    pub(super) fn snapshot(program: Pubkey, label: &'a str, slot: u64, accounts: u64) -> Self {
        Self {
            program,
            label,
            kind: "snapshot",
            from: slot,
            to: slot,
            accounts,
            reason: "",
        }
    }

    pub(super) fn statement(program: Pubkey, label: &'a str, statement: Statement) -> Self {
        Self {
            program,
            label,
            kind: match statement.kind {
                Kind::Observed => "observed",
                Kind::Unobserved => "unobserved",
            },
            from: statement.from,
            to: statement.to,
            accounts: 0,
            reason: statement.reason,
        }
    }
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
            row.kind,
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
    observed: bool,
    from: u64,
    to: u64,
}

/// What was stated last of each program.
pub(super) async fn last(client: &Client) -> Result<HashMap<Pubkey, Statement>, WarehouseError> {
    let sql = "SELECT program, last.3 AS observed, last.2 AS from, last.1 AS to FROM (\
               SELECT program, max((slot_to, slot_from, kind = 'observed')) AS last FROM account_coverage FINAL \
               WHERE kind IN ('observed', 'unobserved') GROUP BY program)";
    let rows = client.rows::<Last>(sql).await?;
    let statement = |row: Last| Statement {
        kind: if row.observed {
            Kind::Observed
        } else {
            Kind::Unobserved
        },
        from: row.from,
        to: row.to,
        reason: "",
    };
    Ok(rows
        .into_iter()
        .map(|row| (row.program, statement(row)))
        .collect())
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
