//! The queue itself: a feeder takes from the source and never waits for the decoder; the decoder takes in order.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hypernode_decoder::chain::Pubkey;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::order::{Bounds, Next, Order, Place};
use super::segments::{Folder, Reader, Segment, Writer};
use super::{QueueStatus, WalOptions, frame};
use crate::geyser::Event;
use crate::pipeline::{IndexerStatus, StatusHandle};

/// How often what changes with each message is told.
const TELL_EVERY: Duration = Duration::from_millis(200);
/// How long to wait for the next message, or for room, before looking around.
const LOOK: Duration = Duration::from_millis(250);
/// How long after a failed write the next one is tried.
const AGAIN: Duration = Duration::from_secs(1);
/// Bytes of a segment file, and their smallest number.
const SEGMENT: u64 = 16 << 20;
const SEGMENTS: u64 = 16;
/// What a message's frame adds to its bytes at most.
const FRAME: u64 = 64;

struct Waiting {
    event: Event,
    bytes: u64,
    at: SystemTime,
}

/// A message that was handed over, kept until its slot is stored.
struct Recent {
    event: Event,
    slot: u64,
    bytes: u64,
    at: SystemTime,
}

struct State {
    order: Order,
    memory: VecDeque<Waiting>,
    recent: VecDeque<Recent>,
    recent_bytes: u64,
    /// Oldest first; those with waiting messages are read in this order.
    segments: VecDeque<Segment>,
    /// When the next message on disk arrived.
    disk_oldest: Option<SystemTime>,
    /// No more comes.
    ended: bool,
    /// Nobody takes any more.
    gone: bool,
    paused: bool,
    trouble: Option<String>,
    told: Option<Instant>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    bounds: Bounds,
    /// Bytes handed over that are kept.
    recent: u64,
    status: StatusHandle,
    stored: watch::Receiver<IndexerStatus>,
}

/// The source's side: runs on a thread of its own.
pub(crate) struct Feed {
    shared: Arc<Shared>,
    writer: Option<Writer>,
    buffer: Vec<u8>,
}

/// The decoder's side: an iterator that waits.
pub(crate) struct Line {
    shared: Arc<Shared>,
    reader: Option<Reader>,
}

/// Opens the queue, with what an earlier run left in it. `programs` are what the source is asked for, `memory` the bytes
/// that may be held in memory.
///
/// # Errors
/// When the folder cannot be made or read.
pub(crate) fn open(
    options: &WalOptions,
    programs: &[Pubkey],
    memory: usize,
    status: &StatusHandle,
) -> io::Result<(Feed, Line)> {
    let stored = status.subscribe();
    let bounds = Bounds {
        messages: options.messages.max(1),
        memory: memory as u64 * 2 / 3,
        disk: options.folder.as_ref().map_or(0, |_| options.bytes),
    };
    let mut order = Order::new(bounds);
    let (mut segments, mut disk_oldest, mut writer) = (VecDeque::new(), None, None);
    if let Some(path) = &options.folder {
        let folder = Folder {
            path: path.clone(),
            mark: mark(programs),
        };
        let as_of = stored.borrow().as_of_slot;
        let left = folder.open(as_of)?;
        for segment in &left.segments {
            order.wrote(segment.bytes);
            order.put_on_disk(segment.messages);
        }
        if order.waiting() > 0 {
            tracing::info!(
                messages = order.waiting(), bytes = order.disk(), folder = %path.display(),
                "an earlier run left messages that were not stored: they are replayed before the live stream"
            );
        }
        (segments, disk_oldest) = (left.segments.into(), left.oldest);
        let size = (options.bytes / SEGMENTS).clamp(1, SEGMENT);
        writer = Some(Writer::new(folder, left.next, size));
    }
    let state = State {
        order,
        memory: VecDeque::new(),
        recent: VecDeque::new(),
        recent_bytes: 0,
        segments,
        disk_oldest,
        ended: false,
        gone: false,
        paused: false,
        trouble: None,
        told: None,
    };
    let shared = Arc::new(Shared {
        state: Mutex::new(state),
        changed: Condvar::new(),
        bounds,
        // What is kept is of use only where it can be written.
        recent: if bounds.disk > 0 {
            memory as u64 / 3
        } else {
            0
        },
        status: status.clone(),
        stored,
    });
    shared.tell(&mut shared.lock(), true);
    let feed = Feed {
        shared: Arc::clone(&shared),
        writer,
        buffer: Vec::new(),
    };
    Ok((
        feed,
        Line {
            shared,
            reader: None,
        },
    ))
}

/// Names a set of programs.
pub(super) fn mark(programs: &[Pubkey]) -> u64 {
    let mut programs = programs.to_vec();
    programs.sort_unstable();
    let hash = blake3::hash(programs.as_flattened());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_be_bytes(first)
}

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

impl State {
    /// Forgets what was handed over and is stored, and the oldest beyond the bound.
    fn forget(&mut self, stored: u64, most: u64) {
        while let Some(first) = self.recent.front()
            && (first.slot <= stored || self.recent_bytes > most)
        {
            self.recent_bytes -= first.bytes;
            self.recent.pop_front();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout(state, limit);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// A message has found its place.
    fn placed(&self, state: &mut State) {
        let was = std::mem::take(&mut state.paused);
        if was {
            state.trouble = None;
            tracing::info!("the stream goes on");
        }
        self.tell(state, was);
        self.changed.notify_all();
    }

    fn tell(&self, state: &mut State, now: bool) {
        if !now && state.told.is_some_and(|at| at.elapsed() < TELL_EVERY) {
            return;
        }
        state.told = Some(Instant::now());
        let on_disk = state.disk_oldest.filter(|_| state.order.waiting() > 0);
        let queue = QueueStatus {
            messages: state.order.messages() as u64,
            memory_bytes: state.order.memory(),
            wal_messages: state.order.waiting(),
            wal_bytes: state.order.disk(),
            wal_limit: self.bounds.disk,
            oldest: state.memory.front().map(|first| first.at).or(on_disk),
            paused: state.paused,
            message: state.trouble.clone(),
        };
        self.status.queue(queue);
    }
}

impl Line {
    /// Reads the next message from disk; `None` where it cannot be read.
    fn read(&mut self, segment: &Segment) -> io::Result<Option<(Event, Option<SystemTime>)>> {
        let mut reader = match self.reader.take() {
            Some(reader) if reader.number == segment.number => reader,
            _ => Reader::open(segment)?,
        };
        let bytes = reader
            .next()?
            .ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "ends too early"))?;
        self.reader = Some(reader);
        let at = frame::written_at(&bytes);
        match (frame::decode(&bytes), segment.left) {
            (Ok(event), false) => Ok(Some((event, at))),
            // An earlier run's: its connections are no more.
            (Ok(Event::Update(update, _)), true) => Ok(Some((Event::Kept(update), at))),
            (Ok(_), true) => Ok(None),
            (Err(error), _) => {
                tracing::warn!(file = %segment.path.display(), error, "a message in a write-ahead file is passed over");
                Ok(None)
            }
        }
    }

    /// Takes one message, or finds that one cannot be had, from this file.
    fn from_disk(&mut self, segment: &Segment) -> Option<Event> {
        let read = self.read(segment);
        let mut state = self.shared.lock();
        let (event, gone) = match read {
            Ok(Some((event, at))) => {
                state.disk_oldest = at.or(state.disk_oldest);
                (Some(event), 1)
            }
            Ok(None) => (None, 1),
            Err(error) => {
                let text = format!(
                    "{} cannot be read ({error}): {} messages of it are lost here, and their slots asked for again",
                    segment.path.display(),
                    segment.waiting()
                );
                tracing::error!("{text}");
                state.trouble = Some(text);
                self.reader = None;
                (None, segment.waiting())
            }
        };
        state.order.took_from_disk(gone);
        if let Some(segment) = state
            .segments
            .iter_mut()
            .find(|other| other.number == segment.number)
        {
            segment.taken += gone;
        }
        if state.order.waiting() == 0 {
            tracing::info!("everything in write-ahead files has been read back");
        }
        self.shared.tell(&mut state, false);
        self.shared.changed.notify_all();
        event
    }
}

impl Iterator for Line {
    type Item = Event;

    /// The next message, as soon as there is one; `None` when the source has ended and everything is taken.
    fn next(&mut self) -> Option<Event> {
        let shared = Arc::clone(&self.shared);
        loop {
            let mut state = shared.lock();
            match state.order.next() {
                Next::Memory => {
                    let Waiting { event, bytes, at } = state.memory.pop_front()?;
                    state.order.took_from_memory(bytes);
                    if shared.recent > 0
                        && let Some(slot) = frame::slot(&event)
                        && let Some(event) = event.copy()
                    {
                        state.recent.push_back(Recent {
                            event,
                            slot,
                            bytes,
                            at,
                        });
                        state.recent_bytes += bytes;
                        let stored = shared.stored.borrow().as_of_slot;
                        state.forget(stored, shared.recent);
                    }
                    shared.tell(&mut state, false);
                    shared.changed.notify_all();
                    return Some(event);
                }
                Next::Disk => {
                    let segment = state.segments.iter().find(|one| one.waiting() > 0).cloned();
                    drop(state);
                    if let Some(event) = self.from_disk(&segment?) {
                        return Some(event);
                    }
                }
                Next::Nothing if state.ended => return None,
                Next::Nothing => drop(shared.wait(state, LOOK)),
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.gone = true;
        let (messages, kept) = (state.order.messages(), state.order.waiting());
        if messages > 0 || kept > 0 {
            tracing::info!(
                messages,
                kept,
                "stopping before these were read: the next start asks for the former again and replays the latter"
            );
        }
        self.shared.tell(&mut state, true);
        self.shared.changed.notify_all();
    }
}
