//! Whether a table as the database has it can take the rows of a wanted layout, and what has to be added first.

use std::collections::BTreeMap;

use hypernode_schemas::table::{Column, TableSpec, quote};

/// Comment of a column that came after the table's first rows. It contributes nothing to a row's checksum while it
/// holds its default, so that checksums of before stay true.
pub(crate) const ADDED: &str = "added";

/// A column as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) comment: String,
}

/// Something a table lacks. None of these changes a stored row's meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// A new column at the end.
    Add(Column),
    /// More values of an enum; `kind` is the union of the table's and the layout's.
    Widen(Column),
}

/// The statement that makes these changes, all or none.
pub(super) fn alter_sql(table: &str, changes: &[Change]) -> String {
    let parts: Vec<String> = changes
        .iter()
        .map(|change| match change {
            Change::Add(column) => format!(
                "ADD COLUMN IF NOT EXISTS {} {} COMMENT '{ADDED}'",
                quote(&column.name),
                column.kind
            ),
            Change::Widen(column) => {
                format!("MODIFY COLUMN {} {}", quote(&column.name), column.kind)
            }
        })
        .collect();
    format!("ALTER TABLE {} {}", quote(table), parts.join(", "))
}

/// What the table lacks to take rows of `spec`; `Err` says why it never can.
pub(super) fn compare(spec: &TableSpec, stored: &[Stored]) -> Result<Vec<Change>, String> {
    let mut changes = Vec::new();
    for wanted in &spec.columns {
        let Some(column) = stored.iter().find(|column| column.name == wanted.name) else {
            changes.push(Change::Add(wanted.clone()));
            continue;
        };
        if same_type(&column.kind, &wanted.kind) {
            continue;
        }
        let Some(kind) = united(&column.kind, &wanted.kind) else {
            return Err(format!(
                "column {} is {} in the table and {} in the IDL",
                wanted.name, column.kind, wanted.kind
            ));
        };
        if !same_type(&kind, &column.kind) {
            changes.push(Change::Widen(Column {
                name: wanted.name.clone(),
                kind,
            }));
        }
    }
    let known = |column: &&Stored| spec.columns.iter().any(|wanted| wanted.name == column.name);
    // A column that a later layout added stays at its default; one of the first layout is a field that is gone.
    match stored
        .iter()
        .find(|column| column.comment != ADDED && !known(column))
    {
        Some(gone) => Err(format!("column {} is not in the IDL any more", gone.name)),
        None => Ok(changes),
    }
}

/// Types as the server prints them may differ from ours in blanks only.
fn same_type(a: &str, b: &str) -> bool {
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    squeeze(a) == squeeze(b)
}

/// The enum that holds the values of both, where both are enums of one width and nothing changes its number.
fn united(stored: &str, wanted: &str) -> Option<String> {
    if let (Some(a), Some(b)) = (inside(stored, "Nullable("), inside(wanted, "Nullable(")) {
        return Some(format!("Nullable({})", united(a, b)?));
    }
    let width = ["Enum8(", "Enum16("]
        .into_iter()
        .find(|width| stored.starts_with(width))?;
    let (old, new) = (
        values(inside(stored, width)?)?,
        values(inside(wanted, width)?)?,
    );
    let mut all = old.clone();
    for (number, name) in &new {
        let renumbered = old
            .iter()
            .any(|(other, known)| known == name && other != number);
        if renumbered
            || all
                .insert(*number, name.clone())
                .is_some_and(|n| n != *name)
        {
            return None;
        }
    }
    // The smallest value is the default, which rows of before hold without having it stored.
    if all.keys().next() != old.keys().next() {
        return None;
    }
    let list: Vec<String> = all
        .iter()
        .map(|(number, name)| format!("'{name}' = {number}"))
        .collect();
    Some(format!("{width}{})", list.join(", ")))
}

fn inside<'a>(kind: &'a str, start: &str) -> Option<&'a str> {
    kind.strip_prefix(start)?.strip_suffix(')')
}

/// Names (escaped as they stand) by number, of a list like `'a' = 0, 'b' = 1`.
fn values(list: &str) -> Option<BTreeMap<i32, String>> {
    let mut values = BTreeMap::new();
    let mut rest = list.trim();
    while !rest.is_empty() {
        let text = rest.strip_prefix('\'')?;
        let mut escaped = false;
        let end = text.find(|c| {
            let closes = c == '\'' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        })?;
        let (name, after) = text.split_at(end);
        let after = after.strip_prefix('\'')?.trim_start().strip_prefix('=')?;
        let (number, more) = after.split_once(',').unwrap_or((after, ""));
        values.insert(number.trim().parse().ok()?, name.to_owned());
        rest = more.trim_start();
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(columns: &[(&str, &str)]) -> TableSpec {
        TableSpec {
            name: "ev_x".into(),
            columns: columns
                .iter()
                .map(|(name, kind)| Column {
                    name: (*name).into(),
                    kind: (*kind).into(),
                })
                .collect(),
            order_by: vec!["slot".into()],
        }
    }

    fn stored(columns: &[(&str, &str, &str)]) -> Vec<Stored> {
        columns
            .iter()
            .map(|(name, kind, comment)| Stored {
                name: (*name).into(),
                kind: (*kind).into(),
                comment: (*comment).into(),
            })
            .collect()
    }

    #[test]
    fn equal_layouts_need_nothing_whatever_the_blanks() {
        let wanted = spec(&[("slot", "UInt64"), ("a", "Tuple(x UInt8, y String)")]);
        let have = stored(&[
            ("slot", "UInt64", ""),
            ("a", "Tuple(\n    x UInt8,\n    y String)", ""),
        ]);
        assert_eq!(compare(&wanted, &have), Ok(vec![]));
    }

    #[test]
    fn new_columns_are_added_and_added_ones_may_be_absent() {
        let wanted = spec(&[("slot", "UInt64"), ("b", "UInt8")]);
        let have = stored(&[("slot", "UInt64", ""), ("c", "String", ADDED)]);
        let changes = compare(&wanted, &have).unwrap();
        assert_eq!(
            alter_sql("ev_x", &changes),
            "ALTER TABLE `ev_x` ADD COLUMN IF NOT EXISTS `b` UInt8 COMMENT 'added'"
        );
    }

    #[test]
    fn another_type_and_a_field_that_is_gone_are_reasons() {
        let wanted = spec(&[("slot", "UInt64"), ("a", "UInt16")]);
        let other = stored(&[("slot", "UInt64", ""), ("a", "UInt8", "")]);
        assert!(compare(&wanted, &other).unwrap_err().contains("column a"));
        let gone = stored(&[
            ("slot", "UInt64", ""),
            ("a", "UInt16", ""),
            ("b", "UInt8", ""),
        ]);
        assert!(compare(&wanted, &gone).unwrap_err().contains("column b"));
    }

    #[test]
    fn enums_gain_values_and_never_change_one() {
        let old = "Enum8('a' = 0, 'it\\'s, = 9' = 1)";
        let grown = "Enum8('a' = 0, 'it\\'s, = 9' = 1, 'c' = 2)";
        assert_eq!(united(old, grown).as_deref(), Some(grown));
        // Back to the older layout: the table keeps what it has.
        assert_eq!(united(grown, old).as_deref(), Some(grown));
        let nullable = |kind: &str| format!("Nullable({kind})");
        assert_eq!(
            united(&nullable(old), &nullable(grown)),
            Some(nullable(grown))
        );
        for wrong in [
            "Enum8('a' = 0, 'b' = 1)",
            "Enum8('a' = 1, 'c' = 0)",
            "Enum8('a' = 0, 'it\\'s, = 9' = 1, 'z' = -1)",
            "Enum16('a' = 0, 'it\\'s, = 9' = 1, 'c' = 2)",
            "UInt8",
            "Enum8(broken",
        ] {
            assert_eq!(united(old, wrong), None, "{wrong}");
        }
    }
}
