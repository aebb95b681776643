//! `/api/validation/figures`: each figure with the query that it is, and the transactions behind it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hypernode_analytics::definitions::{self, Definition};
use hypernode_analytics::metrics::Figures;
use serde_json::{Value, json};

use crate::answer;
use crate::ask::Ask;
use crate::error::Refusal;
use crate::network::NetworkInfo;
use crate::state::ApiState;

const FAILURE: &str = "Failed to fetch validation data";

/// All of them, in short.
pub(crate) async fn list(State(state): State<ApiState>, ask: Ask) -> Response {
    answer::object(&state, &ask, FAILURE, async |now| {
        let figures = now.figures().await?;
        let all = definitions::all().iter();
        let all: Vec<Value> = all
            .map(|one| short(&state.network(), one, figures))
            .collect();
        Ok(json!({ "success": true, "figures": all }))
    })
    .await
}

/// One of them, with its proof.
pub(crate) async fn one(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    ask: Ask,
) -> Response {
    let Some(definition) = Definition::named(&name) else {
        return Refusal::new(
            StatusCode::NOT_FOUND,
            "no such figure; GET /api/validation/figures lists them",
        )
        .into_response();
    };
    answer::object(&state, &ask, FAILURE, async |now| {
        let mut figure = short(&state.network(), definition, now.figures().await?);
        let evidence = now.evidence(definition).await?;
        if let Some(object) = figure.as_object_mut() {
            object.insert("sql".into(), definition.sql(now.as_of).into());
            object.insert("evidence".into(), json!(evidence.as_slice()));
            object.insert(
                "evidenceSql".into(),
                definition.evidence_sql(now.as_of).into(),
            );
        }
        Ok(json!({ "success": true, "figure": figure }))
    })
    .await
}

fn short(network: &NetworkInfo, definition: &Definition, figures: &Figures) -> Value {
    let value = definition.value(figures).unwrap_or_default();
    let mut short = json!({
        "name": definition.name,
        "title": definition.title,
        "unit": definition.unit,
        "meaning": definition.meaning,
        // As text: many an old client rounds numbers beyond 2^53.
        "value": value.to_string(),
        "proof": format!("/api/validation/figures/{}", definition.name),
    });
    if definition.unit == "base units"
        && let Some(object) = short.as_object_mut()
    {
        object.insert("hyper".into(), network.hyper(value).into());
    }
    short
}
