//! Bounded answers over HTTP. Addresses may carry a key and appear in no message of an error.

use std::time::Duration;

/// How long a server may take to answer.
const TIME: Duration = Duration::from_secs(60);

/// A client; it does not connect yet. `tls`: whom it trusts, where that is not whom everybody does.
pub(crate) fn client(tls: Option<rustls::ClientConfig>) -> Result<reqwest::Client, String> {
    // Several TLS providers may be linked in; without a choice the library panics. A second call finds it chosen.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = match tls {
        Some(tls) => reqwest::Client::builder().tls_backend_preconfigured(tls),
        None => reqwest::Client::builder(),
    };
    client
        .connect_timeout(Duration::from_secs(10))
        .timeout(TIME)
        .build()
        .map_err(plain)
}

/// The whole body, if it is no longer than `most` bytes.
pub(crate) async fn body(
    mut response: reqwest::Response,
    most: usize,
) -> Result<Result<Vec<u8>, String>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > most {
            return Ok(Err(format!("sends more than {} MiB", most >> 20)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Ok(body))
}

/// The error and its causes, without the address.
pub(crate) fn plain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
