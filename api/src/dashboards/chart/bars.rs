//! One bar for each of a few things.

use std::fmt::Write as _;

use hypernode_analytics::panels::{Cell, Panel, Table};

use super::data::number;
use super::none;
use crate::dashboards::table::{is_address, number_text};
use crate::html::{escape, short};

/// Bars of one chart; the table has all.
const BARS: usize = 12;

pub(super) fn draw(panel: &Panel, table: &Table) -> String {
    let chart = &panel.header.chart;
    let place = |column: Option<&String>| column.and_then(|name| table.column(name));
    let (Some(x), Some(y)) = (place(chart.x.as_ref()), place(chart.y.first())) else {
        return none();
    };
    let value = |row: &Vec<Cell>| row.get(y).and_then(number).unwrap_or_default().max(0.0);
    let most = table.rows.iter().map(value).fold(0.0, f64::max);
    if table.rows.is_empty() {
        return none();
    }
    // The table beside it says the same to who cannot see it.
    let mut out = String::from("<div class=\"hbars\" aria-hidden=\"true\">");
    for row in table.rows.iter().take(BARS) {
        let part = if most > 0.0 {
            100.0 * value(row) / most
        } else {
            0.0
        };
        let _ = write!(
            out,
            "<span class=\"what\">{}</span><svg class=\"hbar\" width=\"100%\" height=\"14\"><rect class=\"track\" width=\"100%\" \
             height=\"14\" rx=\"3\"/><rect class=\"fill c0\" width=\"{part:.2}%\" height=\"14\" rx=\"3\"/></svg>\
             <span class=\"number\">{}</span>",
            name(row.get(x)),
            number_text(value(row))
        );
    }
    out.push_str("</div>");
    if table.rows.len() > BARS {
        let _ = write!(
            out,
            "<p class=\"none\">{BARS} of {}; the table has all.</p>",
            table.rows.len()
        );
    }
    out
}

fn name(cell: Option<&Cell>) -> String {
    match cell {
        Some(Cell::Text(text)) if is_address(text) => format!(
            "<code title=\"{0}\">{1}</code>",
            escape(text),
            escape(&short(text))
        ),
        Some(Cell::Text(text)) => escape(text),
        Some(Cell::Number(number)) => number.to_string(),
        _ => "–".to_owned(),
    }
}
