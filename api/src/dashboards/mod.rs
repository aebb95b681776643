//! The dashboards: a page for each group of panels, and each panel as JSON, CSV or SQL.

mod cache;
mod chart;
mod csv;
mod page;
mod respond;
mod table;
mod values;

use axum::routing::{MethodRouter, get};

pub(crate) use cache::PanelCache;

use crate::answer;
use crate::state::ApiState;

const CSS: &str = include_str!("../../../web/dashboards.css");
const JS: &str = include_str!("../../../web/dashboards.js");

/// Their routes.
pub(crate) fn routes() -> Vec<(&'static str, MethodRouter<ApiState>)> {
    let css = async || answer::file("text/css; charset=utf-8", CSS);
    let js = async || answer::file("text/javascript; charset=utf-8", JS);
    vec![
        ("/dashboards", get(page::first)),
        ("/dashboards/{group}", get(page::group)),
        ("/web/dashboards.css", get(css)),
        ("/web/dashboards.js", get(js)),
        ("/api/dashboards", get(respond::list)),
        ("/api/dashboards/{group}/{panel}", get(respond::panel)),
    ]
}
