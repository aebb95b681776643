//! Tables whose columns come from IDLs.

use std::collections::HashMap;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use hypernode_schemas::table::TableSpec;

use crate::client::{Client, WarehouseError};
use crate::literal::string;

/// Tables made at once: an IDL may bring hundreds.
const PARALLEL: usize = 8;

/// Creates the tables that are missing and compares those that are there.
///
/// # Errors
/// [`WarehouseError::Conflict`] names the table and the first column that differs; else what ClickHouse said.
pub async fn ensure_tables(client: &Client, specs: &[TableSpec]) -> Result<(), WarehouseError> {
    if specs.is_empty() {
        return Ok(());
    }
    let present = columns(client, specs).await?;
    let mut missing = Vec::new();
    for spec in specs {
        match present.get(&spec.name) {
            Some(columns) => compare(spec, columns)?,
            None => missing.push(spec.create_sql()),
        }
    }
    stream::iter(missing)
        .map(|sql| async move { client.execute(&sql).await })
        .buffer_unordered(PARALLEL)
        .try_collect::<()>()
        .await?;
    // Two programs may have created a table at once; what counts is what is there now.
    let present = columns(client, specs).await?;
    for spec in specs {
        compare(spec, present.get(&spec.name).map_or(&[], Vec::as_slice))?;
    }
    Ok(())
}

type Columns = Vec<(String, String)>;

/// Name and type of the columns of those of `specs` that exist.
async fn columns(
    client: &Client,
    specs: &[TableSpec],
) -> Result<HashMap<String, Columns>, WarehouseError> {
    let names: Vec<String> = specs.iter().map(|spec| string(&spec.name)).collect();
    let sql = format!(
        "SELECT table, name, type FROM system.columns WHERE database = currentDatabase() AND table IN ({}) \
         ORDER BY table, position",
        names.join(", ")
    );
    let mut tables: HashMap<String, Columns> = HashMap::new();
    for (table, name, kind) in client.rows::<(String, String, String)>(&sql).await? {
        tables.entry(table).or_default().push((name, kind));
    }
    Ok(tables)
}

/// Types as the server prints them may differ from ours in blanks only.
fn same_type(a: &str, b: &str) -> bool {
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    squeeze(a) == squeeze(b)
}

fn compare(spec: &TableSpec, columns: &[(String, String)]) -> Result<(), WarehouseError> {
    let conflict = |what: String| {
        Err(WarehouseError::Conflict(format!(
            "table {}: {what}; the IDL changed since the table was made: give the program another label, or use \
             another database",
            spec.name
        )))
    };
    for (position, wanted) in spec.columns.iter().enumerate() {
        match columns.get(position) {
            None => return conflict(format!("column {} {} is missing", wanted.name, wanted.kind)),
            Some((name, _)) if *name != wanted.name => {
                return conflict(format!("column {} is {name} in the database", wanted.name));
            }
            Some((_, kind)) if !same_type(kind, &wanted.kind) => {
                return conflict(format!(
                    "column {} is {kind} in the database, {} in the IDL",
                    wanted.name, wanted.kind
                ));
            }
            Some(_) => {}
        }
    }
    match columns.get(spec.columns.len()) {
        Some((name, _)) => conflict(format!("column {name} is not in the IDL")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hypernode_schemas::table::Column;

    #[test]
    fn differences_name_table_and_column() {
        let column = |name: &str, kind: &str| Column {
            name: name.into(),
            kind: kind.into(),
        };
        let spec = TableSpec {
            name: "ev_x".into(),
            columns: vec![
                column("slot", "UInt64"),
                column("a", "Tuple(x UInt8, y String)"),
            ],
            order_by: vec!["slot".into()],
        };
        let have = |list: &[(&str, &str)]| -> Columns {
            list.iter()
                .map(|(n, k)| ((*n).to_owned(), (*k).to_owned()))
                .collect()
        };
        let good = have(&[
            ("slot", "UInt64"),
            ("a", "Tuple(\n    x UInt8,\n    y String)"),
        ]);
        assert!(compare(&spec, &good).is_ok());
        for bad in [
            have(&[("slot", "UInt64")]),
            have(&[("slot", "UInt64"), ("a", "String")]),
            have(&[("slot", "UInt64"), ("b", "Tuple(x UInt8, y String)")]),
            have(&[
                ("slot", "UInt64"),
                ("a", "Tuple(x UInt8, y String)"),
                ("c", "UInt8"),
            ]),
        ] {
            let text = compare(&spec, &bad).unwrap_err().to_string();
            assert!(text.contains("ev_x") && text.contains("column"), "{text}");
        }
    }
}
