//! A panel's rows as CSV (RFC 4180).

use hypernode_analytics::panels::{Cell, Table};

use super::table::time;

/// Header and rows, lines ended by CRLF.
pub(super) fn write(table: &Table) -> String {
    let mut out = String::new();
    line(
        &mut out,
        table.columns.iter().map(|column| column.name.clone()),
    );
    for row in &table.rows {
        let cells = row
            .iter()
            .zip(&table.columns)
            .map(|(cell, column)| match cell {
                Cell::Null => String::new(),
                Cell::Time(seconds) => time(*seconds, column.kind),
                Cell::Number(number) => number.to_string(),
                Cell::Text(text) => harmless(text),
            });
        line(&mut out, cells);
    }
    out
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(',');
        }
        if cell.contains([',', '"', '\r', '\n']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}

/// Names on chain are strangers' words, and spreadsheets run what looks like a formula: such a text gets an apostrophe.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hypernode_analytics::panels::{Column, ColumnKind};

    #[test]
    fn cells_are_quoted_and_harmless() {
        let column = |name: &str, kind| Column {
            name: name.into(),
            type_name: String::new(),
            kind,
        };
        let table = Table {
            columns: vec![
                column("time", ColumnKind::Time),
                column("n", ColumnKind::Number),
                column("who", ColumnKind::Text),
            ],
            rows: vec![
                vec![
                    Cell::Time(1_714_564_800),
                    Cell::Number(u64::MAX.into()),
                    Cell::Text("a \"b\", c".into()),
                ],
                vec![
                    Cell::Null,
                    Cell::Number((-3).into()),
                    Cell::Text("=cmd()".into()),
                ],
            ],
            as_of_slot: 1,
        };
        assert_eq!(
            write(&table),
            "time,n,who\r\n2024-05-01T12:00:00Z,18446744073709551615,\"a \"\"b\"\", c\"\r\n,-3,'=cmd()\r\n"
        );
    }
}
