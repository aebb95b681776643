//! How much anybody may ask for, as HTTP says it.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::limits::{Class, LimitKey, Verdict};

use super::access::Access;
use super::caller::Caller;
use crate::error::Refusal;

/// What a caller has left, told with the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance(Verdict);

impl Allowance {
    /// Counts a request; refuses it where there were too many. Reads from this machine itself are not counted: its own
    /// pages, tools and measurements.
    pub(crate) fn of(
        access: &Access,
        caller: &Caller,
        method: &Method,
        path: &str,
    ) -> Result<Option<Self>, Response> {
        let class = class(method, path);
        let (class, key) = match (class, caller.submitter()) {
            // One bucket for a submission, and that is its wallet's.
            (Class::Submit, Some(wallet)) => (Class::Submit, LimitKey::Account(wallet)),
            _ if !caller.is_here() || caller.proves => match class {
                Class::Submit => (Class::Write, caller.limited_as()),
                class => (class, caller.limited_as()),
            },
            (Class::Read | Class::Expensive, _) => return Ok(None),
            _ => (Class::Here, caller.limited_as()),
        };
        let verdict = access.limiter.take(class, &key);
        let allowance = Self(verdict);
        if verdict.allowed {
            return Ok(Some(allowance));
        }
        let seconds = Verdict::seconds(verdict.retry_after).max(1);
        let text = format!("Too many requests: try again in {seconds} s");
        let mut response = Refusal::told(StatusCode::TOO_MANY_REQUESTS, text).into_response();
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
        allowance.stamp(&mut response);
        Err(response)
    }

    /// Says what is left.
    pub(crate) fn stamp(self, response: &mut Response) {
        let headers = response.headers_mut();
        for (name, number) in [
            ("ratelimit-limit", u64::from(self.0.limit)),
            ("ratelimit-remaining", u64::from(self.0.remaining)),
            ("ratelimit-reset", Verdict::seconds(self.0.reset)),
        ] {
            headers.insert(HeaderName::from_static(name), number.into());
        }
    }
}

fn class(method: &Method, path: &str) -> Class {
    let is_read = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if !is_read {
        let proves_something = path.starts_with("/api/auth/")
            || path.starts_with("/api/hosts/")
            || path == "/api/operator/claim";
        return match path {
            "/api/jobs" => Class::Submit,
            "/api/auth/sign-out" => Class::Write,
            "/api/auth/challenge" | "/api/hosts/challenge" => Class::SignIn,
            _ if proves_something => Class::Proof,
            _ => Class::Write,
        };
    }
    // Each of these reads much of what is stored, and no cache helps against who asks for another every time.
    if path.starts_with("/tx/") || path.ends_with("/reputation/proof") {
        return Class::Expensive;
    }
    Class::Read
}
