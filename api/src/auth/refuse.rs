//! What is answered to those who may not, each with the way that is open to them.

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::operators::{BootstrapError, GrantError};
use hypernode_accounts::rights::Denied;
use hypernode_accounts::{AccountError, Unauthenticated};
use hypernode_state::{Seldom, StoreError};

use crate::error::Refusal;

/// How to become somebody.
const HINT: &str = "sign in with a Solana wallet (POST /api/auth/challenge, sign the text, POST /api/auth/sign-in), \
                    or send an API key as `Authorization: Bearer hn_live_…`";

pub(super) fn unauthenticated(why: &Unauthenticated) -> Response {
    match why {
        Unauthenticated::Store(error) => store(error),
        Unauthenticated::TooMany { retry_after } => {
            let mut response =
                Refusal::told(StatusCode::TOO_MANY_REQUESTS, why.to_string()).into_response();
            response
                .headers_mut()
                .insert(RETRY_AFTER, (retry_after.as_secs() + 1).into());
            response
        }
        _ => sign_in(&format!("Unauthorized: {why}")),
    }
}

pub(crate) fn denied(denied: &Denied) -> Response {
    match denied {
        Denied::SignIn => sign_in(&format!("Unauthorized: {HINT}")),
        _ => Refusal::told(StatusCode::FORBIDDEN, format!("Forbidden: {denied}")).into_response(),
    }
}

fn sign_in(text: &str) -> Response {
    let mut response = Refusal::told(StatusCode::UNAUTHORIZED, text.to_owned()).into_response();
    let value = HeaderValue::from_static("Bearer realm=\"hypernode\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, value);
    response
}

pub(crate) fn account(error: &AccountError) -> Response {
    let status = match error {
        AccountError::SignIn(_) | AccountError::Host(_) => StatusCode::UNAUTHORIZED,
        AccountError::Denied(why) => return denied(why),
        AccountError::NotFound { .. } => StatusCode::NOT_FOUND,
        AccountError::Invalid { .. }
        | AccountError::ScopeNotAllowed { .. }
        | AccountError::NoSession => StatusCode::BAD_REQUEST,
        AccountError::TooMany { .. } | AccountError::KeyOver | AccountError::NotReserved { .. } => {
            StatusCode::CONFLICT
        }
        AccountError::Cap { .. } => StatusCode::PAYMENT_REQUIRED,
        AccountError::Store(error) => return store(error),
        AccountError::Randomness(_) => {
            tracing::error!(%error, "accounts");
            return Refusal::failed("Internal server error").into_response();
        }
    };
    Refusal::told(status, error.to_string()).into_response()
}

pub(super) fn bootstrap(error: &BootstrapError) -> Response {
    let status = match error {
        BootstrapError::WrongCode => StatusCode::BAD_REQUEST,
        BootstrapError::Taken(_) => StatusCode::CONFLICT,
        BootstrapError::Store(error) => return store(error),
        BootstrapError::File { .. } | BootstrapError::Randomness(_) => {
            tracing::error!(%error, "the first operator");
            return Refusal::failed("Internal server error").into_response();
        }
    };
    Refusal::told(status, error.to_string()).into_response()
}

pub(super) fn grant(error: &GrantError) -> Response {
    let status = match error {
        GrantError::NotGranted(_) | GrantError::NoKey(_) => StatusCode::BAD_REQUEST,
        GrantError::LastOperator(_) | GrantError::NotHeld(..) => StatusCode::CONFLICT,
        GrantError::Store(error) => return store(error),
    };
    Refusal::told(status, error.to_string()).into_response()
}

/// Paths and causes are for the log, not for strangers.
pub(super) fn store(error: &StoreError) -> Response {
    static TOLD: Seldom = Seldom::new();
    if TOLD.now() {
        tracing::warn!(%error, "accounts cannot be reached");
    }
    let text = "Accounts cannot be reached just now; try again in a moment";
    let mut response = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text).into_response();
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
