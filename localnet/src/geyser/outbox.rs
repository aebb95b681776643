//! The bounded queue between a subscription and its client's connection.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use futures::Stream;
use prost::Message;
use tokio::sync::{Notify, mpsc};
use tonic::Status;
use yellowstone_grpc_proto::prelude::SubscribeUpdate;

/// How much may wait for a client that reads slowly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Messages.
    pub(super) messages: usize,
    /// Encoded bytes.
    pub(super) bytes: usize,
}

#[derive(Debug, Default)]
struct Shared {
    messages: AtomicUsize,
    bytes: AtomicUsize,
    drained: Notify,
    end: Mutex<Option<Status>>,
}

/// The sending half.
#[derive(Debug)]
pub(super) struct Outbox {
    sender: mpsc::UnboundedSender<(SubscribeUpdate, usize)>,
    shared: Arc<Shared>,
    limits: Limits,
}

/// The receiving half: everything that was queued, then the end.
#[derive(Debug)]
pub(super) struct Updates {
    receiver: mpsc::UnboundedReceiver<(SubscribeUpdate, usize)>,
    shared: Arc<Shared>,
}

/// The queue is full, or the client is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SendError {
    Full,
    Gone,
}

/// A queue with these limits. A single message is always accepted, however large.
pub(super) fn outbox(limits: Limits) -> (Outbox, Updates) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let shared = Arc::new(Shared::default());
    (
        Outbox {
            sender,
            shared: Arc::clone(&shared),
            limits,
        },
        Updates { receiver, shared },
    )
}

impl Outbox {
    /// Queues a message.
    pub(super) fn send(&self, update: SubscribeUpdate) -> Result<(), SendError> {
        let size = update.encoded_len();
        let bytes = self.shared.bytes.load(Ordering::Acquire);
        let messages = self.shared.messages.load(Ordering::Acquire);
        if messages >= self.limits.messages || (messages > 0 && bytes + size > self.limits.bytes) {
            return Err(SendError::Full);
        }
        self.shared.bytes.fetch_add(size, Ordering::AcqRel);
        self.shared.messages.fetch_add(1, Ordering::AcqRel);
        self.sender
            .send((update, size))
            .map_err(|_| SendError::Gone)
    }

    /// Waits until less than half of the queue is in use, or the client is gone.
    pub(super) async fn half_empty(&self) {
        loop {
            let drained = self.shared.drained.notified();
            let bytes = self.shared.bytes.load(Ordering::Acquire);
            let messages = self.shared.messages.load(Ordering::Acquire);
            if bytes * 2 <= self.limits.bytes && messages * 2 <= self.limits.messages {
                return;
            }
            tokio::select! {
                () = drained => {}
                () = self.sender.closed() => return,
            }
        }
    }

    /// Resolves when the client is gone.
    pub(super) async fn closed(&self) {
        self.sender.closed().await;
    }

    /// Ends the stream: the client reads what is queued, then this status (`None` = an orderly end).
    pub(super) fn end(self, status: Option<Status>) {
        *self
            .shared
            .end
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = status;
    }
}

impl Stream for Updates {
    type Item = Result<SubscribeUpdate, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.receiver.poll_recv(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some((update, size))) => {
                self.shared.bytes.fetch_sub(size, Ordering::AcqRel);
                self.shared.messages.fetch_sub(1, Ordering::AcqRel);
                self.shared.drained.notify_one();
                Poll::Ready(Some(Ok(update)))
            }
            Poll::Ready(None) => {
                let end = self
                    .shared
                    .end
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take();
                Poll::Ready(end.map(Err))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    #[tokio::test]
    async fn a_full_queue_is_read_to_its_end_and_then_tells_why() {
        let (outbox, mut updates) = outbox(Limits {
            messages: 3,
            bytes: 1 << 20,
        });
        for _ in 0..3 {
            assert_eq!(outbox.send(SubscribeUpdate::default()), Ok(()));
        }
        assert_eq!(
            outbox.send(SubscribeUpdate::default()),
            Err(SendError::Full)
        );
        outbox.end(Some(Status::internal("lagged")));
        for _ in 0..3 {
            assert!(matches!(updates.next().await, Some(Ok(_))));
        }
        assert!(matches!(updates.next().await, Some(Err(s)) if s.message() == "lagged"));
        assert!(updates.next().await.is_none());
    }

    #[tokio::test]
    async fn bytes_count_too_but_one_message_always_fits() {
        let big = SubscribeUpdate {
            filters: vec!["x".repeat(100)],
            ..Default::default()
        };
        let (outbox, _updates) = outbox(Limits {
            messages: 100,
            bytes: 10,
        });
        assert_eq!(outbox.send(big.clone()), Ok(()));
        assert_eq!(outbox.send(big), Err(SendError::Full));
    }
}
