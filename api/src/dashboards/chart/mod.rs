//! Charts as SVG made on the server: no script and no inline style, so that the page's strict policy stays. Text is laid out in
//! pixels and places in percent, so that it is as readable on a phone as on a desk.

mod axis;
mod bars;
mod data;
mod over_time;

use std::fmt::Write as _;

use hypernode_analytics::panels::{Cell, ChartKind, Panel, Table};

use super::table::{number_text, words};
use crate::html::{escape, grouped};

/// What a panel shows beside its table; empty for one that is a table.
pub(super) fn draw(panel: &Panel, table: &Table) -> String {
    match panel.header.chart.kind {
        ChartKind::Table => String::new(),
        ChartKind::Number => number(panel, table),
        ChartKind::Bars => bars::draw(panel, table),
        _ => over_time::draw(panel, table),
    }
}

/// One figure, and what stands beside it in words.
fn number(panel: &Panel, table: &Table) -> String {
    let chart = &panel.header.chart;
    let Some(row) = table.rows.first() else {
        return none();
    };
    let mut figure = "–".to_owned();
    let mut beside = String::new();
    for (cell, column) in row.iter().zip(&table.columns) {
        let text = match cell {
            Cell::Number(number) => number_text(number.as_f64().unwrap_or_default()),
            Cell::Text(text) => text.parse().map_or_else(|_| escape(text), grouped),
            Cell::Null | Cell::Time(_) => "–".to_owned(),
        };
        if chart.y.contains(&column.name) {
            figure = text;
        } else {
            let _ = write!(
                beside,
                "<div><dt>{}</dt><dd>{text}</dd></div>",
                escape(&words(&column.name))
            );
        }
    }
    let unit = match panel.header.unit.as_str() {
        "percent" => "%",
        unit => unit,
    };
    format!(
        "<p class=\"figure\">{figure} <small>{}</small></p><dl class=\"beside\">{beside}</dl>",
        escape(unit)
    )
}

/// In place of a chart without anything to show.
fn none() -> String {
    "<p class=\"none\">Nothing in this window.</p>".to_owned()
}

/// A colour for each series: what has a meaning keeps its colour, the others take the next one.
fn colours(names: &[String]) -> Vec<&'static str> {
    const NEXT: [&str; 8] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"];
    let mut next = NEXT.into_iter().cycle();
    let colour = |name: &String| match name.as_str() {
        "failed" => "cbad",
        "completed" | "good" | "succeeded" => "cgood",
        "cancelled" | "expired" | "other" => "csoft",
        "settled" => "c1",
        _ => next.next().unwrap_or("c0"),
    };
    names.iter().map(colour).collect()
}
