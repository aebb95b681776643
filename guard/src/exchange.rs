//! One request and its answer over a connection that exists. Everything lives within one future: dropping it ends all.

use std::error::Error;
use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT_ENCODING, CONNECTION, HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::error::{CallError, HttpError, Stage};
use crate::limits::{Limits, Overflow};
use crate::request::{Request, RequestError};
use crate::target::Target;

/// The smallest buffer that the HTTP library works with.
const LEAST_BUFFER: usize = 8192;
/// Who calls, unless the caller says so itself.
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("hypernode/", env!("CARGO_PKG_VERSION")));

/// What came back, with the time that its head took.
#[derive(Debug)]
pub(crate) struct Exchanged {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) truncated: bool,
    pub(crate) first_byte: Duration,
}

/// The message for the wire.
pub(crate) fn message(
    target: &Target,
    request: &Request,
) -> Result<hyper::Request<Full<Bytes>>, CallError> {
    let host = HeaderValue::try_from(target.authority());
    let host = host.map_err(|_| CallError::Request(RequestError::Header))?;
    let mut headers = request.headers.clone();
    headers.insert(HOST, host);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.entry(USER_AGENT).or_insert(AGENT);
    let mut message = hyper::Request::new(Full::new(request.body.clone()));
    *message.method_mut() = request.method.clone();
    *message.uri_mut() = target.path().clone().into();
    *message.headers_mut() = headers;
    Ok(message)
}

/// Sends `message` over `stream` and reads the answer within the limits.
pub(crate) async fn exchange<S>(
    stream: S,
    message: hyper::Request<Full<Bytes>>,
    overflow: Overflow,
    limits: &Limits,
    clock: &Clock,
) -> Result<Exchanged, CallError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let from = Instant::now();
    let shake = http1::Builder::new()
        .max_buf_size(limits.head_bytes.max(LEAST_BUFFER))
        .max_header_size(limits.head_bytes)
        .max_headers(limits.headers)
        .handshake(TokioIo::new(stream));
    let (mut sender, connection) = shake.await.map_err(|e| fault(&e, Stage::Head, limits))?;
    let talk = async {
        let head = async {
            let sent = sender.send_request(message).await;
            sent.map_err(|e| fault(&e, Stage::Head, limits))
        };
        let response = clock.within(Stage::Head, limits.head, head).await?;
        let first_byte = from.elapsed();
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(http(Stage::Head, HttpError::Switched));
        }
        let status = response.status();
        let headers = response.headers().clone();
        let reading = read(response, overflow, limits);
        // Only the deadline of the whole ends a body that drips.
        let (body, truncated) = clock.within(Stage::Body, Duration::MAX, reading).await?;
        Ok(Exchanged {
            status,
            headers,
            body,
            truncated,
            first_byte,
        })
    };
    let mut talk = pin!(talk);
    let mut connection = pin!(connection);
    tokio::select! {
        done = &mut talk => done,
        // The connection may end before its last bytes are taken; its error reaches the talk as well.
        _ = &mut connection => talk.await,
    }
}

/// The body up to the limit, and whether there is more.
async fn read(
    response: Response<Incoming>,
    overflow: Overflow,
    limits: &Limits,
) -> Result<(Bytes, bool), CallError> {
    let most = limits.body_bytes;
    let too_large = || http(Stage::Body, HttpError::BodyTooLarge { bytes: most });
    let mut incoming = response.into_body();
    // A length that is declared is believed only where it refuses.
    let declared = incoming.size_hint().lower();
    if overflow == Overflow::Refuse && usize::try_from(declared).unwrap_or(usize::MAX) > most {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|e| fault(&e, Stage::Body, limits))?;
        // Trailers are dropped.
        let Some(data) = frame.data_ref() else {
            continue;
        };
        let room = most - body.len();
        body.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return match overflow {
                Overflow::Refuse => Err(too_large()),
                Overflow::Truncate => Ok((body.freeze(), true)),
            };
        }
    }
    Ok((body.freeze(), false))
}

fn http(stage: Stage, what: HttpError) -> CallError {
    CallError::Http { stage, what }
}

/// What an error of the HTTP library means for the owner of the server.
fn fault(error: &hyper::Error, stage: Stage, limits: &Limits) -> CallError {
    let source = error.source();
    // A call that was given up for what the connection met, such as a server that speaks before it is asked.
    if let Some(cause) = source.and_then(|e| e.downcast_ref::<hyper::Error>()) {
        return fault(cause, stage, limits);
    }
    let inner = source.and_then(|e| e.downcast_ref::<io::Error>());
    let what = match inner.map(io::Error::kind) {
        _ if error.is_parse_too_large() => HttpError::HeadTooLarge {
            bytes: limits.head_bytes,
            headers: limits.headers,
        },
        _ if error.is_parse() => HttpError::Malformed,
        _ if error.is_incomplete_message() || error.is_closed() || error.is_canceled() => {
            HttpError::CutShort
        }
        Some(io::ErrorKind::UnexpectedEof) => HttpError::CutShort,
        // A chunk's length that is none.
        Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => HttpError::Malformed,
        Some(kind) => HttpError::Broken(kind),
        None => HttpError::Malformed,
    };
    http(stage, what)
}
