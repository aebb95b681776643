//! Lines, stacked bars and stacked areas.

use std::fmt::Write as _;

use hypernode_analytics::panels::{ChartKind, ColumnKind, Panel, Table};

use super::axis::{self, Scale};
use super::data::Series;
use super::{colours, none};
use crate::dashboards::table::{number_text, time, words};
use crate::html::escape;

/// The drawing's own units; it is stretched to the room that there is.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 180.0;

pub(super) fn draw(panel: &Panel, table: &Table) -> String {
    let Some(series) = Series::new(panel, table) else {
        return none();
    };
    let kind = panel.header.chart.kind;
    let stacked = kind != ChartKind::Lines;
    let scale = axis::scale(series.most(stacked), series.is_whole());
    let colours = colours(&series.names);
    let mut out = legend(kind, &series, &colours);
    let _ = write!(
        out,
        "<div class=\"plot\" role=\"img\" aria-label=\"{}\">{}<svg class=\"area\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         preserveAspectRatio=\"none\" aria-hidden=\"true\">{}",
        escape(&description(panel, &series)),
        side(&scale),
        unfinished(&series) + &grid(&scale)
    );
    match kind {
        ChartKind::StackedBars => bars(&mut out, &series, &scale, &colours),
        ChartKind::StackedArea => areas(&mut out, &series, &scale, &colours),
        _ => lines(&mut out, &series, &scale, &colours),
    }
    hints(&mut out, &series);
    out.push_str("</svg>");
    out.push_str(&foot(&series));
    out.push_str("</div>");
    out
}

/// Names, and the newest value of each.
fn legend(kind: ChartKind, series: &Series, colours: &[&str]) -> String {
    let mut out = String::from("<ul class=\"legend\">");
    for ((name, values), colour) in series.names.iter().zip(&series.values).zip(colours) {
        let newest = values
            .last()
            .copied()
            .flatten()
            .map_or("–".to_owned(), number_text);
        let mark = match kind {
            ChartKind::Lines => format!("<path class=\"line {colour}\" d=\"M0 6H22\"/>"),
            _ => format!("<rect class=\"fill {colour}\" width=\"12\" height=\"12\" rx=\"2\"/>"),
        };
        let width = if kind == ChartKind::Lines { 22 } else { 12 };
        let _ = write!(
            out,
            "<li><svg width=\"{width}\" height=\"12\" aria-hidden=\"true\">{mark}</svg> {} <b>{newest}</b></li>",
            escape(&words(name))
        );
    }
    out.push_str("</ul>");
    out
}

/// The newest step ends with the newest block, and is seldom over: what falls there has not fallen.
fn unfinished(series: &Series) -> String {
    let band = WIDTH / series.moments.len() as f64;
    format!(
        "<rect class=\"open\" x=\"{:.1}\" width=\"{band:.1}\" height=\"{HEIGHT}\"/>",
        WIDTH - band
    )
}

/// What someone who cannot see it is told.
fn description(panel: &Panel, series: &Series) -> String {
    let stamp = |moment: Option<&i64>| {
        moment
            .map(|at| time(*at, ColumnKind::Time))
            .unwrap_or_default()
    };
    format!(
        "{} in {}, {} to {}: {}. The table has every value.",
        panel.header.title,
        panel.header.unit,
        stamp(series.moments.first()),
        stamp(series.moments.last()),
        series
            .names
            .iter()
            .map(|name| words(name))
            .collect::<Vec<_>>()
            .join(", ")
    )
}

fn y(value: f64, scale: &Scale) -> f64 {
    HEIGHT * (1.0 - value.clamp(0.0, scale.top) / scale.top)
}

/// The middle of a moment's band.
fn x(index: usize, series: &Series) -> f64 {
    (index as f64 + 0.5) * WIDTH / series.moments.len() as f64
}

fn side(scale: &Scale) -> String {
    let mut out = format!(
        "<svg class=\"side\" width=\"48\" height=\"{}\" aria-hidden=\"true\">",
        HEIGHT + 12.0
    );
    for tick in &scale.ticks {
        let at = y(*tick, scale) + 10.0;
        let _ = write!(
            out,
            "<text x=\"42\" y=\"{at:.1}\" text-anchor=\"end\">{}</text>",
            axis::label(*tick, scale.top)
        );
    }
    out.push_str("</svg>");
    out
}

fn grid(scale: &Scale) -> String {
    let mut out = String::new();
    for tick in &scale.ticks {
        let at = y(*tick, scale);
        let class = if *tick == 0.0 { "base" } else { "grid" };
        let _ = write!(out, "<path class=\"{class}\" d=\"M0 {at:.1}H{WIDTH}\"/>");
    }
    out
}

fn foot(series: &Series) -> String {
    let first = series.moments.first().copied().unwrap_or_default();
    let length = series.width() * i64::try_from(series.moments.len()).unwrap_or(1);
    let mut out =
        String::from("<svg class=\"foot\" width=\"100%\" height=\"18\" aria-hidden=\"true\">");
    for moment in axis::moments(first, length) {
        let anchor = match moment.at {
            at if at < 0.02 => "start",
            at if at > 0.98 => "end",
            _ => "middle",
        };
        let class = if moment.spare { " class=\"spare\"" } else { "" };
        let _ = write!(
            out,
            "<text x=\"{:.2}%\" y=\"13\" text-anchor=\"{anchor}\"{class}>{}</text>",
            moment.at * 100.0,
            moment.text
        );
    }
    out.push_str("</svg>");
    out
}

fn lines(out: &mut String, series: &Series, scale: &Scale, colours: &[&str]) {
    for (values, colour) in series.values.iter().zip(colours) {
        let mut path = String::new();
        let mut drawing = false;
        for (index, value) in values.iter().enumerate() {
            let Some(value) = value else {
                drawing = false;
                continue;
            };
            let command = if drawing { 'L' } else { 'M' };
            let _ = write!(
                path,
                "{command}{:.1} {:.1}",
                x(index, series),
                y(*value, scale)
            );
            // A point between two gaps is a dot: a line of no length with round ends.
            let alone = !drawing && values.get(index + 1).is_none_or(Option::is_none);
            if alone {
                path.push_str("h.01");
            }
            drawing = true;
        }
        let _ = write!(out, "<path class=\"line {colour}\" d=\"{path}\"/>");
    }
}

/// Sums below each series at each moment, and with it.
fn stacks(series: &Series) -> Vec<Vec<(f64, f64)>> {
    let mut below = vec![0.0; series.moments.len()];
    let stack = |values: &Vec<Option<f64>>| {
        let step = |(low, value): (&mut f64, &Option<f64>)| {
            let from = *low;
            *low += value.unwrap_or_default().max(0.0);
            (from, *low)
        };
        below.iter_mut().zip(values).map(step).collect()
    };
    series.values.iter().map(stack).collect()
}

fn bars(out: &mut String, series: &Series, scale: &Scale, colours: &[&str]) {
    let band = WIDTH / series.moments.len() as f64;
    let width = (band * 0.8).min(120.0);
    for (stack, colour) in stacks(series).iter().zip(colours) {
        let mut path = String::new();
        for (index, (low, high)) in stack
            .iter()
            .enumerate()
            .filter(|(_, (low, high))| high > low)
        {
            let (left, top, foot) = (
                x(index, series) - width / 2.0,
                y(*high, scale),
                y(*low, scale),
            );
            let _ = write!(
                path,
                "M{left:.1} {top:.1}h{width:.1}V{foot:.1}h-{width:.1}z"
            );
        }
        let _ = write!(out, "<path class=\"fill {colour}\" d=\"{path}\"/>");
    }
}

fn areas(out: &mut String, series: &Series, scale: &Scale, colours: &[&str]) {
    for (stack, colour) in stacks(series).iter().zip(colours) {
        let edge = |high: bool| {
            let points = stack
                .iter()
                .enumerate()
                .map(move |(index, point)| (index, if high { point.1 } else { point.0 }));
            points.map(|(index, value)| format!("{:.1} {:.1}", x(index, series), y(value, scale)))
        };
        let top: Vec<String> = edge(true).collect();
        let foot: Vec<String> = edge(false).collect();
        let foot = foot.into_iter().rev().collect::<Vec<_>>().join("L");
        let top = top.join("L");
        let _ = write!(
            out,
            "<path class=\"soft {colour}\" d=\"M{top}L{foot}z\"/><path class=\"line {colour} plain\" d=\"M{top}\"/>"
        );
    }
}

/// A band over each moment that says its values to who points at it.
fn hints(out: &mut String, series: &Series) {
    let band = WIDTH / series.moments.len() as f64;
    for (index, moment) in series.moments.iter().enumerate() {
        let mut text = time(*moment, ColumnKind::Time)
            .replace('T', " ")
            .replace(":00Z", " UTC");
        for (name, values) in series.names.iter().zip(&series.values) {
            let value = values
                .get(index)
                .copied()
                .flatten()
                .map_or("–".to_owned(), number_text);
            let _ = write!(text, "\n{}: {value}", words(name));
        }
        let _ = write!(
            out,
            "<rect class=\"hint\" x=\"{:.1}\" width=\"{band:.1}\" height=\"{HEIGHT}\"><title>{}</title></rect>",
            index as f64 * band,
            escape_lines(&text)
        );
    }
}

/// As [`escape`], but lines stay lines.
fn escape_lines(text: &str) -> String {
    text.lines().map(escape).collect::<Vec<_>>().join("\n")
}
