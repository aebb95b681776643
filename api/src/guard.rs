//! What every request passes: a place in the queue, a deadline, headers that keep browsers safe.
//!
//! What a request is made of is bounded in `measure`.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::IgnoredAny;

use crate::answer::{AS_OF_SLOT, FINALITY};
use crate::arriving;
use crate::auth::{Allowance, identify, let_read};
use crate::clock::now;
use crate::error::Refusal;
use crate::measure::{self, MAX_BODY};
use crate::state::ApiState;

/// Longest time for one answer; the warehouse's own limit is shorter.
const DEADLINE: Duration = Duration::from_secs(15);

/// Nothing from elsewhere, nothing inline: a label from the chain that slipped through escaping could not run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Says that anybody may change anything here.
const OPEN_DEV: HeaderName = HeaderName::from_static("x-hypernode-open-dev");

/// Bounds an answer and stamps it. One layer for both: a request pays for each.
pub(crate) async fn guarded(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = match admit(&state, &mut request).await {
        Ok(allowance) => {
            let mut response = bounded(&state, request, next).await;
            if let Some(allowance) = allowance {
                allowance.stamp(&mut response);
            }
            response
        }
        Err(mut refusal) => {
            if let Some(access) = &state.access {
                let_read(access, origin.as_ref(), &mut refusal);
            }
            refusal
        }
    };
    stamp(&state, &mut response);
    response
}

/// Finds out who asks, and whether they have asked for too much.
async fn admit(state: &ApiState, request: &mut Request) -> Result<Option<Allowance>, Response> {
    measure::fits(request)?;
    let Some(access) = &state.access else {
        return Ok(None);
    };
    let caller = identify(access, request, now()).await?;
    Allowance::of(access, &caller, request.method(), request.uri().path())
}

/// Refuses at once when too many are being answered, and gives up on an answer that takes too long. Both are over when the
/// answer's head is there: a live stream (`live`), whose body has no end of its own, passes here like any other answer, and
/// has places and a longest time of its own.
async fn bounded(state: &ApiState, request: Request, next: Next) -> Response {
    let (request, arriving) = arriving::watched(request);
    let Ok(_place) = state.places.try_acquire() else {
        return Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many requests at once, try again",
        )
        .into_response();
    };
    match tokio::time::timeout(DEADLINE, next.run(request)).await {
        Ok(response) => response,
        // Whose fault it is: the sender's, whose body is awaited still, or ours.
        Err(_) if arriving.is_awaited() => {
            let text = "The body did not arrive within 15 s: send it at once";
            let mut response = Refusal::new(StatusCode::REQUEST_TIMEOUT, text).into_response();
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
            response
        }
        Err(_) => Refusal::new(
            StatusCode::GATEWAY_TIMEOUT,
            "The answer took too long, try again",
        )
        .into_response(),
    }
}

/// Adds what every answer carries, unless the route has said it better.
fn stamp(state: &ApiState, response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (
            HeaderName::from_static("permissions-policy"),
            "interest-cohort=()",
        ),
        (FINALITY, "confirmed"),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if let Some(access) = &state.access {
        if access.secure {
            headers.insert(
                STRICT_TRANSPORT_SECURITY,
                HeaderValue::from_static("max-age=31536000"),
            );
        }
        if access.open_dev {
            headers.insert(OPEN_DEV, HeaderValue::from_static("true"));
        }
    }
    headers
        .entry(AS_OF_SLOT)
        .or_insert_with(|| state.snapshots.last_slot().into());
}

/// Any other path or method. A body that calls itself JSON and is none is refused first, as clients know it.
pub(crate) async fn no_such_endpoint(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let is_json = parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
    if is_json && let Err(refusal) = readable_json(body).await {
        return refusal.into_response();
    }
    Refusal::new(StatusCode::NOT_FOUND, "Endpoint not found").into_response()
}

async fn readable_json(body: Body) -> Result<(), Refusal> {
    let Ok(bytes) = to_bytes(body, MAX_BODY).await else {
        return Err(measure::too_large(MAX_BODY));
    };
    // An object or an array, as the old parser wants it; parsed without building anything.
    let starts_well = matches!(bytes.trim_ascii_start().first(), None | Some(b'{' | b'['));
    if bytes.is_empty() || (starts_well && serde_json::from_slice::<IgnoredAny>(&bytes).is_ok()) {
        Ok(())
    } else {
        Err(Refusal::failed("Internal server error"))
    }
}
