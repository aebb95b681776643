//! The tables that exist whatever the IDLs are. Their DDL is in `schemas/clickhouse`; `LowCardinality`
//! columns are sent as plain strings, which ClickHouse casts.

use std::sync::Arc;

use hypernode_schemas::table::IDENTITY;

use crate::call;
use crate::canonical;
use crate::column::{Head, HeadColumn};

const BLOCKS: &[(&str, &str)] = &[
    ("slot", "UInt64"),
    ("parent_slot", "UInt64"),
    ("blockhash", "FixedString(32)"),
    ("parent_blockhash", "FixedString(32)"),
    ("block_height", "UInt64"),
    ("block_time", "DateTime('UTC')"),
    ("executed_transactions", "UInt64"),
    ("transactions", "UInt32"),
    ("failed_transactions", "UInt32"),
    ("proof", "Enum8('none' = 0, 'count' = 1, 'block' = 2)"),
];

const TRANSACTIONS: &[(&str, &str)] = &[
    ("slot", "UInt64"),
    ("tx_index", "UInt32"),
    ("signature", "FixedString(64)"),
    ("block_time", "DateTime('UTC')"),
    ("success", "Bool"),
    ("err", "String"),
    ("version", "Int8"),
    ("fee", "UInt64"),
    ("compute_units", "UInt64"),
    ("signer", "FixedString(32)"),
    ("logs_missing", "Bool"),
    ("log_truncated", "Bool"),
    ("log_mismatch", "Bool"),
];

/// After the identity.
const EVENTS: &[(&str, &str)] = &[
    ("program", "FixedString(32)"),
    ("label", "String"),
    ("event", "String"),
    ("via", "Enum8('log' = 1, 'cpi' = 2)"),
    ("success", "Bool"),
    ("accounts", "Array(FixedString(32))"),
    ("trailing", "UInt32"),
    ("data", "String"),
];

/// After the identity.
const DEAD_LETTERS: &[(&str, &str)] = &[
    ("program", "FixedString(32)"),
    ("label", "String"),
    ("event", "String"),
    ("via", "Enum8('log' = 1, 'cpi' = 2, 'instruction' = 3)"),
    ("success", "Bool"),
    ("reason", "String"),
    ("detail", "String"),
    ("data", "String"),
];

/// After the identity.
const INSTRUCTIONS: &[(&str, &str)] = &[
    ("program", "FixedString(32)"),
    ("label", "String"),
    ("instruction", "String"),
    ("depth", "UInt8"),
    ("path", "Array(UInt16)"),
    ("caller", "FixedString(32)"),
    ("result", call::RESULT),
    ("accounts", "Array(FixedString(32))"),
    ("account_names", "Array(String)"),
    ("trailing", "UInt32"),
    ("data", "String"),
];

/// After the identity, before the value columns.
const CANONICAL: &[(&str, &str)] = &[
    (
        "kind",
        "Enum8('NodeRegistered' = 1, 'NodeStatusChanged' = 2, 'NodeDeregistered' = 3, 'JobCreated' = 4, \
         'JobAssigned' = 5, 'JobCompleted' = 6, 'JobFailed' = 7, 'JobCancelled' = 8, \
         'PaymentDistributed' = 9, 'PaymentProcessed' = 10)",
    ),
    ("program", "FixedString(32)"),
    ("label", "String"),
];

/// Number of core tables, and the place of each among them.
pub(crate) const COUNT: usize = 6;
pub(crate) const T_BLOCKS: usize = 0;
pub(crate) const T_TRANSACTIONS: usize = 1;
pub(crate) const T_EVENTS: usize = 2;
pub(crate) const T_DEAD_LETTERS: usize = 3;
pub(crate) const T_CANONICAL: usize = 4;
pub(crate) const T_INSTRUCTIONS: usize = 5;

/// Heads of the core tables in their order.
pub(crate) fn heads() -> [Arc<Head>; COUNT] {
    let values: Vec<_> = canonical::COLUMNS
        .iter()
        .map(|(_, name, kind)| (*name, *kind))
        .collect();
    let canonical: Vec<_> = CANONICAL.iter().chain(&values).copied().collect();
    [
        head("blocks", &[], BLOCKS),
        head("transactions", &[], TRANSACTIONS),
        head("events", &IDENTITY, EVENTS),
        head("dead_letters", &IDENTITY, DEAD_LETTERS),
        head("canonical_events", &IDENTITY, &canonical),
        head("instructions", &IDENTITY, INSTRUCTIONS),
    ]
}

fn head(name: &str, identity: &[(&str, &str)], own: &[(&str, &str)]) -> Arc<Head> {
    let column = |(name, kind): &(&str, &str)| HeadColumn {
        name: (*name).into(),
        kind: (*kind).into(),
        streams: if kind.starts_with("Array(") { 2 } else { 1 },
    };
    Arc::new(Head {
        name: name.into(),
        columns: identity.iter().chain(own).map(column).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns of a `CREATE TABLE`, as name and type.
    fn columns(sql: &str) -> Vec<(String, String)> {
        let code: Vec<&str> = sql
            .lines()
            .filter(|l| !l.trim_start().starts_with("--"))
            .collect();
        let code = code.join("\n");
        let body = code.split_once("(\n").unwrap().1;
        let body = body.split_once("\n)\nENGINE").unwrap().0;
        let (mut depth, mut parts) = (0, vec![String::new()]);
        for c in body.chars() {
            depth += i32::from(c == '(') - i32::from(c == ')');
            match c {
                ',' if depth == 0 => parts.push(String::new()),
                _ => parts.last_mut().unwrap().push(c),
            }
        }
        let column = |part: &String| {
            let words: Vec<&str> = part.split_whitespace().collect();
            let text = words.join(" ");
            let text = text.split(" CODEC").next().unwrap();
            let (name, kind) = text.split_once(' ').unwrap();
            (
                name.to_owned(),
                kind.replace("LowCardinality(String)", "String"),
            )
        };
        parts.iter().map(column).collect()
    }

    /// Columns that a later file gives another type.
    fn altered(table: &str) -> Vec<(String, String)> {
        let start = format!("ALTER TABLE {table} MODIFY COLUMN ");
        let migrations = hypernode_schemas::clickhouse::migrations().iter();
        let lines = migrations.flat_map(|m| m.sql.lines());
        let changes = lines.filter_map(|line| line.strip_prefix(start.as_str()));
        changes
            .map(|change| change.split_once(' ').unwrap())
            .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
            .collect()
    }

    #[test]
    fn columns_are_those_of_the_ddl() {
        for head in heads() {
            let migrations = hypernode_schemas::clickhouse::migrations();
            let sql = migrations.iter().find(|m| m.name == head.name).unwrap().sql;
            let mut theirs = columns(sql);
            for (name, kind) in altered(&head.name) {
                theirs.iter_mut().find(|c| c.0 == name).unwrap().1 = kind;
            }
            let ours: Vec<_> = head
                .columns
                .iter()
                .map(|c| (c.name.clone(), c.kind.clone()))
                .collect();
            assert_eq!(ours, theirs, "{}", head.name);
        }
    }
}
