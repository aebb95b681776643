//! Bytes between the async side, which owns the socket, and the thread that talks to the engine.
//! Both directions are bounded, so a slow peer slows the engine and the other way round.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Chunks in flight each way.
const DEPTH: usize = 4;
/// A body that brings nothing for this long is given up.
const BODY_IDLE: Duration = Duration::from_secs(300);

/// The request's body as blocking `Read`.
pub(super) struct BodyReader {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

impl Read for BodyReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                Some(chunk) => self.current = chunk?,
                None => return Ok(0),
            }
        }
        let n = buf.len().min(self.current.len());
        self.current.copy_to_slice(&mut buf[..n]);
        Ok(n)
    }
}

/// Starts moving `body` into a reader for a blocking thread.
pub(super) fn reader(mut body: Incoming) -> BodyReader {
    let (sender, chunks) = mpsc::channel(DEPTH);
    tokio::spawn(async move {
        loop {
            let chunk = match timeout(BODY_IDLE, body.frame()).await {
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
                Ok(None) => return,
                Ok(Some(Err(error))) => Err(io::Error::other(error)),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => Ok(data),
                    Err(_trailers) => continue,
                },
            };
            let last = chunk.is_err();
            if sender.send(chunk).await.is_err() || last {
                return;
            }
        }
    });
    BodyReader {
        chunks,
        current: Bytes::new(),
    }
}

/// The answer's body as hyper takes it.
#[derive(Debug)]
pub(super) struct AnswerBody {
    chunks: Option<mpsc::Receiver<io::Result<Bytes>>>,
}

impl AnswerBody {
    /// A body that is already whole.
    pub(super) fn full(bytes: impl Into<Bytes>) -> Self {
        let (sender, chunks) = mpsc::channel(1);
        // The channel is new and empty, so the send cannot fail.
        let _ = sender.try_send(Ok(bytes.into()));
        Self {
            chunks: Some(chunks),
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(chunks) = &mut self.chunks else {
            return Poll::Ready(None);
        };
        let frame = std::task::ready!(chunks.poll_recv(cx));
        if frame.is_none() {
            self.chunks = None;
        }
        Poll::Ready(frame.map(|chunk| chunk.map(Frame::data)))
    }
}

/// The thread's side of an answer.
pub(super) struct AnswerWriter {
    chunks: mpsc::Sender<io::Result<Bytes>>,
}

/// A connected pair.
pub(super) fn answer() -> (AnswerWriter, AnswerBody) {
    let (sender, chunks) = mpsc::channel(DEPTH);
    (
        AnswerWriter { chunks: sender },
        AnswerBody {
            chunks: Some(chunks),
        },
    )
}

impl AnswerWriter {
    /// Sends a chunk without copying it; an error means that the client went away.
    pub(super) fn send(&self, chunk: Bytes) -> io::Result<()> {
        if chunk.is_empty() {
            return Ok(());
        }
        self.chunks
            .blocking_send(Ok(chunk))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Ends the connection instead of the body, so that the client cannot take it for whole.
    pub(super) fn abort(&self) {
        let _ = self
            .chunks
            .blocking_send(Err(io::Error::other("the query failed")));
    }
}

impl Write for AnswerWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.send(Bytes::copy_from_slice(buf))?;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
