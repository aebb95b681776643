//! Which pages of other origins may read answers, and which may act.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, RETRY_AFTER,
    VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use tower_http::cors::{AllowCredentials, AllowHeaders, AllowOrigin, Any, CorsLayer};

use super::access::Access;
use crate::answer::{AS_OF_SLOT, FINALITY};

/// How long a browser may remember what it was told.
const REMEMBER: Duration = Duration::from_mins(10);

/// Headers of answers that pages may read.
const EXPOSED: [HeaderName; 7] = [
    ETAG,
    AS_OF_SLOT,
    FINALITY,
    RETRY_AFTER,
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    HeaderName::from_static("ratelimit-reset"),
];

/// Lets the page that asked read a refusal that came before any route: it says when to try again, and nothing of anybody's.
pub(crate) fn let_read(access: &Access, origin: Option<&HeaderValue>, response: &mut Response) {
    let Some(origin) = origin else {
        return;
    };
    let headers = response.headers_mut();
    let allowed = if access.origins.trust(origin) {
        let yes = HeaderValue::from_static("true");
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        origin.clone()
    } else {
        HeaderValue::from_static("*")
    };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    headers.insert(VARY, HeaderValue::from_static("origin"));
    for name in EXPOSED {
        headers.append(ACCESS_CONTROL_EXPOSE_HEADERS, name.into());
    }
}

/// Any page may read: old pages call from other origins and send no credentials.
pub(crate) fn for_reading() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::OPTIONS])
        .allow_headers(Any)
        .expose_headers(EXPOSED)
}

/// Any page may read, without credentials; pages that are listed may act, for whoever signed in there.
pub(crate) fn for_both(access: Option<Arc<Access>>) -> CorsLayer {
    let trusting = move |origin: &HeaderValue| {
        access
            .as_ref()
            .is_some_and(|access| access.origins.trust(origin))
    };
    let trusted = trusting.clone();
    let allowed = move |origin: &HeaderValue, parts: &Parts| is_read(parts) || trusted(origin);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(allowed))
        .allow_credentials(AllowCredentials::predicate(move |origin, _| {
            trusting(origin)
        }))
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(REMEMBER)
}

/// Whether it is a read, or asks whether one may be sent.
fn is_read(parts: &Parts) -> bool {
    match parts.method {
        Method::OPTIONS => parts
            .headers
            .get(ACCESS_CONTROL_REQUEST_METHOD)
            .is_some_and(|method| method == "GET" || method == "HEAD"),
        Method::GET | Method::HEAD => true,
        _ => false,
    }
}

/// Pages that are listed may act, for whoever signed in there.
pub(crate) fn for_listed(access: Option<Arc<Access>>) -> CorsLayer {
    let trusted = move |origin: &HeaderValue, _: &_| {
        access
            .as_ref()
            .is_some_and(|access| access.origins.trust(origin))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(trusted))
        .allow_credentials(true)
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::DELETE,
        ])
        .allow_headers([
            CONTENT_TYPE,
            AUTHORIZATION,
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers(EXPOSED)
        .max_age(REMEMBER)
}
