//! Runs one request on the engine, on a thread of its own.

use std::io::{self, Read, Write};

use bytes::Bytes;
use hyper::http::HeaderValue;
use hyper::http::response::{Builder, Parts};
use hyper::{Response, StatusCode};
use lz4_flex::frame::FrameEncoder;
use tokio::sync::oneshot;

use super::Shared;
use super::access::Role;
use super::call::{BodyCoding, Call, Coding};
use super::channel::{AnswerWriter, BodyReader};
use super::error::{Failure, code};
use super::framing::{FrameReader, FrameWriter};
use super::lz4_frames::Lz4Frames;
use super::statement::{self, Insert, Shape};
use super::{multipart, settings};
use crate::engine::ffi::{Connection, Param, QueryResult};

/// Largest text of a statement, without streamed data.
const MAX_SQL: usize = 16 << 20;
/// Bytes read at once from a body.
const STEP: usize = 256 << 10;
/// First look at a body that starts with its statement.
const PEEK: usize = 16 << 10;
/// Largest answer in a format that cannot be streamed.
pub(super) const MAX_BUFFERED: u64 = 256 << 20;

/// Sends the head once, then the body.
pub(super) struct Responder {
    pub(super) head: Option<oneshot::Sender<Result<Parts, Failure>>>,
    pub(super) body: AnswerWriter,
    pub(super) tag: String,
}

impl Responder {
    fn start(&mut self, builder: Builder) -> io::Result<()> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let (parts, ()) = builder.body(()).map_err(io::Error::other)?.into_parts();
        let sender = self.head.take().ok_or_else(gone)?;
        sender.send(Ok(parts)).map_err(|_| gone())
    }

    /// Reports a failure in the head, or, once that is gone, by cutting the body.
    fn fail(mut self, failure: Failure) {
        if let Some(head) = self.head.take() {
            let _ = head.send(Err(failure));
            return;
        }
        self.body.abort();
    }
}

/// How ClickHouse marks a body that an error cut short.
fn exception_mark(tag: &str, text: &str) -> Bytes {
    let text = text.trim_end();
    let length = text.len() + 1;
    format!("\r\n__exception__\r\n{tag}\r\n{text}\n{length} {tag}\r\n__exception__\r\n").into()
}

/// Why a request ended early.
enum Stop {
    /// To be reported.
    Failed(Failure),
    /// The client went away; nobody to tell.
    Gone,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<crate::engine::ffi::EngineFault> for Stop {
    fn from(fault: crate::engine::ffi::EngineFault) -> Self {
        Self::Failed(fault.into())
    }
}

/// Runs `call` to its end.
pub(super) fn run(shared: &Shared, call: &Call, body: BodyReader, mut responder: Responder) {
    let outcome = match catch(|| serve(shared, call, body, &mut responder)) {
        Ok(outcome) => outcome,
        Err(()) => Err(Failure::new(code::UNKNOWN, "the front failed inside").into()),
    };
    match outcome {
        Ok(()) => {}
        Err(Stop::Gone) => responder.body.abort(),
        Err(Stop::Failed(failure)) => responder.fail(failure),
    }
}

fn catch<T>(work: impl FnOnce() -> T) -> Result<T, ()> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).map_err(drop)
}

fn body_error(error: &io::Error) -> Failure {
    let text = error.to_string();
    let code = match error.kind() {
        io::ErrorKind::InvalidData if text.contains("checksum") => code::CHECKSUM_DOESNT_MATCH,
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => code::CANNOT_DECOMPRESS,
        _ => code::ABORTED,
    };
    Failure::new(code, format!("reading the body: {text}"))
}

fn decode(body: BodyReader, call: &Call) -> Result<Box<dyn Read>, Failure> {
    let body: Box<dyn Read> = match call.body_coding {
        BodyCoding::Identity => Box::new(body),
        BodyCoding::Lz4 => Box::new(Lz4Frames::new(body)),
        BodyCoding::Zstd => Box::new(zstd::Decoder::new(body).map_err(|e| body_error(&e))?),
    };
    Ok(if call.decompress {
        Box::new(FrameReader::new(body))
    } else {
        body
    })
}

/// Reads until `buffer` holds `limit` bytes or the body ends; true at the end.
fn fill(body: &mut dyn Read, buffer: &mut Vec<u8>, limit: usize) -> Result<bool, Failure> {
    let room = limit.saturating_sub(buffer.len()) as u64;
    let got = body
        .take(room)
        .read_to_end(buffer)
        .map_err(|e| body_error(&e))?;
    Ok((got as u64) < room)
}

fn serve(
    shared: &Shared,
    call: &Call,
    body: BodyReader,
    responder: &mut Responder,
) -> Result<(), Stop> {
    let mut body = decode(body, call)?;
    let mut params = call.params.clone();
    let mut sql = call.url_query.clone().unwrap_or_default().into_bytes();
    let mut whole = true;
    let url_shape = statement::shape(&sql, true);
    let mut insert = match url_shape {
        Shape::Insert(insert) if !sql.is_empty() => Some(insert),
        _ => None,
    };
    if let Some(boundary) = &call.boundary {
        let mut form = Vec::new();
        if !fill(&mut body, &mut form, MAX_SQL)? {
            return Err(too_large().into());
        }
        form_parts(&form, boundary, &mut sql, &mut params)?;
    } else if insert.is_none() {
        if !sql.is_empty() {
            sql.push(b'\n');
        }
        let mut limit = sql.len() + PEEK;
        loop {
            whole = fill(&mut body, &mut sql, limit)?;
            match statement::shape(&sql, whole) {
                Shape::Insert(found) => {
                    insert = Some(found);
                    break;
                }
                _ if whole => break,
                _ if limit >= MAX_SQL => return Err(too_large().into()),
                _ => limit = (limit * 4).min(MAX_SQL),
            }
        }
    } else {
        whole = false;
    }
    let mut connection = settings::connect(shared, call)?;
    match insert {
        Some(insert) => {
            guard_insert(call, &mut connection, &sql[..insert.data])?;
            let tail = if whole { None } else { Some(&mut body) };
            run_insert(
                call,
                &mut connection,
                &sql,
                &insert,
                &params,
                tail,
                responder,
            )
        }
        None => {
            if sql.iter().all(u8::is_ascii_whitespace) {
                return Err(Failure::new(code::SYNTAX_ERROR, "Empty query. (SYNTAX_ERROR)").into());
            }
            guard(shared, call, &mut connection, &sql, &params)?;
            run_query(call, &mut connection, &sql, &params, responder)
        }
    }
}

fn too_large() -> Failure {
    let message = format!(
        "the statement is longer than {MAX_SQL} bytes; put INSERT … FORMAT into the URL's query"
    );
    Failure::new(code::QUERY_IS_TOO_LARGE, message)
}

fn form_parts(
    form: &[u8],
    boundary: &str,
    sql: &mut Vec<u8>,
    params: &mut Vec<Param>,
) -> Result<(), Failure> {
    for (name, value) in multipart::parse(form, boundary)? {
        if name == "query" {
            *sql = value;
        } else if let Some(param) = name.strip_prefix("param_") {
            params.push((
                param.to_owned(),
                String::from_utf8_lossy(&value).into_owned(),
            ));
        } else {
            return Err(Failure::new(
                code::NOT_IMPLEMENTED,
                "external data is not supported by the embedded engine",
            ));
        }
    }
    Ok(())
}

fn guard_insert(call: &Call, connection: &mut Connection, text: &[u8]) -> Result<(), Failure> {
    if call.role == Role::Reader || call.read_only {
        return Err(Failure::new(
            code::READONLY,
            "Cannot execute query in readonly mode. (READONLY)",
        ));
    }
    one_statement(connection, text)
}

fn one_statement(connection: &mut Connection, text: &[u8]) -> Result<(), Failure> {
    if connection.classify(text).statements > 1 {
        return Err(Failure::new(
            code::SYNTAX_ERROR,
            "Multi-statements are not allowed. (SYNTAX_ERROR)",
        ));
    }
    Ok(())
}

fn guard(
    shared: &Shared,
    call: &Call,
    connection: &mut Connection,
    sql: &[u8],
    params: &[Param],
) -> Result<(), Failure> {
    if call.role == Role::Reader || call.read_only {
        let inside = call.role == Role::Reader;
        return shared.reads.check(connection, sql, params, inside);
    }
    if statement::output(sql).into_outfile {
        return Err(Failure::new(
            code::BAD_ARGUMENTS,
            "INTO OUTFILE is not allowed. (BAD_ARGUMENTS)",
        ));
    }
    one_statement(connection, sql)
}

fn run_insert(
    call: &Call,
    connection: &mut Connection,
    sql: &[u8],
    insert: &Insert,
    params: &[Param],
    body: Option<&mut Box<dyn Read>>,
    responder: &mut Responder,
) -> Result<(), Stop> {
    let mut stream = connection.insert(&sql[..insert.statement], &insert.format, params)?;
    let inline = &sql[insert.data..];
    if !inline.is_empty() {
        stream.append(inline)?;
    }
    if let Some(body) = body {
        let mut buffer = vec![0; STEP];
        loop {
            match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => stream.append(&buffer[..n])?,
                // Dropping the stream cancels it.
                Err(error) => return Err(body_error(&error).into()),
            }
        }
    }
    let result = stream.finish()?;
    let head = head(call, responder, None, &summary(&result));
    responder.start(head).map_err(|_| Stop::Gone)
}

fn summary(result: &QueryResult) -> String {
    let (read_rows, read_bytes, result_rows) = result.read();
    let (written_rows, written_bytes) = result.written();
    format!(
        "{{\"read_rows\":\"{read_rows}\",\"read_bytes\":\"{read_bytes}\",\"written_rows\":\"{written_rows}\",\
         \"written_bytes\":\"{written_bytes}\",\"total_rows_to_read\":\"0\",\"result_rows\":\"{result_rows}\",\
         \"result_bytes\":\"{}\"}}",
        result.as_ref().len()
    )
}

const EMPTY_SUMMARY: &str = "{\"read_rows\":\"0\",\"read_bytes\":\"0\",\"written_rows\":\"0\",\"written_bytes\":\"0\",\
    \"total_rows_to_read\":\"0\",\"result_rows\":\"0\",\"result_bytes\":\"0\"}";

fn head(call: &Call, responder: &Responder, format: Option<&str>, summary: &str) -> Builder {
    let mut head = Response::builder()
        .status(StatusCode::OK)
        .header("X-ClickHouse-Server-Display-Name", "hypernode")
        .header("X-ClickHouse-Timezone", "UTC")
        .header("X-ClickHouse-Exception-Tag", responder.tag.as_str())
        .header("X-ClickHouse-Summary", summary);
    // A query id that no header can hold is not echoed.
    if let Some(Ok(id)) = call.query_id.as_deref().map(HeaderValue::from_str) {
        head = head.header("X-ClickHouse-Query-Id", id);
    } else {
        head = head.header("X-ClickHouse-Query-Id", responder.tag.as_str());
    }
    let content_type = match format.unwrap_or("") {
        "JSON" | "JSONCompact" => "application/json; charset=UTF-8",
        "JSONEachRow" => "application/x-ndjson; charset=UTF-8",
        "CSV" | "CSVWithNames" => "text/csv; charset=UTF-8; header=absent",
        "TabSeparated" | "TSV" => "text/tab-separated-values; charset=UTF-8",
        f if f.starts_with("RowBinary") || f == "Native" || f == "Parquet" => {
            "application/octet-stream"
        }
        _ => "text/plain; charset=UTF-8",
    };
    head = head
        .header("Content-Type", content_type)
        .header("X-Content-Type-Options", "nosniff");
    if let Some(Ok(format)) = format.map(HeaderValue::from_str) {
        head = head.header("X-ClickHouse-Format", format);
    }
    match call.coding {
        Coding::Lz4 if format.is_some() => head.header("Content-Encoding", "lz4"),
        _ => head,
    }
}

/// The body's encoder. Each piece is flushed, so that a slow query shows its rows as they come.
enum Encoder<'w> {
    Identity(&'w mut AnswerWriter),
    Lz4(Box<FrameEncoder<&'w mut AnswerWriter>>),
    Frames(FrameWriter<&'w mut AnswerWriter>),
}

impl<'w> Encoder<'w> {
    fn new(coding: Coding, writer: &'w mut AnswerWriter) -> Self {
        match coding {
            Coding::Identity => Self::Identity(writer),
            Coding::Lz4 => Self::Lz4(Box::new(FrameEncoder::new(writer))),
            Coding::Frames => Self::Frames(FrameWriter::new(writer)),
        }
    }

    fn send(&mut self, piece: Bytes) -> io::Result<()> {
        match self {
            Self::Identity(writer) => writer.send(piece),
            Self::Lz4(encoder) => encoder.write_all(&piece).and_then(|()| encoder.flush()),
            Self::Frames(writer) => writer.write_all(&piece),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Lz4(encoder) => encoder.finish().map(drop).map_err(io::Error::other),
            Self::Identity(_) | Self::Frames(_) => Ok(()),
        }
    }
}

fn run_query(
    call: &Call,
    connection: &mut Connection,
    sql: &[u8],
    params: &[Param],
    responder: &mut Responder,
) -> Result<(), Stop> {
    let output = statement::output(sql);
    let default = call.default_format.as_deref().unwrap_or("TabSeparated");
    let format = output.format.as_deref().unwrap_or(default);
    if !output.streams || call.wait_end || !statement::concatenable(format) {
        let result = connection.query(sql, default, params)?;
        let length = result.as_ref().len() as u64;
        if length > MAX_BUFFERED {
            let message =
                format!("an answer in format {format} cannot be streamed and has {length} bytes");
            return Err(Failure::new(code::TOO_MANY_BYTES, message).into());
        }
        // A statement without output has no format and is not compressed.
        let named = (length > 0).then_some(format);
        let head = head(call, responder, named, &summary(&result));
        responder.start(head).map_err(|_| Stop::Gone)?;
        if length == 0 {
            return Ok(());
        }
        let mut encoder = Encoder::new(call.coding, &mut responder.body);
        encoder
            .send(Bytes::from_owner(result))
            .map_err(|_| Stop::Gone)?;
        return encoder.finish().map_err(|_| Stop::Gone);
    }
    let mut stream = connection.stream(sql, default, params)?;
    // The head waits for the first chunk, so that most failures get a status of their own.
    let mut chunk = stream.fetch()?;
    let header = match &chunk {
        Some(first) => statement::chunk_header(format, first.as_ref()).unwrap_or(0),
        None => 0,
    };
    let head = head(call, responder, Some(format), EMPTY_SUMMARY);
    responder.start(head).map_err(|_| Stop::Gone)?;
    let mut encoder = Encoder::new(call.coding, &mut responder.body);
    let mut skip = 0;
    let mut fault = None;
    while let Some(piece) = chunk {
        let bytes = Bytes::from_owner(piece);
        encoder
            .send(bytes.slice(skip.min(bytes.len())..))
            .map_err(|_| Stop::Gone)?;
        skip = header;
        match stream.fetch() {
            Ok(next) => chunk = next,
            Err(error) => {
                fault = Some(error);
                break;
            }
        }
    }
    if let Some(fault) = &fault {
        let mark = exception_mark(&responder.tag, &fault.0);
        encoder.send(mark).map_err(|_| Stop::Gone)?;
    }
    encoder.finish().map_err(|_| Stop::Gone)?;
    // Cutting the connection tells clients that do not know the mark.
    fault.map_or(Ok(()), |_| Err(Stop::Gone))
}
