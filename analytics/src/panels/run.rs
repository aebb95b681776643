//! A panel's rows: one bounded query, and the slot that they speak of.

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::Deserialize;
use serde_json::{Number, Value};

use super::header::Basis;
use super::registry::Panel;
use crate::query::{self, Error};

/// Most rows of an answer: a window has 366 steps at most, and a chart about nine series.
pub const MAX_ROWS: u64 = 10_000;
/// What one panel may take: bytes of its answer, seconds, bytes of memory. The reader's own limits are wider.
const MAX_BYTES: u64 = 4 << 20;
const SECONDS: u64 = 5;
const MEMORY: u64 = 400_000_000;
/// Times that rows are asked for again because what they rest on has moved on meanwhile.
const TRIES: u32 = 3;

/// How far what panels rest on has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Marks {
    /// Last slot in the sums, and the number of the step that summed it.
    pub metrics: (u64, u64),
    /// Last slot that was judged.
    pub reputation: u64,
    /// Last slot in the ledger.
    pub served: u64,
    /// The newest retraction, after which the same slots have other rows.
    pub retracted: u64,
}

#[derive(Row, Deserialize)]
struct Checkpoints {
    slot: u64,
    step: u64,
    reputation: u64,
    served: u64,
    retracted: u64,
}

impl Marks {
    /// Reads them.
    ///
    /// # Errors
    /// When the warehouse does not answer.
    pub async fn load(client: &Client) -> Result<Self, Error> {
        // The newest rows alone: a page of panels must not read a long ledger for each of them.
        let sql = "SELECT max(slot) AS slot, max(step) AS step, \
                   assumeNotNull((SELECT max(slot) FROM reputation_checkpoints)) AS reputation, \
                   assumeNotNull((SELECT max(slot_hi) FROM \
                   (SELECT slot_hi FROM ingest_ledger ORDER BY slot_lo DESC LIMIT 16))) AS served, \
                   assumeNotNull((SELECT max(seq) FROM retractions)) AS retracted \
                   FROM metrics_hours FINAL WHERE what = 'checkpoint'";
        let kept: Checkpoints = query::row(client, "the panels' checkpoints", sql).await?;
        Ok(Self {
            metrics: (kept.slot, kept.step),
            reputation: kept.reputation,
            served: kept.served,
            retracted: kept.retracted,
        })
    }

    /// The slot that rows on this basis speak of; 0 before there is one.
    #[must_use]
    pub fn as_of(&self, basis: Basis) -> u64 {
        match basis {
            Basis::Metrics => self.metrics.0,
            Basis::Reputation => self.reputation,
            Basis::Ledger | Basis::Accounts | Basis::Dispatch => self.served,
        }
    }

    /// What must be the same for rows on this basis to be the same.
    #[must_use]
    pub fn state(&self, basis: Basis) -> (u64, u64) {
        match basis {
            Basis::Metrics => self.metrics,
            _ => (self.as_of(basis), self.retracted),
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// A moment.
    Time,
    /// A day.
    Day,
    /// A number.
    Number,
    /// Anything else.
    Text,
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// ClickHouse's type of it.
    pub type_name: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// None.
    Null,
    /// Unix seconds.
    Time(i64),
    /// A number, as the engine wrote it.
    Number(Number),
    /// Text; strangers' words among them.
    Text(String),
}

/// A panel's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// In the query's order.
    pub columns: Vec<Column>,
    /// One cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// The slot that the rows speak of, as far as what they rest on stood still; else one that they hold in any case.
    pub as_of_slot: u64,
}

impl Table {
    /// The place of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// Runs a panel with these values, in the order of its parameters.
///
/// # Errors
/// When the warehouse does not answer, or not within the panel's bounds.
pub async fn run(client: &Client, panel: &Panel, values: &[u64]) -> Result<Table, Error> {
    let basis = panel.header.basis;
    let mut before = Marks::load(client).await?;
    for left in (0..TRIES).rev() {
        let answer = ask(client, panel, values).await?;
        let after = Marks::load(client).await?;
        if after.state(basis) == before.state(basis) || left == 0 {
            return table(&answer, before.as_of(basis));
        }
        before = after;
    }
    Err(shape("no try at all"))
}

async fn ask(client: &Client, panel: &Panel, values: &[u64]) -> Result<Vec<u8>, Error> {
    // query_raw: the text holds no places of the client's own. Values go beside it, typed by the text.
    let mut query = client.raw().query_raw(&panel.header.statement);
    for (parameter, value) in panel.header.parameters.iter().zip(values) {
        query = query.param(&parameter.name, value);
    }
    for (name, value) in [
        ("max_result_rows", MAX_ROWS),
        ("max_result_bytes", MAX_BYTES),
        ("max_execution_time", SECONDS),
        ("max_memory_usage", MEMORY),
        ("output_format_json_quote_64bit_integers", 0),
        ("output_format_json_quote_denormals", 0),
    ] {
        query = query.with_setting(name, value.to_string());
    }
    let answer = async {
        let mut cursor = query.fetch_bytes("JSONCompact")?;
        cursor.collect().await
    };
    Ok(query::bounded("a panel", answer).await?.to_vec())
}

fn shape(problem: &'static str) -> Error {
    let what = "a panel";
    Error::Shape { what, problem }
}

#[derive(Deserialize)]
struct Meta {
    name: String,
    #[serde(rename = "type")]
    type_name: String,
}

#[derive(Deserialize)]
struct Answer {
    meta: Vec<Meta>,
    data: Vec<Vec<Value>>,
}

fn table(json: &[u8], as_of_slot: u64) -> Result<Table, Error> {
    let answer: Answer =
        serde_json::from_slice(json).map_err(|_| shape("something that is no JSONCompact"))?;
    let columns: Vec<Column> = answer
        .meta
        .into_iter()
        .map(|Meta { name, type_name }| Column {
            kind: kind(&type_name),
            name,
            type_name,
        })
        .collect();
    let row = |row: Vec<Value>| {
        columns
            .iter()
            .zip(row)
            .map(|(column, value)| cell(column.kind, value))
            .collect()
    };
    let rows = answer.data.into_iter().map(row).collect();
    Ok(Table {
        columns,
        rows,
        as_of_slot,
    })
}

fn kind(type_name: &str) -> ColumnKind {
    let inner = |outer: &str, text: &str| {
        let inner = text
            .strip_prefix(outer)?
            .strip_prefix('(')?
            .strip_suffix(')')?;
        Some(inner.to_owned())
    };
    let plain = inner("Nullable", type_name).unwrap_or_else(|| type_name.to_owned());
    match plain.as_str() {
        time if time.starts_with("DateTime") => ColumnKind::Time,
        day if day.starts_with("Date") => ColumnKind::Day,
        number
            if ["UInt", "Int", "Float"]
                .iter()
                .any(|start| number.starts_with(start)) =>
        {
            ColumnKind::Number
        }
        _ => ColumnKind::Text,
    }
}

/// Columns of time are asked for as UTC, and written as `YYYY-MM-DD[ hh:mm:ss[.…]]`.
fn cell(kind: ColumnKind, value: Value) -> Cell {
    match (kind, value) {
        (_, Value::Null) => Cell::Null,
        (ColumnKind::Time | ColumnKind::Day, Value::String(text)) => match seconds(&text) {
            Some(seconds) => Cell::Time(seconds),
            None => Cell::Text(text),
        },
        (_, Value::Number(number)) => Cell::Number(number),
        (_, Value::String(text)) => Cell::Text(text),
        (_, other) => Cell::Text(other.to_string()),
    }
}

fn seconds(text: &str) -> Option<i64> {
    let day = text.get(..10)?.parse::<chrono::NaiveDate>().ok()?;
    let time = match text.get(11..19) {
        Some(time) => time.parse().ok()?,
        None => chrono::NaiveTime::MIN,
    };
    Some(day.and_time(time).and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_typed_cells() {
        let json = br#"{"meta":[{"name":"time","type":"DateTime('UTC')"},{"name":"day","type":"Nullable(Date)"},
            {"name":"n","type":"UInt64"},{"name":"who","type":"LowCardinality(String)"}],
            "data":[["2024-05-01 12:00:01","1970-01-02",18446744073709551615,"<b>"],["2024-05-01 00:00:00",null,1,"2024-05-01"]],"rows":2}"#;
        let table = table(json, 7).unwrap();
        assert_eq!(table.rows[0][0], Cell::Time(1_714_564_801));
        assert_eq!(table.rows[0][1], Cell::Time(86_400));
        assert_eq!(table.rows[0][2], Cell::Number(u64::MAX.into()));
        assert_eq!(table.rows[1][1], Cell::Null);
        assert_eq!(table.rows[1][3], Cell::Text("2024-05-01".into()));
        assert_eq!(table.column("who"), Some(3));
    }
}
