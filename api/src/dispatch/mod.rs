//! Jobs and nodes over HTTP: the shapes of the old servers, each over one question to the desk. No rule of dispatch is here.

mod body;
mod front;
mod gpu;
mod jobs;
mod matchmaker;
mod nodes;
mod refuse;
mod shape;
mod wallet;

use axum::routing::{MethodRouter, get, post};

use crate::state::ApiState;

/// Routes of jobs, nodes and the matchmaker. Those of GET are anybody's, without what is somebody's own; the others ask who
/// it is.
pub(crate) fn routes() -> Vec<(&'static str, MethodRouter<ApiState>)> {
    vec![
        (
            "/api/jobs",
            get(jobs::read::list).post(jobs::submit::submit),
        ),
        ("/api/jobs/stats/summary", get(jobs::read::summary)),
        ("/api/jobs/mine", get(jobs::read::mine)),
        ("/api/jobs/events", get(jobs::events::all)),
        ("/api/jobs/available", get(jobs::host::available)),
        ("/api/jobs/report", post(jobs::host::report)),
        ("/api/jobs/{id}", get(jobs::read::one)),
        ("/api/jobs/{id}/cancel", post(jobs::submit::cancel)),
        ("/api/jobs/{id}/result", post(jobs::host::result)),
        ("/api/jobs/{id}/failure", post(jobs::host::failure)),
        ("/api/jobs/{id}/events", get(jobs::events::one)),
        ("/api/jobs/{id}/logs", get(jobs::logs::one)),
        ("/api/nodes", get(nodes::read::list)),
        ("/api/nodes/register", post(nodes::change::register)),
        ("/api/nodes/issue-token", post(nodes::change::issue_token)),
        (
            "/api/nodes/heartbeat",
            post(nodes::change::heartbeat_of_own),
        ),
        ("/api/nodes/mine", get(nodes::read::mine)),
        ("/api/nodes/wallet/{wallet}", get(nodes::read::of_wallet)),
        (
            "/api/nodes/{id}",
            get(nodes::read::one).delete(nodes::change::deregister),
        ),
        ("/api/nodes/{id}/heartbeat", post(nodes::change::heartbeat)),
        ("/api/gpu/register", post(gpu::register)),
        ("/api/gpu/hosts", get(gpu::hosts)),
        ("/api/gpu/hosts/all", get(gpu::all)),
        ("/api/matchmaker/match", post(matchmaker::answer)),
        ("/internal/matchmaker/match", post(matchmaker::answer)),
    ]
}
