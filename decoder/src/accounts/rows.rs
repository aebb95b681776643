//! Rows of accounts on their way to tables.

use std::sync::Arc;

use hypernode_schemas::table::{ACCOUNT_IDENTITY, TableRows};

use super::decode::{Owner, source};
use super::node::NodePlan;
use super::{AccountDecoder, AccountVersion};
use crate::column::{Head, HeadColumn, Table};

/// After the key.
const VERSIONS: &[(&str, &str)] = &[
    ("owner", "FixedString(32)"),
    ("label", "String"),
    ("account", "String"),
    ("lamports", "UInt64"),
    ("executable", "Bool"),
    ("signature", "FixedString(64)"),
    ("source", "Enum8('stream' = 1, 'snapshot' = 2)"),
    ("closed", "Bool"),
    ("layout", "String"),
    ("reason", "String"),
    ("detail", "String"),
    ("data", "String"),
];

/// After the key.
const NODES: &[(&str, &str)] = &[
    ("program", "FixedString(32)"),
    ("label", "String"),
    ("layout", "String"),
    ("owner", "FixedString(32)"),
    ("node_id", "String"),
    ("gpu_specs_hash", "String"),
    ("location", "String"),
    ("status", "String"),
    ("stake", "UInt64"),
    ("reputation", "UInt64"),
    ("jobs_completed", "UInt64"),
    ("jobs_failed", "Nullable(UInt64)"),
    ("total_earned", "UInt64"),
    ("last_heartbeat", "Int64"),
    ("registered_at", "Int64"),
];

/// Streams of the key: each column is one.
pub(super) const KEY_STREAMS: usize = ACCOUNT_IDENTITY.len();

/// Number of fixed tables, and the place of each.
const FIXED: usize = 2;
const T_VERSIONS: usize = 0;
const T_NODES: usize = 1;

/// Heads of the fixed tables in their order.
pub(super) fn heads() -> [Arc<Head>; FIXED] {
    [
        head("account_versions", VERSIONS),
        head("node_account_versions", NODES),
    ]
}

fn head(name: &str, own: &[(&str, &str)]) -> Arc<Head> {
    let column = |(name, kind): &(&str, &str)| HeadColumn {
        name: (*name).into(),
        kind: (*kind).into(),
        streams: if kind.starts_with("Nullable(") { 2 } else { 1 },
    };
    Arc::new(Head {
        name: name.into(),
        columns: ACCOUNT_IDENTITY.iter().chain(own).map(column).collect(),
    })
}

/// Column buffers for every table of one [`AccountDecoder`].
#[derive(Debug)]
pub struct AccountRows {
    /// Fixed tables, then the typed ones.
    tables: Vec<Table>,
    heads: Arc<[Arc<Head>]>,
}

impl AccountRows {
    /// Empty rows for the tables of `decoder`; they must only be filled by it.
    #[must_use]
    pub fn new(decoder: &AccountDecoder) -> Self {
        let heads = decoder.heads();
        Self {
            tables: heads.iter().cloned().map(Table::new).collect(),
            heads: Arc::clone(heads),
        }
    }

    /// Accounts seen: rows of `account_versions`.
    #[must_use]
    pub fn accounts(&self) -> u64 {
        self.tables.get(T_VERSIONS).map_or(0, Table::rows)
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let streams = self.tables.iter().flat_map(|table| &table.streams);
        streams.map(|stream| stream.bytes().len()).sum()
    }

    /// One `Native` block per table that has rows, leaving none behind.
    pub fn take(&mut self) -> Vec<TableRows> {
        self.tables.iter_mut().filter_map(Table::take).collect()
    }

    pub(super) fn typed(&mut self, table: usize) -> Option<&mut Table> {
        self.tables.get_mut(FIXED + table)
    }

    pub(super) fn belongs_to(&self, decoder: &AccountDecoder) -> bool {
        Arc::ptr_eq(&self.heads, decoder.heads())
    }
}

/// A row of `account_versions`.
pub(super) struct VersionRow<'a> {
    pub(super) seen: &'a AccountVersion<'a>,
    pub(super) label: &'a str,
    pub(super) account: &'a str,
    pub(super) layout: &'a str,
    pub(super) closed: bool,
    pub(super) reason: &'a str,
    pub(super) detail: &'a str,
}

impl VersionRow<'_> {
    pub(super) fn write(&self, rows: &mut AccountRows) {
        let Some(table) = rows.tables.get_mut(T_VERSIONS) else {
            return;
        };
        let seen = self.seen;
        table
            .row()
            .fixed(seen.pubkey)
            .u64(seen.slot)
            .u64(seen.write_version)
            .fixed(seen.owner)
            .string(self.label.as_bytes())
            .string(self.account.as_bytes())
            .u64(seen.lamports)
            .byte(u8::from(seen.executable))
            .fixed(seen.signature.unwrap_or(&[0; 64]))
            .byte(source(seen.source))
            .byte(u8::from(self.closed))
            .string(self.layout.as_bytes())
            .string(self.reason.as_bytes())
            .string(self.detail.as_bytes())
            .string(seen.data);
        table.commit();
    }
}

/// A row of `node_account_versions` from the typed row in progress.
pub(super) fn node_row(
    node: &NodePlan,
    typed: usize,
    owner: &Owner,
    layout: &str,
    seen: &AccountVersion<'_>,
    rows: &mut AccountRows,
) {
    let Some((fixed, rest)) = rows.tables.split_at_mut_checked(FIXED) else {
        return;
    };
    let (Some(table), Some(typed)) = (fixed.get_mut(T_NODES), rest.get(typed)) else {
        return;
    };
    let streams = typed.streams.get(KEY_STREAMS..).unwrap_or_default();
    let mut row = table.row();
    row.fixed(seen.pubkey)
        .u64(seen.slot)
        .u64(seen.write_version)
        .fixed(&owner.id)
        .string(owner.label.as_bytes())
        .string(layout.as_bytes());
    node.write(streams, &mut row);
    table.commit();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and types of a `CREATE TABLE`'s columns, one per line there.
    fn columns(sql: &str) -> Vec<(String, String)> {
        let body = sql.split_once("\n(\n").unwrap().1;
        let body = body.split_once("\n)\nENGINE").unwrap().0;
        let column = |line: &str| {
            let line = line.trim().trim_end_matches(',');
            let line = line.split(" CODEC").next().unwrap();
            let (name, kind) = line.split_once(' ').unwrap();
            (
                name.to_owned(),
                kind.replace("LowCardinality(String)", "String"),
            )
        };
        body.lines().map(column).collect()
    }

    #[test]
    fn columns_are_those_of_the_ddl() {
        for head in heads() {
            let migrations = hypernode_schemas::clickhouse::migrations();
            let sql = migrations.iter().find(|m| m.name == head.name).unwrap().sql;
            let ours: Vec<_> = head
                .columns
                .iter()
                .map(|c| (c.name.clone(), c.kind.clone()))
                .collect();
            assert_eq!(ours, columns(sql), "{}", head.name);
        }
    }
}
