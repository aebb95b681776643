//! What clients in the field send to change something that this version does not keep yet: they are told to say who they are,
//! and then that it is not there.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, delete, post};
use hypernode_accounts::rights::{Owner, Right};

use super::caller::Asked;
use crate::error::Refusal;
use crate::state::ApiState;

pub(super) fn routes() -> Vec<(&'static str, MethodRouter<ApiState>)> {
    let node = |asked| refused(asked, Right::ManageNode);
    let alive = |asked| refused(asked, Right::Heartbeat);
    let job = |asked| refused(asked, Right::SubmitJob);
    let end = |asked| refused(asked, Right::CancelJob);
    let run = |asked| refused(asked, Right::RunJob);
    vec![
        ("/api/nodes/register", post(node)),
        ("/api/nodes/heartbeat", post(alive)),
        ("/api/nodes/{id}", delete(node)),
        ("/api/nodes/{id}/heartbeat", post(alive)),
        ("/api/jobs", post(job)),
        ("/api/jobs/{id}/cancel", post(end)),
        ("/api/jobs/{id}/result", post(run)),
        ("/api/jobs/{id}/failure", post(run)),
    ]
}

async fn refused(asked: Asked, right: Right) -> Response {
    // There is nothing of anybody's yet: whoever could do it to a thing of their own may.
    let own = Owner {
        wallet: asked.caller.principal().account(),
        host: None,
    };
    if let Err(refusal) = asked.caller.may(right, Some(&own)) {
        return refusal;
    }
    let text = "Nodes and jobs are not dispatched by this version";
    Refusal::new(StatusCode::NOT_IMPLEMENTED, text).into_response()
}
