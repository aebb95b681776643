//! Who asks, how much they may ask for, and what they may change: sign-in, sessions, API keys, host keys, operators.

mod access;
mod body;
mod caller;
mod cookie;
mod cors;
mod hosts;
mod keys;
mod limit;
mod operator;
mod refuse;
mod sign_in;

use axum::routing::{MethodRouter, delete, get, post};

pub use access::{Access, Origins};
pub(crate) use body::Sent;
pub(crate) use caller::{Asked, Caller, Sender, bearer, identify};
pub(crate) use cors::{for_both, for_listed, for_reading, let_read};
pub(crate) use limit::Allowance;
pub(crate) use refuse::{account as refuse_account, denied as refuse_denied};

use crate::state::ApiState;

/// Routes that change something, or tell somebody what is theirs alone: each asks who it is.
pub(crate) fn routes() -> Vec<(&'static str, MethodRouter<ApiState>)> {
    vec![
        ("/api/auth/challenge", post(sign_in::challenge)),
        ("/api/auth/sign-in", post(sign_in::sign_in)),
        ("/api/auth/me", get(sign_in::me)),
        ("/api/auth/sign-out", post(sign_in::sign_out)),
        ("/api/auth/sessions", get(sign_in::sessions)),
        ("/api/keys", get(keys::list).post(keys::create)),
        ("/api/keys/{id}", delete(keys::revoke)),
        ("/api/keys/{id}/rotate", post(keys::rotate)),
        ("/api/keys/{id}/cap", post(keys::cap)),
        ("/api/hosts/challenge", post(hosts::challenge)),
        ("/api/hosts/prove", post(hosts::prove)),
        ("/api/hosts/keys", get(hosts::list).post(hosts::change)),
        ("/api/operator/claim", post(operator::claim)),
        (
            "/api/operator/roles",
            get(operator::holders).post(operator::set),
        ),
        ("/api/operator/trail", get(operator::trail)),
    ]
}
