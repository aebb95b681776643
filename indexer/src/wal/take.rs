//! The decoder's side: takes in order, from memory and then from disk.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use super::frame;
use super::line::{LOOK, Line, Recent, Waiting};
use super::order::Next;
use super::segments::{Reader, Segment};
use crate::geyser::Event;

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
    fn take_from_disk(&mut self, segment: &Segment) -> Option<Event> {
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
            if let Some(event) = state.beside.pop_front() {
                return Some(event);
            }
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
                    if let Some(event) = self.take_from_disk(&segment?) {
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
