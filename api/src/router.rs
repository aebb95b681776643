//! Routes: a path, a handler, and the words its clients know for a failure.

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use hypernode_schemas::openapi;

use crate::answer;
use crate::ask::Ask;
use crate::measure::MAX_BODY;
use crate::shapes::{automation, health, metrics, validation};
use crate::state::ApiState;
use crate::{
    auth, chain_input, dashboards, dispatch, figures, guard, index, live, page, paper, posted,
    reputation, roots, sockets, transaction_page,
};

/// What Prometheus knows its text by.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Routes that any web page may read.
fn public() -> Vec<(&'static str, MethodRouter<ApiState>)> {
    vec![
        ("/", get(sockets::root)),
        ("/tx/{signature}", get(transaction)),
        (
            "/web/app.css",
            get(async || answer::file("text/css; charset=utf-8", page::CSS)),
        ),
        (
            "/web/validation.js",
            get(async || script(page::VALIDATION_JS)),
        ),
        ("/web/live.js", get(async || script(page::LIVE_JS))),
        (
            "/web/recompute.js",
            get(async || script(page::RECOMPUTE_JS)),
        ),
        (
            "/web/reputation.js",
            get(async || script(page::REPUTATION_JS)),
        ),
        ("/web/roots.js", get(async || script(page::ROOTS_JS))),
        ("/api/validation/live", get(live::respond)),
        (
            "/openapi.json",
            get(async || answer::file("application/json", openapi::TEXT)),
        ),
        ("/health", get(service_health)),
        ("/api/metrics", get(overview)),
        ("/api/metrics/validation", get(receipts)),
        ("/api/metrics/nodes", get(nodes)),
        ("/api/metrics/jobs", get(jobs)),
        ("/api/metrics/health", get(metrics_health)),
        ("/api/metrics/current", get(current)),
        ("/internal/metrics/current", get(current)),
        ("/api/validation", get(activity)),
        ("/api/validation/figures", get(figures::list)),
        ("/api/validation/figures/{name}", get(figures::one)),
        ("/api/validation/roots", get(roots::respond)),
        ("/api/index/digest", get(index::digest)),
        ("/api/index/certificates", get(index::certificates)),
        ("/api/index/changes", get(index::changes)),
        ("/api/dispatch/key", get(paper::key)),
        ("/api/dispatch/days", get(paper::days)),
        ("/api/jobs/{id}/explain", get(paper::explain)),
        ("/api/nodes/{id}/reputation", get(reputation::score)),
        ("/api/nodes/{id}/reputation/proof", get(reputation::proof)),
    ]
}

/// Routes for the operator's own tools: pages from elsewhere are not told.
fn own() -> Vec<(&'static str, MethodRouter<ApiState>)> {
    vec![
        ("/internal/status", get(status)),
        ("/metrics", get(exposition)),
    ]
}

/// Sockets. OpenAPI has no words for them: docs/hosts.md says what is spoken there.
fn sockets() -> Vec<(&'static str, MethodRouter<ApiState>)> {
    vec![("/ws", get(sockets::respond))]
}

/// Routes that change something: each asks who it is.
fn writes() -> Vec<(&'static str, MethodRouter<ApiState>)> {
    vec![
        ("/api/metrics/update", post(posted::update)),
        ("/api/jobs/{id}/input", post(chain_input::take)),
    ]
}

/// Every path of somebody's own, as the OpenAPI document writes it: what is written to, what is told to its owner only, and
/// what is told in part.
#[must_use]
pub fn written_paths() -> Vec<&'static str> {
    let written = writes()
        .into_iter()
        .chain(auth::routes())
        .chain(dispatch::routes());
    written.map(|(path, _)| path).collect()
}

/// Every path that answers, as the OpenAPI document writes it. Each answers GET and HEAD.
#[must_use]
pub fn paths() -> Vec<&'static str> {
    public()
        .into_iter()
        .chain(dashboards::routes())
        .chain(own())
        .map(|(path, _)| path)
        .collect()
}

/// The whole application.
pub fn router(state: ApiState) -> Router {
    let own_things = collect(writes())
        .merge(collect(auth::routes()))
        .method_not_allowed_fallback(guard::no_such_endpoint)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(auth::for_listed(state.access.clone()));
    let jobs_and_nodes = collect(dispatch::routes())
        .method_not_allowed_fallback(guard::no_such_endpoint)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(auth::for_both(state.access.clone()));
    collect(public())
        .merge(collect(dashboards::routes()))
        .fallback(guard::no_such_endpoint)
        .method_not_allowed_fallback(guard::no_such_endpoint)
        .layer(auth::for_reading())
        .merge(own_things)
        .merge(jobs_and_nodes)
        .merge(collect(own()))
        .merge(collect(sockets()))
        .layer(from_fn_with_state(state.clone(), guard::guarded))
        .with_state(state)
}

fn collect(routes: Vec<(&'static str, MethodRouter<ApiState>)>) -> Router<ApiState> {
    routes
        .into_iter()
        .fold(Router::new(), |router, (path, handler)| {
            router.route(path, handler)
        })
}

async fn overview(State(state): State<ApiState>, ask: Ask) -> Response {
    answer::kept(
        &state,
        &ask,
        "metrics",
        "Failed to fetch metrics",
        async |now| {
            let (figures, receipts) = (now.figures().await?, now.receipts().await?);
            Ok(metrics::overview(
                &state.network(),
                now.as_of,
                now.verified_at,
                figures,
                receipts,
            ))
        },
    )
    .await
}

async fn receipts(State(state): State<ApiState>, ask: Ask) -> Response {
    answer::kept(
        &state,
        &ask,
        "validation",
        "Failed to fetch validation data",
        async |now| {
            let figures = now.figures().await?;
            let receipts = now.receipts().await?;
            let wanted = &receipts[..receipts.len().min(ask.limit)];
            Ok(validation::validation(
                &state.network(),
                now.as_of,
                now.verified_at,
                figures,
                wanted,
            ))
        },
    )
    .await
}

async fn nodes(State(state): State<ApiState>, ask: Ask) -> Response {
    answer::object(&state, &ask, "Failed to fetch node metrics", async |now| {
        Ok(metrics::nodes(now.figures().await?))
    })
    .await
}

async fn jobs(State(state): State<ApiState>, ask: Ask) -> Response {
    answer::object(&state, &ask, "Failed to fetch job metrics", async |now| {
        Ok(metrics::jobs(&state.network(), now.figures().await?))
    })
    .await
}

/// Its time is the present, so no copy of it holds: no tag is compared.
async fn metrics_health(State(state): State<ApiState>, ask: Ask) -> Response {
    let ask = Ask { known: None, ..ask };
    let mut response = answer::object(&state, &ask, "Failed to fetch metrics", async |now| {
        Ok(health::metrics(now.figures().await?))
    })
    .await;
    response.headers_mut().remove(ETAG);
    response
}

async fn current(State(state): State<ApiState>, ask: Ask) -> Response {
    answer::object(&state, &ask, "Failed to get metrics", async |now| {
        Ok(automation::current(&state.network(), now.figures().await?))
    })
    .await
}

async fn activity(State(state): State<ApiState>, ask: Ask) -> Response {
    answer::object(&state, &ask, "Failed to get validation data", async |now| {
        Ok(automation::validation(
            &state.network(),
            now.verified_at,
            now.activity().await?,
        ))
    })
    .await
}

async fn service_health(State(state): State<ApiState>, ask: Ask) -> Response {
    let snapshot = state.snapshots.current(ask.finality).await.ok();
    let slot = snapshot.as_ref().map(|now| now.as_of);
    let report = state.report.status();
    let indexer = report["roles"]["indexer"]["state"]
        .as_str()
        .unwrap_or("unknown");
    let mut body = health::service(&state.network(), slot.is_some(), indexer);
    let healthy = body["status"] == "healthy";
    if let Some(object) = body.as_object_mut() {
        object.insert("as_of_slot".into(), slot.into());
        object.insert("finality".into(), ask.finality.as_str().into());
    }
    let code = if healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (code, Json(body)).into_response()
}

async fn status(State(state): State<ApiState>) -> Response {
    Json(state.report.status()).into_response()
}

async fn exposition(State(state): State<ApiState>) -> Response {
    match state.report.metrics() {
        Ok(text) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(error) => {
            tracing::error!("metrics cannot be written: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn script(text: &'static str) -> Response {
    answer::file("text/javascript; charset=utf-8", text)
}

async fn transaction(
    State(state): State<ApiState>,
    Path(signature): Path<String>,
    ask: Ask,
) -> Response {
    transaction_page::respond(&state, &ask, &signature).await
}
