//! Which pages of other origins may read answers, and which may act.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, RETRY_AFTER};
use axum::http::{HeaderValue, Method};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use super::access::Access;
use crate::answer::{AS_OF_SLOT, FINALITY};

/// How long a browser may remember what it was told.
const REMEMBER: Duration = Duration::from_mins(10);

/// Any page may read: old pages call from other origins and send no credentials.
pub(crate) fn for_reading() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::OPTIONS])
        .allow_headers(Any)
        .expose_headers([ETAG, AS_OF_SLOT, FINALITY, RETRY_AFTER])
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
        .expose_headers([ETAG, AS_OF_SLOT, FINALITY, RETRY_AFTER])
        .max_age(REMEMBER)
}
