//! What a caller asks for.

use std::fmt;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::limits::Overflow;

/// Most headers that a caller sets.
pub const MOST_HEADERS: usize = 32;
/// Most bytes of the headers that a caller sets, names and values.
pub const MOST_HEADER_BYTES: usize = 8 * 1024;

/// Headers that the connector sets itself, or that would change how the message is framed or where it goes.
const OURS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that only a cloud's metadata service asks for: a second fence behind the address policy.
const METADATA: &[&str] = &[
    "metadata",
    "metadata-flavor",
    "x-aws-ec2-metadata-token",
    "x-aws-ec2-metadata-token-ttl-seconds",
];

/// One request. Shown, it is the method only: URLs, headers and bodies carry secrets.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) overflow: Overflow,
    header_bytes: usize,
}

impl Request {
    /// A request without a body. The URL is read when it is called.
    ///
    /// # Errors
    /// For methods other than GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS.
    pub fn new(method: Method, url: impl Into<String>) -> Result<Self, RequestError> {
        let known = [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ];
        match known.contains(&method) {
            true => Ok(Self::of(method, url.into(), Bytes::new())),
            false => Err(RequestError::Method),
        }
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::of(Method::GET, url.into(), Bytes::new())
    }

    /// A POST of `body`.
    pub fn post(url: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self::of(Method::POST, url.into(), body.into())
    }

    fn of(method: Method, url: String, body: Bytes) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body,
            overflow: Overflow::default(),
            header_bytes: 0,
        }
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// What a too long answer means; by default it is refused.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Adds a header. A second one of the same name stands beside the first.
    ///
    /// # Errors
    /// When it is not a header, one that callers may not set, or one too many.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, RequestError> {
        let named = HeaderName::from_bytes(name.as_bytes()).map_err(|_| RequestError::Header)?;
        let valued = HeaderValue::from_str(value).map_err(|_| RequestError::Header)?;
        if OURS.contains(&named.as_str()) || METADATA.contains(&named.as_str()) {
            return Err(RequestError::Reserved(named));
        }
        self.header_bytes += name.len() + value.len();
        if self.headers.len() >= MOST_HEADERS || self.header_bytes > MOST_HEADER_BYTES {
            return Err(RequestError::ManyHeaders);
        }
        self.headers.append(named, valued);
        Ok(self)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body.len();
        write!(f, "Request({} with {body} bytes)", self.method)
    }
}

/// Why a request is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// CONNECT, TRACE or a method of somebody's own.
    #[error("the method must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS")]
    Method,
    /// Not a header name or value.
    #[error("a header's name or value holds characters that HTTP does not carry")]
    Header,
    /// A header that the connector sets itself, or that must not leave this machine.
    #[error("the header {0} cannot be set")]
    Reserved(HeaderName),
    /// Beyond [`MOST_HEADERS`] or [`MOST_HEADER_BYTES`].
    #[error(
        "more than {} headers, or {} bytes of them",
        MOST_HEADERS,
        MOST_HEADER_BYTES
    )]
    ManyHeaders,
    /// Beyond [`crate::Limits::request_bytes`].
    #[error("the body of the request is larger than {most} bytes")]
    BodyTooLarge {
        /// The limit.
        most: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get() -> Request {
        Request::get("https://a.org")
    }

    #[test]
    fn headers_that_frame_or_route_cannot_be_set() {
        for name in OURS.iter().chain(METADATA) {
            let shouted = name.to_ascii_uppercase();
            for name in [name, &shouted.as_str()] {
                let refused = get().header(name, "1").expect_err("refused");
                assert!(matches!(refused, RequestError::Reserved(_)), "{name}");
            }
        }
        assert!(get().header("x-signature", "t=1,v1=ab").is_ok());
    }

    #[test]
    fn no_header_ends_another() {
        for (name, value) in [
            ("a b", "1"),
            ("a:", "1"),
            ("", "1"),
            ("a", "1\r\nhost: b"),
            ("a", "\0"),
        ] {
            assert_eq!(get().header(name, value).err(), Some(RequestError::Header));
        }
    }

    #[test]
    fn headers_are_bounded() {
        let mut request = get();
        for n in 0..MOST_HEADERS {
            request = request.header("x-many", &n.to_string()).expect("few");
        }
        assert_eq!(
            request.header("x-many", "1").err(),
            Some(RequestError::ManyHeaders)
        );
        let long = "v".repeat(MOST_HEADER_BYTES);
        assert_eq!(
            get().header("x", &long).err(),
            Some(RequestError::ManyHeaders)
        );
    }

    #[test]
    fn methods_that_open_tunnels_are_refused() {
        for method in ["CONNECT", "TRACE", "PROPFIND"] {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            assert_eq!(Request::new(method, "").err(), Some(RequestError::Method));
        }
    }

    #[test]
    fn a_request_shows_no_secret() {
        let request = Request::post("https://a.org/s3cret", "s3cret").header("x", "s3cret");
        assert!(!format!("{request:?}").contains("s3cret"));
    }
}
