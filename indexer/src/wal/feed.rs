//! The source's side: takes every message at once, and never waits for the decoder while there is room anywhere.

use std::io;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use hypernode_warehouse::fail;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::frame;
use super::line::{Feed, LOOK, State, Waiting};
use super::order::Place;
use super::segments::Segment;
use crate::geyser::Event;

/// How long after a failed write the next one is tried, and how long a full queue is nothing to speak of.
const AGAIN: Duration = Duration::from_secs(1);
/// What a message's frame adds to its bytes at most.
const FRAME: u64 = 64;

impl Feed {
    /// Takes what the source sends until it ends, the line is dropped or `stop`.
    pub(crate) fn run(
        mut self,
        mut events: mpsc::Receiver<Event>,
        stop: &CancellationToken,
    ) -> Self {
        let runtime = Handle::current();
        loop {
            let event = match events.try_recv() {
                Ok(event) => Some(event),
                Err(mpsc::error::TryRecvError::Disconnected) => break,
                Err(mpsc::error::TryRecvError::Empty) => {
                    match runtime
                        .block_on(async { tokio::time::timeout(LOOK, events.recv()).await })
                    {
                        Ok(Some(event)) => Some(event),
                        Ok(None) => break,
                        Err(_) => None,
                    }
                }
            };
            let taken = event.is_none_or(|event| self.take(event, stop));
            self.tidy();
            if !taken {
                break;
            }
        }
        if let Some(writer) = &mut self.writer {
            writer.turn();
        }
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
        self
    }

    /// After the run's last window is stored: files that are not needed any more go.
    pub(crate) fn close(mut self) {
        self.tidy();
    }

    /// Finds a place for a message; `false`: nobody wants it any more.
    fn take(&mut self, event: Event, stop: &CancellationToken) -> bool {
        // Its share of the source's buffer is free from here on: this queue has bounds of its own.
        let event = match event {
            Event::Update(update, _) => Event::Update(update, None),
            Event::Inputs(..) => {
                let mut state = self.shared.lock();
                if state.gone || stop.is_cancelled() {
                    return false;
                }
                state.beside.push_back(event);
                self.shared.changed.notify_all();
                return true;
            }
            other => other,
        };
        let (bytes, at) = (event.size() as u64 + FRAME, SystemTime::now());
        let mut waiting_since: Option<Instant> = None;
        let mut event = Some(event);
        loop {
            let shared = Arc::clone(&self.shared);
            let mut state = shared.lock();
            if state.gone || stop.is_cancelled() {
                return false;
            }
            let beside = self.beside(&state);
            match state.order.place(bytes, beside) {
                Place::Memory => {
                    if let Some(event) = event.take() {
                        state.order.put_in_memory(bytes);
                        state.memory.push_back(Waiting { event, bytes, at });
                    }
                    shared.placed(&mut state);
                    return true;
                }
                Place::Disk => match self.spill(state, event.as_ref(), at, beside > 0) {
                    Ok(()) => return true,
                    Err(error) => {
                        let mut state = shared.lock();
                        let text = format!(
                            "the write-ahead file cannot be written ({error}): the stream is paused until it can, or until \
                             ClickHouse has taken what waits; make room on the disk"
                        );
                        if state.trouble.is_none() {
                            tracing::error!("{text}");
                        }
                        (state.trouble, state.paused) = (Some(text), true);
                        shared.tell(&mut state, true);
                        drop(shared.wait(state, AGAIN));
                    }
                },
                Place::Nowhere => {
                    let since = *waiting_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= AGAIN && !state.paused {
                        let text = match shared.bounds.disk {
                            0 => "the queue is full and no write-ahead file is allowed (indexer.wal_bytes is 0): the stream is paused".to_owned(),
                            limit => format!("the write-ahead files have reached indexer.wal_bytes ({limit}): the stream is paused"),
                        };
                        tracing::warn!("{text}");
                        (state.trouble, state.paused) = (Some(text), true);
                        shared.tell(&mut state, true);
                    }
                    drop(shared.wait(state, LOOK));
                    // Room may be made by what has been stored meanwhile.
                    self.tidy();
                }
            }
        }
    }

    /// Bytes of what is in memory and not stored, which the first message on disk is to follow without a hole.
    fn beside(&self, state: &State) -> u64 {
        if state.order.spilling() {
            return 0;
        }
        let messages = (state.recent.len() + state.memory.len()) as u64;
        let bytes = state.recent_bytes + state.order.memory() + messages * FRAME;
        // With files this small, what arrives has a better use for them.
        if bytes > self.shared.bounds.disk / 2 {
            0
        } else {
            bytes
        }
    }

    /// Writes a message to disk; what is in memory before it, if it is the first.
    fn spill(
        &mut self,
        state: MutexGuard<'_, State>,
        event: Option<&Event>,
        at: SystemTime,
        beside: bool,
    ) -> io::Result<()> {
        let (Some(writer), Some(event)) = (&mut self.writer, event) else {
            return Ok(());
        };
        self.buffer.clear();
        let first = !state.order.spilling();
        let mut top = 0;
        if first && beside {
            let recent = state.recent.iter().map(|one| (&one.event, one.at));
            let memory = state.memory.iter().map(|one| (&one.event, one.at));
            for (event, at) in recent.chain(memory) {
                if let Some(slot) = frame::slot(event) {
                    frame::encode(event, at, &mut self.buffer);
                    top = top.max(slot);
                }
            }
        }
        // The file is written without the lock: a slow disk holds up nobody who takes from memory.
        drop(state);
        let start = self.buffer.len() as u64;
        frame::encode(event, at, &mut self.buffer);
        top = top.max(frame::slot(event).unwrap_or(0));
        if first {
            writer.turn();
        }
        let wrote = writer.append(&self.buffer)?;
        fail::point("wal.appended");
        let bytes = self.buffer.len() as u64;
        if start > 0 {
            // It was the memory's copy, once.
            self.buffer = Vec::new();
        }
        let mut state = self.shared.lock();
        if first {
            tracing::info!(
                "ClickHouse does not keep up: what arrives waits in {}",
                wrote.path.parent().unwrap_or(&wrote.path).display()
            );
            state.disk_oldest = Some(at);
        }
        state.order.wrote(bytes);
        state.order.put_on_disk(1);
        match state
            .segments
            .back_mut()
            .filter(|last| last.number == wrote.number)
        {
            Some(segment) => {
                segment.bytes += bytes;
                segment.messages += 1;
                segment.top = segment.top.max(top);
            }
            None => state.segments.push_back(Segment {
                number: wrote.number,
                path: wrote.path,
                bytes,
                messages: 1,
                taken: 0,
                start,
                top,
                left: false,
            }),
        }
        self.shared.placed(&mut state);
        Ok(())
    }

    /// Removes files whose messages were taken and whose slots are stored.
    fn tidy(&mut self) {
        let stored = self.shared.stored.borrow().as_of_slot;
        let mut state = self.shared.lock();
        state.forget(stored, self.shared.recent);
        while let Some(segment) = state.segments.front()
            && segment.waiting() == 0
            && segment.top <= stored
        {
            if state.segments.len() == 1
                && let Some(writer) = &mut self.writer
            {
                writer.turn();
            }
            if let Err(error) = std::fs::remove_file(&segment.path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(file = %segment.path.display(), %error, "a write-ahead file cannot be removed");
                break;
            }
            fail::point("wal.removed");
            let bytes = segment.bytes;
            state.order.deleted(bytes);
            state.segments.pop_front();
            if state.segments.is_empty() {
                tracing::info!("everything that waited in write-ahead files is stored");
            }
        }
        self.shared.tell(&mut state, false);
    }
}
