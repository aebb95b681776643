//! How large a request may be: its address, its head, and the body that it announces.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::response::{IntoResponse as _, Response};

use crate::error::Refusal;

/// Longest path and query, in bytes.
const MAX_ADDRESS: usize = 8 * 1024;
/// Largest head: address and headers as they are sent, in bytes. The server's own buffer holds one of twice that.
pub(crate) const MAX_HEAD: usize = 32 * 1024;
/// Largest body that is read.
pub(crate) const MAX_BODY: usize = 256 * 1024;
/// Largest body of a route about accounts: a signed text with room to spare.
pub(crate) const MAX_ACCOUNT_BODY: usize = 16 * 1024;
/// Largest figure that is posted.
pub(crate) const MAX_POSTED: usize = 64 * 1024;

/// Refuses what is too large by what its head says, before anything of the body is taken or asked for.
pub(crate) fn fits(request: &Request) -> Result<(), Response> {
    let address = request
        .uri()
        .path_and_query()
        .map_or(0, |address| address.as_str().len());
    if address > MAX_ADDRESS {
        let text = "The address is too long: 8192 bytes at most";
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, text).into_response());
    }
    if head(request, address) > MAX_HEAD {
        let text = "The head is too large: 32768 bytes at most, address and headers together";
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Refusal::new(status, text).into_response());
    }
    let announced = request.headers().get(CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let most = most(request.uri().path());
    match announced {
        Some(length) if length > most as u64 => Err(too_large(most).into_response()),
        _ => Ok(()),
    }
}

/// Bytes of a head on the wire, of which the address has as many.
fn head(request: &Request, address: usize) -> usize {
    let line = request.method().as_str().len() + address;
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + "  HTTP/1.1\r\n\r\n".len() + headers.sum::<usize>()
}

/// The largest body of a route.
pub(crate) fn most(path: &str) -> usize {
    let of_accounts = ["/api/auth/", "/api/keys", "/api/hosts/", "/api/operator/"];
    if of_accounts.iter().any(|start| path.starts_with(start)) {
        MAX_ACCOUNT_BODY
    } else if path == "/api/metrics/update" {
        MAX_POSTED
    } else {
        MAX_BODY
    }
}

/// What is said of a body that is too large.
pub(crate) fn too_large(most: usize) -> Refusal {
    let text = format!("The body is too large: {most} bytes at most");
    Refusal::told(StatusCode::PAYLOAD_TOO_LARGE, text)
}
