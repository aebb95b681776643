//! The queue that both sides share.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hypernode_decoder::chain::Pubkey;
use tokio::sync::watch;

use super::order::{Bounds, Order};
use super::segments::{Folder, Reader, Segment, Writer};
use super::{QueueStatus, WalOptions};
use crate::geyser::Event;
use crate::pipeline::{IndexerStatus, StatusHandle};

/// How often what changes with each message is told.
const TELL_EVERY: Duration = Duration::from_millis(200);
/// How long to wait for the next message, or for room, before looking around.
pub(super) const LOOK: Duration = Duration::from_millis(250);
/// Bytes of a segment file, and their smallest number.
const SEGMENT: u64 = 16 << 20;
const SEGMENTS: u64 = 16;

pub(super) struct Waiting {
    pub(super) event: Event,
    pub(super) bytes: u64,
    pub(super) at: SystemTime,
}

/// A message that was handed over, kept until its slot is stored.
pub(super) struct Recent {
    pub(super) event: Event,
    pub(super) slot: u64,
    pub(super) bytes: u64,
    pub(super) at: SystemTime,
}

pub(super) struct State {
    pub(super) order: Order,
    pub(super) memory: VecDeque<Waiting>,
    /// What other sources than the stream say: bounded by them, in no order with it, never on disk.
    pub(super) beside: VecDeque<Event>,
    pub(super) recent: VecDeque<Recent>,
    pub(super) recent_bytes: u64,
    /// Oldest first; those with waiting messages are read in this order.
    pub(super) segments: VecDeque<Segment>,
    /// When the next message on disk arrived.
    pub(super) disk_oldest: Option<SystemTime>,
    /// No more comes.
    pub(super) ended: bool,
    /// Nobody takes any more.
    pub(super) gone: bool,
    pub(super) paused: bool,
    pub(super) trouble: Option<String>,
    pub(super) told: Option<Instant>,
}

pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
    pub(super) bounds: Bounds,
    /// Bytes handed over that are kept.
    pub(super) recent: u64,
    pub(super) status: StatusHandle,
    pub(super) stored: watch::Receiver<IndexerStatus>,
}

/// The source's side: runs on a thread of its own.
pub(crate) struct Feed {
    pub(super) shared: Arc<Shared>,
    pub(super) writer: Option<Writer>,
    pub(super) buffer: Vec<u8>,
}

/// The decoder's side: an iterator that waits.
pub(crate) struct Line {
    pub(super) shared: Arc<Shared>,
    pub(super) reader: Option<Reader>,
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
        beside: VecDeque::new(),
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

impl State {
    /// Forgets what was handed over and is stored, and the oldest beyond the bound.
    pub(super) fn forget(&mut self, stored: u64, most: u64) {
        while let Some(first) = self.recent.front()
            && (first.slot <= stored || self.recent_bytes > most)
        {
            self.recent_bytes -= first.bytes;
            self.recent.pop_front();
        }
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        limit: Duration,
    ) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout(state, limit);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// A message has found its place.
    pub(super) fn placed(&self, state: &mut State) {
        let was = std::mem::take(&mut state.paused);
        if was {
            state.trouble = None;
            tracing::info!("the stream goes on");
        }
        self.tell(state, was);
        self.changed.notify_all();
    }

    pub(super) fn tell(&self, state: &mut State, now: bool) {
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
