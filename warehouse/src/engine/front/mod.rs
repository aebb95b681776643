//! ClickHouse's HTTP interface in front of the embedded engine, on a loopback port.
//!
//! Serves what the Rust `clickhouse` crate, Python's `clickhouse-connect`, Grafana and curl send. Not served:
//! sessions (each request has its own connection), external data, roles and quotas.

pub(crate) mod access;
mod call;
mod channel;
mod error;
mod framing;
mod lexer;
mod lz4_frames;
mod multipart;
mod read_only;
mod run;
mod settings;
mod statement;

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use self::access::{Role, authenticate, check_origin};
use self::call::{Call, url_pairs};
use self::channel::AnswerBody;
use self::error::{Failure, code};
use self::read_only::ReadCheck;
use self::run::Responder;
use super::credentials::Credentials;
use super::ffi::{Connection, EngineFault, Library};

/// Open sockets; further ones wait in the listener's queue.
const MAX_CONNECTIONS: usize = 256;
/// Queries of writers that run at once.
const MAX_WRITERS: usize = 24;
/// Queries of readers that run at once.
const MAX_READERS: usize = 4;
/// How long a query waits for its turn.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// Largest head of a request.
const MAX_HEAD: usize = 64 << 10;
/// A head must be whole, and an idle socket must speak again, within this time.
const HEAD_TIME: Duration = Duration::from_secs(60);

/// Threads that may be busy with queries at once.
pub(crate) const MAX_QUERIES: usize = MAX_WRITERS + MAX_READERS;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    library: Arc<Library>,
    /// Arguments of every connection.
    base: Vec<String>,
    /// Database of requests that name none.
    database: String,
    credentials: Credentials,
    known_settings: HashSet<String>,
    reads: ReadCheck,
    writers: Semaphore,
    readers: Semaphore,
}

impl Shared {
    /// Asks the running engine, over `connection`, what the checks need.
    pub(crate) fn new(
        library: Arc<Library>,
        base: Vec<String>,
        database: String,
        credentials: Credentials,
        connection: &mut Connection,
    ) -> Result<Self, EngineFault> {
        let names = connection.query(b"SELECT name FROM system.settings", "TSVRaw", &[])?;
        let known_settings = String::from_utf8_lossy(names.as_ref())
            .lines()
            .map(str::to_owned)
            .collect();
        Ok(Self {
            reads: ReadCheck::new(connection)?,
            library,
            base,
            database,
            credentials,
            known_settings,
            writers: Semaphore::new(MAX_WRITERS),
            readers: Semaphore::new(MAX_READERS),
        })
    }

    /// The library's version.
    pub(crate) fn version(&self) -> String {
        self.library.version()
    }
}

/// Serves `listener` until the task is dropped.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let sockets = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&sockets).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors: wait for some to close instead of spinning.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(answer(shared, request).await) }
            });
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME)
                .max_buf_size(MAX_HEAD)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            drop(permit);
        });
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Response<AnswerBody> {
    match handle(shared, request).await {
        Ok(response) => response,
        Err(failure) => refusal(&failure),
    }
}

fn refusal(failure: &Failure) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::full(format!("{}\n", failure.text)));
    *response.status_mut() = failure.status();
    let headers = response.headers_mut();
    headers.insert("X-ClickHouse-Exception-Code", failure.code.into());
    headers.insert(
        "Content-Type",
        hyper::header::HeaderValue::from_static("text/plain; charset=UTF-8"),
    );
    if failure.status() == StatusCode::UNAUTHORIZED {
        let realm = "Basic realm=\"ClickHouse server HTTP API\"";
        headers.insert(
            "WWW-Authenticate",
            hyper::header::HeaderValue::from_static(realm),
        );
    }
    response
}

async fn handle(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Failure> {
    check_origin(request.headers())?;
    let (parts, body) = request.into_parts();
    if !matches!(parts.method, Method::GET | Method::POST) {
        let mut response = Response::new(AnswerBody::full("GET or POST\n"));
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return Ok(response);
    }
    let pairs = url_pairs(&parts);
    match parts.uri.path() {
        "/ping" | "/replicas_status" => return Ok(Response::new(AnswerBody::full("Ok.\n"))),
        "/" if parts.method == Method::GET && pairs.is_empty() => {
            return Ok(Response::new(AnswerBody::full("Ok.\n")));
        }
        "/" => {}
        path => {
            let mut response =
                Response::new(AnswerBody::full(format!("There is no handle {path}\n")));
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
    }
    let find = |name: &str| {
        pairs
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    };
    let role = authenticate(
        &parts.headers,
        (find("user"), find("password")),
        &shared.credentials,
    )?;
    let call = Call::new(&parts, pairs, role, &shared.known_settings)?;
    let turns = match role {
        Role::Writer => &shared.writers,
        Role::Reader => &shared.readers,
    };
    let busy = || {
        Failure::new(
            code::TOO_MANY_SIMULTANEOUS_QUERIES,
            "Too many simultaneous queries",
        )
    };
    let turn = timeout(MAX_WAIT, turns.acquire())
        .await
        .map_err(|_| busy())?
        .map_err(|_| busy())?;
    turn.forget();
    let (writer, answer_body) = channel::answer();
    let (head, head_answer) = oneshot::channel();
    let responder = Responder {
        head: Some(head),
        body: writer,
        tag: format!("{:016x}", rand::random::<u64>()),
    };
    let reader = channel::reader(body);
    let for_thread = Arc::clone(&shared);
    tokio::task::spawn_blocking(move || {
        run::run(&for_thread, &call, reader, responder);
        match role {
            Role::Writer => for_thread.writers.add_permits(1),
            Role::Reader => for_thread.readers.add_permits(1),
        }
    });
    let lost = |_| Failure::new(code::UNKNOWN, "the query's thread ended without an answer");
    let parts = head_answer.await.map_err(lost)??;
    Ok(Response::from_parts(parts, answer_body))
}
