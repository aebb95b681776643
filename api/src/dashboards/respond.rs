//! `/api/dashboards…`: what panels there are, and one panel as JSON, CSV or SQL.

use axum::Json;
use axum::extract::{OriginalUri, Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hypernode_analytics::panels::{self, Cell, Panel, Table};
use serde_json::{Value, json};

use super::values::{self, Format};
use super::{csv, table};
use crate::answer::{AS_OF_SLOT, FINALITY};
use crate::index::{failed, stated};
use crate::state::ApiState;

const FAILURE: &str = "Failed to read the panel";

/// Every panel by group, with what its head says.
pub(super) async fn list() -> Response {
    let groups: Vec<Value> = panels::groups()
        .iter()
        .map(|group| {
            let panels: Vec<Value> = group.panels.iter().map(head).collect();
            json!({ "name": group.name, "title": group.title, "panels": panels })
        })
        .collect();
    (
        [(CACHE_CONTROL, "no-cache")],
        Json(json!({ "groups": groups })),
    )
        .into_response()
}

/// What a panel's head says.
fn head(panel: &Panel) -> Value {
    let header = &panel.header;
    let parameters: Vec<Value> = header
        .parameters
        .iter()
        .map(|one| {
            json!({ "name": one.name, "type": one.kind.as_str(), "default": one.default, "least": one.least,
                "most": one.most, "meaning": one.meaning })
        })
        .collect();
    let chart = &header.chart;
    json!({
        "group": panel.group,
        "name": panel.name,
        "title": header.title,
        "unit": header.unit,
        "chart": { "kind": chart.kind.as_str(), "x": chart.x, "y": chart.y, "series": chart.series },
        "rests_on": header.basis.as_str(),
        "finality": header.basis.finality().as_str(),
        "parameters": parameters,
        "meaning": header.meaning,
    })
}

/// One panel.
pub(super) async fn panel(
    State(state): State<ApiState>,
    Path((group, name)): Path<(String, String)>,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let (name, ending) = Format::split(&name);
    let Some(panel) = panels::find(&group, name) else {
        let text = "There is no such panel: /api/dashboards lists them";
        return refused(StatusCode::NOT_FOUND, text);
    };
    let (values, asked) = match read(&state, panel, &uri) {
        Ok(read) => read,
        Err(said) => return refused(StatusCode::BAD_REQUEST, &said),
    };
    let format = ending.unwrap_or(asked);
    if format == Format::Sql {
        let headers = [
            (CONTENT_TYPE, "text/plain; charset=utf-8"),
            (CACHE_CONTROL, "no-cache"),
        ];
        return (headers, panel.text).into_response();
    }
    let rows = match state.panels.table(panel, values.clone()).await {
        Ok(rows) => rows,
        Err(error) => return failed(&error, FAILURE),
    };
    if format == Format::Csv {
        return as_csv(panel, &rows);
    }
    let mut body = head(panel);
    if let Some(object) = body.as_object_mut() {
        let asked = panel.header.parameters.iter().zip(values);
        let asked: serde_json::Map<String, Value> = asked
            .map(|(one, value)| (one.name.clone(), value.into()))
            .collect();
        object.insert("parameters".into(), asked.into());
        object.insert("columns".into(), columns(&rows));
        object.insert("rows".into(), cells(&rows));
    }
    stated(rows.as_of_slot, panel.header.basis.finality(), body)
}

fn read(state: &ApiState, panel: &Panel, uri: &Uri) -> Result<(Vec<u64>, Format), String> {
    values::read(panel, state.network().decimals, &values::pairs(uri)?)
}

/// A refusal in words that depend on the request; these are our own, whatever was sent.
pub(super) fn refused(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "error": text }))).into_response()
}

fn columns(rows: &Table) -> Value {
    let columns = rows.columns.iter();
    columns
        .map(|column| json!({ "name": column.name, "type": column.type_name }))
        .collect()
}

fn cells(rows: &Table) -> Value {
    let cell = |(cell, column): (&Cell, &panels::Column)| match cell {
        Cell::Null => Value::Null,
        Cell::Time(seconds) => table::time(*seconds, column.kind).into(),
        Cell::Number(number) => Value::Number(number.clone()),
        Cell::Text(text) => text.as_str().into(),
    };
    let row = |row: &Vec<Cell>| row.iter().zip(&rows.columns).map(cell).collect::<Value>();
    rows.rows.iter().map(row).collect()
}

fn as_csv(panel: &Panel, rows: &Table) -> Response {
    let name = format!(
        "attachment; filename=\"{}-{}-{}.csv\"",
        panel.group, panel.name, rows.as_of_slot
    );
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CACHE_CONTROL, "no-cache".to_owned()),
        (CONTENT_DISPOSITION, name),
        (AS_OF_SLOT, rows.as_of_slot.to_string()),
        (FINALITY, panel.header.basis.finality().as_str().to_owned()),
    ];
    (headers, csv::write(rows)).into_response()
}
