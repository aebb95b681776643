//! A panel's rows as an HTML table, and values as people read them.

use std::fmt::Write as _;

use hypernode_analytics::panels::{Cell, Column, ColumnKind, Table};
use hypernode_analytics::time::iso_millis;

use crate::html::{escape, grouped, short};

/// Rows of a table on the page; CSV has all.
const ROWS: usize = 400;

/// The table; rows over time with the newest first.
pub(super) fn html(table: &Table, caption: &str) -> String {
    let mut out = format!("<table><caption>{}</caption><thead><tr>", escape(caption));
    for column in &table.columns {
        let class = class(column);
        let _ = write!(
            out,
            "<th scope=\"col\"{class}>{}</th>",
            escape(&words(&column.name))
        );
    }
    out.push_str("</tr></thead><tbody>");
    let is_over_time = table
        .columns
        .first()
        .is_some_and(|first| matches!(first.kind, ColumnKind::Time | ColumnKind::Day));
    let rows: Vec<_> = if is_over_time {
        table.rows.iter().rev().collect()
    } else {
        table.rows.iter().collect()
    };
    for row in rows.iter().take(ROWS) {
        out.push_str("<tr>");
        for (cell, column) in row.iter().zip(&table.columns) {
            let _ = write!(out, "<td{}>{}</td>", class(column), show(cell, column.kind));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table>");
    if rows.len() > ROWS {
        let _ = write!(
            out,
            "<p class=\"none\">{ROWS} of {} rows; CSV has all.</p>",
            rows.len()
        );
    }
    out
}

fn class(column: &Column) -> &'static str {
    if column.kind == ColumnKind::Number {
        " class=\"number\""
    } else {
        ""
    }
}

/// A column's name in words.
pub(super) fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn show(cell: &Cell, kind: ColumnKind) -> String {
    match cell {
        Cell::Null => "–".to_owned(),
        Cell::Time(seconds) => {
            let iso = time(*seconds, kind);
            let readable = iso.trim_end_matches('Z').replace('T', " ");
            format!("<time datetime=\"{iso}\">{readable}</time>")
        }
        Cell::Number(number) => number_text(number.as_f64().unwrap_or_default()),
        Cell::Text(text) if is_address(text) => {
            format!(
                "<code title=\"{0}\">{1}</code>",
                escape(text),
                escape(&short(text))
            )
        }
        Cell::Text(text) => escape(text),
    }
}

/// A moment or a day in ISO 8601, UTC.
pub(super) fn time(seconds: i64, kind: ColumnKind) -> String {
    let iso = iso_millis(seconds.saturating_mul(1000)).unwrap_or_default();
    match kind {
        ColumnKind::Day => iso.get(..10).unwrap_or_default().to_owned(),
        _ => iso
            .get(..19)
            .map(|text| format!("{text}Z"))
            .unwrap_or_default(),
    }
}

/// A key in base58.
pub(super) fn is_address(text: &str) -> bool {
    (32..=44).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A number in groups of three, with two decimals where it has any.
pub(super) fn number_text(number: f64) -> String {
    let hundredths = (number.abs() * 100.0).round();
    // Beyond this a double has no hundredths; casts of floats saturate.
    if !hundredths.is_finite() || hundredths > 9e15 {
        return format!("{number:.3e}");
    }
    let hundredths = hundredths as u64;
    let sign = if number < 0.0 && hundredths > 0 {
        "−"
    } else {
        ""
    };
    let whole = grouped((hundredths / 100).into());
    match hundredths % 100 {
        0 => format!("{sign}{whole}"),
        part if part % 10 == 0 => format!("{sign}{whole}.{}", part / 10),
        part => format!("{sign}{whole}.{part:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_grouped() {
        for (number, text) in [
            (0.0, "0"),
            (1234.0, "1,234"),
            (0.5, "0.5"),
            (-2.25, "−2.25"),
            (1234.005, "1,234.01"),
            (0.001, "0"),
            (-0.001, "0"),
            (1e20, "1.000e20"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number_text(number), text);
        }
    }

    #[test]
    fn strangers_words_are_text() {
        assert_eq!(
            show(&Cell::Text("<b>".into()), ColumnKind::Text),
            "&lt;b&gt;"
        );
        assert_eq!(time(86_400, ColumnKind::Day), "1970-01-02");
        assert!(
            is_address("5SoMFrrrAEnXStdkq3FTw5au4x8NYmfctF5SaBBt6sWb")
                && !is_address("gpu-in-0001")
        );
    }
}
