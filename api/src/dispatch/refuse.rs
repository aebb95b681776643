//! What is answered to what the desk refuses, in the words that old clients know.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse as _, Response};
use hypernode_dispatch::bridge::write::signer::ChildError;
use hypernode_dispatch::bridge::write::{ClerkError, CreateError};
use hypernode_dispatch::desk::{DeskError, JOB_TYPES};
use hypernode_dispatch::nodes::NodesError;
use hypernode_state::Seldom;
use serde_json::json;

use crate::auth::refuse_account;
use crate::error::Refusal;

/// When somebody with too many open jobs should ask again.
const OPEN_S: u64 = 30;
/// When somebody for whom the signer has nothing left should.
const SIGNER_S: u64 = 60;

/// The refusal of `error`; `failure` is what the route's clients know for a failure of ours.
pub(super) fn desk(error: &DeskError, failure: &'static str) -> Response {
    let text = error.to_string();
    let told = |status: StatusCode| Refusal::told(status, text.clone()).into_response();
    match error {
        DeskError::JobType => {
            let body = json!({ "error": text, "validTypes": JOB_TYPES });
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
        DeskError::Wrong(_) | DeskError::NotCancellable => told(StatusCode::BAD_REQUEST),
        DeskError::TooLarge(_) => told(StatusCode::PAYLOAD_TOO_LARGE),
        DeskError::UnknownJob => told(StatusCode::NOT_FOUND),
        DeskError::NotAssigned(_) => {
            Refusal::told(StatusCode::FORBIDDEN, format!("Forbidden: {text}")).into_response()
        }
        DeskError::Over(_) | DeskError::Stale(_) | DeskError::Late => told(StatusCode::CONFLICT),
        DeskError::InFlight => later(told(StatusCode::CONFLICT), 1),
        DeskError::KeyReused => told(StatusCode::UNPROCESSABLE_ENTITY),
        DeskError::TooFast(wait) => later(told(StatusCode::TOO_MANY_REQUESTS), wait.as_secs() + 1),
        DeskError::TooManyOpen(_) => later(told(StatusCode::TOO_MANY_REQUESTS), OPEN_S),
        DeskError::Key(error) => refuse_account(error),
        DeskError::Chain(error) => chain(error, failure),
        DeskError::NoChain => told(StatusCode::SERVICE_UNAVAILABLE),
        DeskError::Away => later(told(StatusCode::SERVICE_UNAVAILABLE), 1),
        DeskError::Node(error) => nodes(error, failure),
        DeskError::Store(_) | DeskError::Randomness(_) | DeskError::Record { .. } => {
            failed(&error, failure)
        }
    }
}

/// The same of a job that is to be created on chain.
fn chain(error: &CreateError, failure: &'static str) -> Response {
    let told = |status| Refusal::told(status, error.to_string()).into_response();
    match error {
        CreateError::Value(_) | CreateError::Bytes(_) => told(StatusCode::BAD_REQUEST),
        CreateError::Step(_)
        | CreateError::Differs { .. }
        | CreateError::Unsigned
        | CreateError::Approves { .. }
        | CreateError::Price { .. }
        | CreateError::Purse { .. }
        | CreateError::Blockhash
        | CreateError::Refused(_) => told(StatusCode::UNPROCESSABLE_ENTITY),
        CreateError::Taken => told(StatusCode::CONFLICT),
        CreateError::Underway => later(told(StatusCode::CONFLICT), 1),
        CreateError::Sender => later(told(StatusCode::SERVICE_UNAVAILABLE), SIGNER_S),
        CreateError::Clerk(ClerkError::Signer(ChildError::Refused(why))) => {
            let text = format!("the dispatcher's signer does not sign: {why}");
            let refusal = Refusal::told(StatusCode::SERVICE_UNAVAILABLE, text);
            later(refusal.into_response(), SIGNER_S)
        }
        CreateError::Clerk(ClerkError::Rpc(_) | ClerkError::Signer(ChildError::Gone(_))) => {
            static TOLD: Seldom = Seldom::new();
            if TOLD.now() {
                tracing::warn!("{failure}: {error}");
            }
            let text = "The chain cannot be reached just now: ask again in a moment";
            later(
                Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text).into_response(),
                2,
            )
        }
        CreateError::Clerk(ClerkError::Store(_) | ClerkError::Record(_)) => failed(error, failure),
    }
}

/// The same of the registry of nodes.
pub(super) fn nodes(error: &NodesError, failure: &'static str) -> Response {
    let told = |status| Refusal::told(status, error.to_string()).into_response();
    match error {
        NodesError::Unknown => told(StatusCode::NOT_FOUND),
        NodesError::NotYours(_) => unauthorized(),
        NodesError::Token => told(StatusCode::UNAUTHORIZED),
        NodesError::TooMany(_) | NodesError::TooManyTokens(_) => told(StatusCode::CONFLICT),
        NodesError::Full(_) => later(told(StatusCode::SERVICE_UNAVAILABLE), 60),
        NodesError::Store(_)
        | NodesError::Randomness(_)
        | NodesError::Unwritable(_)
        | NodesError::Record { .. } => failed(error, failure),
    }
}

/// What the old Backend says to whoever would change what is another wallet's.
pub(super) fn unauthorized() -> Response {
    Refusal::new(StatusCode::FORBIDDEN, "Unauthorized").into_response()
}

/// A token of one node, and the name of another.
pub(super) fn not_yours() -> Response {
    let text = "Forbidden: nodeId is another node than that of this token";
    Refusal::new(StatusCode::FORBIDDEN, text).into_response()
}

/// Paths and causes are for the log, not for strangers.
fn failed(error: &dyn std::error::Error, failure: &'static str) -> Response {
    static TOLD: Seldom = Seldom::new();
    if TOLD.now() {
        tracing::warn!("{failure}: {error}");
    }
    Refusal::failed(failure).into_response()
}

fn later(mut response: Response, seconds: u64) -> Response {
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

#[cfg(test)]
mod tests {
    use hypernode_dispatch::bridge::write::NoStep;

    use super::*;

    #[test]
    fn whoever_signed_is_told_whether_to_sign_again_to_wait_or_to_take_another_label() {
        let purse = CreateError::Purse {
            purse: "purse".to_owned(),
            held: 1,
            needed: 2,
        };
        let signer = ClerkError::Signer(ChildError::Refused("the day's cap".to_owned()));
        for (error, status, waits) in [
            (CreateError::Value("no"), 400, false),
            (CreateError::Step(NoStep::More), 422, false),
            (CreateError::Unsigned, 422, false),
            (CreateError::Blockhash, 422, false),
            (purse, 422, false),
            (CreateError::Taken, 409, false),
            (CreateError::Underway, 409, true),
            (CreateError::Sender, 503, true),
            (CreateError::Clerk(signer), 503, true),
        ] {
            let response = chain(&error, "Failed");
            let told = response.headers().contains_key(RETRY_AFTER);
            assert_eq!(
                (response.status().as_u16(), told),
                (status, waits),
                "{error}"
            );
        }
    }
}
