//! `/dashboards/{group}`: every panel of a group, complete without JavaScript, refreshed with it.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{OriginalUri, Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use hypernode_analytics::Error;
use hypernode_analytics::panels::{self, ChartKind, Group, Panel, Table};
use tokio::task::JoinSet;

use super::{chart, respond, table, values};
use crate::error::Refusal;
use crate::html::{escape, fill, grouped};
use crate::page::notice;
use crate::state::ApiState;

const TEMPLATE: &str = include_str!("../../../web/dashboards.html");

const FAILURE: &str = "The dashboards cannot be read just now; try again in a moment";

/// Windows that the page offers: hours, and their name.
const WINDOWS: [(u64, &str); 4] = [
    (1, "1 hour"),
    (24, "24 hours"),
    (168, "7 days"),
    (720, "30 days"),
];
const DEFAULT: u64 = 24;
const MOST: u64 = 8760;

/// The first group.
pub(super) async fn first(
    State(state): State<ApiState>,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let name = panels::groups().first().map_or("", |group| group.name);
    respond(state, name, &uri).await
}

/// One group.
pub(super) async fn group(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Response {
    respond(state, &name, &uri).await
}

async fn respond(state: ApiState, name: &str, uri: &Uri) -> Response {
    let Some(group) = panels::groups().iter().find(|group| group.name == name) else {
        let text = "There are no such dashboards: /dashboards lists them";
        return respond::refused(StatusCode::NOT_FOUND, text);
    };
    let hours = match hours(uri) {
        Ok(hours) => hours,
        Err(said) => return respond::refused(StatusCode::BAD_REQUEST, &said),
    };
    let read = read(&state, group, hours).await;
    if read.iter().all(|(_, rows)| rows.is_none()) {
        return Refusal::failed(FAILURE).into_response();
    }
    let html = render(&state, group, hours, &read);
    ([(CACHE_CONTROL, "no-cache")], Html(html)).into_response()
}

fn hours(uri: &Uri) -> Result<u64, String> {
    let pairs = values::pairs(uri)?;
    let Some((_, text)) = pairs.iter().find(|(name, _)| name == "hours") else {
        return Ok(DEFAULT);
    };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let hours = digits.then(|| text.parse().ok()).flatten();
    let allowed = || format!("hours must be a whole number from 1 to {MOST}");
    hours
        .filter(|hours| (1..=MOST).contains(hours))
        .ok_or_else(allowed)
}

/// A panel with its rows, or without where they could not be had.
type Read = (&'static Panel, Option<Arc<Table>>);

/// All panels of a group, asked for side by side.
async fn read(state: &ApiState, group: &'static Group, hours: u64) -> Vec<Read> {
    let decimals = state.network().decimals;
    let mut asked = JoinSet::new();
    for (index, panel) in group.panels.iter().enumerate() {
        let cache = Arc::clone(&state.panels);
        let values = values::within(panel, decimals, hours);
        asked.spawn(async move { (index, cache.table(panel, values).await) });
    }
    let mut tables: Vec<Option<Arc<Table>>> = vec![None; group.panels.len()];
    while let Some(done) = asked.join_next().await {
        match done {
            Ok((index, answer)) => {
                if let Some(place) = tables.get_mut(index) {
                    *place = kept(answer);
                }
            }
            Err(error) => tracing::error!(%error, "a panel was not read"),
        }
    }
    group.panels.iter().zip(tables).collect()
}

fn kept(answer: Result<Arc<Table>, Error>) -> Option<Arc<Table>> {
    answer
        .inspect_err(|error| tracing::warn!(%error, "a panel was not read"))
        .ok()
}

fn render(state: &ApiState, group: &Group, hours: u64, read: &[Read]) -> String {
    let network = state.network();
    let mut tabs = String::new();
    for other in panels::groups() {
        let here = if other.name == group.name {
            " aria-current=\"page\""
        } else {
            ""
        };
        let _ = write!(
            tabs,
            "<a href=\"/dashboards/{}?hours={hours}\"{here}>{}</a>",
            other.name,
            escape(other.title)
        );
    }
    let mut windows = String::new();
    for (length, name) in WINDOWS {
        let here = if length == hours {
            " aria-current=\"true\""
        } else {
            ""
        };
        let _ = write!(
            windows,
            "<a href=\"/dashboards/{}?hours={length}\"{here}>{name}</a>",
            group.name
        );
    }
    if !WINDOWS.iter().any(|(length, _)| *length == hours) {
        let _ = write!(windows, "<span aria-current=\"true\">{hours} hours</span>");
    }
    let lone = lone(group);
    let body: String = read
        .iter()
        .zip(lone)
        .map(|(one, lone)| section(one, hours, lone))
        .collect();
    let class = if network.simulated {
        "simulated"
    } else {
        "real"
    };
    fill(
        TEMPLATE,
        &[
            ("title", escape(group.title)),
            ("network", escape(&network.name)),
            ("simulated_class", class.to_owned()),
            ("notice", notice(&network)),
            ("tabs", tabs),
            ("windows", windows),
            ("panels", body),
        ],
    )
}

/// For each panel whether it begins a row that the next one cannot fill: two stand side by side, tables alone.
fn lone(group: &Group) -> Vec<bool> {
    let half = |panel: Option<&Panel>| {
        panel.is_some_and(|panel| panel.header.chart.kind != ChartKind::Table)
    };
    let mut begins = true;
    let lone = |(index, panel): (usize, &Panel)| {
        let lone = begins && half(Some(panel)) && !half(group.panels.get(index + 1));
        begins = !begins || !half(Some(panel)) || lone;
        lone
    };
    group.panels.iter().enumerate().map(lone).collect()
}

fn section((panel, rows): &Read, hours: u64, lone: bool) -> String {
    let header = &panel.header;
    let (title, unit) = (escape(&header.title), escape(&header.unit));
    let address = format!("/api/dashboards/{}/{}", panel.group, panel.name);
    let kind = match header.chart.kind {
        ChartKind::Number => "single",
        ChartKind::Table => "rows",
        _ => "chart",
    };
    let mut out = format!(
        "<section class=\"panel {kind}{lone}\" id=\"{name}\" aria-labelledby=\"{name}-title\"><h2 id=\"{name}-title\">{title}</h2>\
         <p class=\"unit\">{unit}{window}</p>",
        name = panel.name,
        lone = if lone { " lone" } else { "" },
        window = escape(&window(panel, hours)),
    );
    let asked = match panel
        .header
        .parameters
        .iter()
        .find(|one| one.name == "hours")
    {
        Some(one) => format!("?hours={}", hours.clamp(one.least, one.most)),
        None => String::new(),
    };
    let mut as_of = String::new();
    match rows {
        Some(rows) => {
            out.push_str(&chart::draw(panel, rows));
            out.push_str(&table_of(panel, rows));
            let _ = write!(
                as_of,
                "{} slot {}",
                header.basis.finality(),
                grouped(rows.as_of_slot.into())
            );
        }
        None => out.push_str("<p class=\"bad\">This panel cannot be read just now.</p>"),
    }
    let _ = write!(
        out,
        "<details class=\"about\"><summary>About</summary><p>{}</p></details>\
         <p class=\"links\"><span>{as_of}</span> <a href=\"{address}.csv{asked}\" aria-label=\"{title}, CSV\" download>CSV</a> \
         <a href=\"{address}{asked}\" aria-label=\"{title}, JSON\">JSON</a> \
         <a href=\"{address}.sql\" aria-label=\"{title}, SQL\">SQL</a></p></section>",
        escape(&header.meaning)
    );
    out
}

/// What of the window a panel shows, where that is not all of it.
fn window(panel: &Panel, hours: u64) -> String {
    match panel
        .header
        .parameters
        .iter()
        .find(|one| one.name == "hours")
    {
        None if panel.header.chart.kind == ChartKind::Number => " · over all time".to_owned(),
        None => " · now".to_owned(),
        Some(one) if !(one.least..=one.most).contains(&hours) => {
            format!(" · last {} days", hours.clamp(one.least, one.most) / 24)
        }
        Some(_) => String::new(),
    }
}

fn table_of(panel: &Panel, rows: &Table) -> String {
    match panel.header.chart.kind {
        ChartKind::Number => String::new(),
        ChartKind::Table if rows.rows.is_empty() => {
            "<p class=\"none\">Nothing to list.</p>".to_owned()
        }
        ChartKind::Table => scroll(panel, rows),
        _ if rows.rows.is_empty() => String::new(),
        _ => format!(
            "<details class=\"values\"><summary>Table</summary>{}</details>",
            scroll(panel, rows)
        ),
    }
}

/// A table may be wider and longer than its place: who uses the keyboard scrolls it, too.
fn scroll(panel: &Panel, rows: &Table) -> String {
    let title = escape(&panel.header.title);
    let html = table::html(rows, &panel.header.title);
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{title}, table\">{html}</div>"
    )
}
