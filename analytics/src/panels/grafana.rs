//! The same panels as Grafana dashboards for the official ClickHouse data source, with files that provision both.
//!
//! Grafana knows no typed query parameters: each takes its place as an expression that is as bounded as the panel's own. The
//! length of the window is that of the dashboard's time range; it ends at the newest block, not at the present.

use serde_json::{Value, json};

use super::chart::ChartKind;
use super::registry::{Group, Panel, groups};

/// What dashboards call the data source.
const SOURCE: &str = "hypernode-clickhouse";
const KIND: &str = "grafana-clickhouse-datasource";
/// Columns of Grafana's grid.
const GRID: u64 = 24;

const NOTE: &str = "# Made from the panels in dashboards/ by `cargo run -p hypernode-analytics --example grafana`; do not edit.\n";

/// Every file below `dashboards/grafana/`, as (path, text).
#[must_use]
pub fn files() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = groups()
        .iter()
        .map(|group| {
            let text = format!("{:#}\n", dashboard(group));
            (format!("{}.json", group.name), text)
        })
        .collect();
    all.push((
        "provisioning/datasources/hypernode.yaml".to_owned(),
        format!("{NOTE}{DATA_SOURCE}"),
    ));
    all.push((
        "provisioning/dashboards/hypernode.yaml".to_owned(),
        format!("{NOTE}{PROVIDER}"),
    ));
    all
}

const DATA_SOURCE: &str = r"# Grafana reads these variables from its own environment. The embedded engine answers on loopback names only: there, Grafana
# runs on the same machine, user and password are reader_user and reader_password of clickhouse.credentials.
apiVersion: 1
datasources:
  - name: Hypernode
    uid: hypernode-clickhouse
    type: grafana-clickhouse-datasource
    jsonData:
      host: $HYPERNODE_CLICKHOUSE_HOST
      port: $HYPERNODE_CLICKHOUSE_PORT
      protocol: http
      secure: false
      username: $HYPERNODE_CLICKHOUSE_USER
      defaultDatabase: $HYPERNODE_CLICKHOUSE_DATABASE
      queryTimeout: 25
    secureJsonData:
      password: $HYPERNODE_CLICKHOUSE_PASSWORD
";

const PROVIDER: &str = r"apiVersion: 1
providers:
  - name: Hypernode
    folder: Hypernode
    type: file
    options:
      path: $HYPERNODE_DASHBOARDS
";

fn dashboard(group: &Group) -> Value {
    let mut place = Place::default();
    let panels: Vec<Value> = (1_u64..)
        .zip(&group.panels)
        .map(|(id, panel)| place_panel(id, panel, &mut place))
        .collect();
    json!({
        "uid": format!("hypernode-{}", group.name),
        "title": format!("Hypernode: {}", group.title),
        "tags": ["hypernode"],
        "schemaVersion": 39,
        "editable": true,
        "graphTooltip": 1,
        "timezone": "utc",
        "refresh": "10s",
        "time": { "from": "now-24h", "to": "now" },
        "templating": { "list": variables(group) },
        "panels": panels,
    })
}

/// Every parameter but the window, with the default of the first panel that has it.
fn variables(group: &Group) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    let parameters = group
        .panels
        .iter()
        .flat_map(|panel| &panel.header.parameters);
    for parameter in parameters.filter(|parameter| parameter.name != "hours") {
        if all
            .iter()
            .any(|known| known["name"] == parameter.name.as_str())
        {
            continue;
        }
        let default = parameter.default.to_string();
        all.push(json!({
            "name": parameter.name,
            "label": parameter.name,
            "description": parameter.meaning,
            "type": "textbox",
            "query": default,
            "current": { "text": default, "value": default },
        }));
    }
    all
}

/// Where the next panel goes.
#[derive(Debug, Default)]
struct Place {
    x: u64,
    y: u64,
    height: u64,
}

impl Place {
    fn take(&mut self, width: u64, height: u64) -> Value {
        if self.x + width > GRID {
            self.y += self.height;
            (self.x, self.height) = (0, 0);
        }
        let place = json!({ "x": self.x, "y": self.y, "w": width, "h": height });
        self.x += width;
        self.height = self.height.max(height);
        place
    }
}

fn place_panel(id: u64, panel: &Panel, place: &mut Place) -> Value {
    let header = &panel.header;
    let (kind, width, height) = match header.chart.kind {
        ChartKind::Lines | ChartKind::StackedBars | ChartKind::StackedArea => {
            ("timeseries", GRID / 2, 9)
        }
        ChartKind::Bars => ("barchart", GRID / 2, 9),
        ChartKind::Table => ("table", GRID, 9),
        ChartKind::Number => ("stat", GRID / 4, 5),
    };
    let source = json!({ "type": KIND, "uid": SOURCE });
    // Rows that hold one series each are made wide by the data source, which it does for its own kind of query only.
    let (format, query) = if header.chart.series.is_some() {
        (0, "timeseries")
    } else {
        (1, "table")
    };
    json!({
        "id": id,
        "type": kind,
        "title": header.title,
        "description": format!("{} (dashboards/{}/{}.sql)", header.meaning, panel.group, panel.name),
        "datasource": source,
        "gridPos": place.take(width, height),
        "targets": [{
            "refId": "A",
            "datasource": source,
            "editorType": "sql",
            "queryType": query,
            "format": format,
            "rawSql": raw_sql(panel),
        }],
        "transformations": transformations(panel),
        "fieldConfig": { "defaults": { "unit": unit(&header.unit), "custom": style(header.chart.kind) }, "overrides": [] },
        "options": options(panel),
    })
}

/// The statement with an expression in place of each parameter. Bounds stand in the expression: a variable is free text.
fn raw_sql(panel: &Panel) -> String {
    let mut sql = panel.header.statement.clone();
    for parameter in &panel.header.parameters {
        let (name, kind) = (&parameter.name, parameter.kind.as_str());
        let asked = match name.as_str() {
            "hours" => "intDiv(${__to} - ${__from} + 3599999, 3600000)".to_owned(),
            _ => format!("toInt64(${{{name}}})"),
        };
        let bounded = format!(
            "to{kind}(greatest(least({asked}, {}), {}))",
            parameter.most, parameter.least
        );
        sql = sql.replace(&format!("{{{name}:{kind}}}"), &bounded);
    }
    sql
}

/// Charts show the columns that they name; tables all.
fn transformations(panel: &Panel) -> Value {
    let chart = &panel.header.chart;
    if chart.kind == ChartKind::Table || chart.series.is_some() {
        return json!([]);
    }
    let names: Vec<&str> = chart.columns().collect();
    json!([{ "id": "filterFieldsByName", "options": { "include": { "names": names } } }])
}

fn unit(unit: &str) -> String {
    match unit {
        "seconds" => "s".to_owned(),
        "percent" => "percent".to_owned(),
        "HYPER" => "suffix: HYPER".to_owned(),
        _ => "short".to_owned(),
    }
}

fn style(kind: ChartKind) -> Value {
    match kind {
        ChartKind::Lines => json!({ "drawStyle": "line", "lineWidth": 2, "showPoints": "auto" }),
        ChartKind::StackedBars => {
            json!({ "drawStyle": "bars", "fillOpacity": 80, "stacking": { "mode": "normal", "group": "A" } })
        }
        ChartKind::StackedArea => {
            json!({ "drawStyle": "line", "fillOpacity": 40, "stacking": { "mode": "normal", "group": "A" } })
        }
        ChartKind::Bars => json!({ "fillOpacity": 80 }),
        ChartKind::Table | ChartKind::Number => json!({}),
    }
}

fn options(panel: &Panel) -> Value {
    let chart = &panel.header.chart;
    match chart.kind {
        ChartKind::Bars => {
            json!({ "xField": chart.x, "orientation": "horizontal", "legend": { "showLegend": false } })
        }
        ChartKind::Number => {
            json!({ "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false } })
        }
        ChartKind::Table => json!({ "showHeader": true }),
        _ => {
            json!({ "legend": { "displayMode": "list", "placement": "bottom" }, "tooltip": { "mode": "multi" } })
        }
    }
}
