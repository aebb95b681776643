//! A live stream written down: a varint recording that `index --recording`, `verify` and `repair` read.

use std::io::Write;
use std::time::{Duration, SystemTime};

use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use yellowstone_grpc_proto::geyser::SubscribeUpdate;
use yellowstone_grpc_proto::prost_types::Timestamp;

use crate::geyser::{self, Event, GeyserError, GeyserOptions, Update};

/// Field of a block in `SubscribeUpdate`, and that of the time of sending.
const BLOCK: u32 = 5;
const CREATED_AT: u32 = 11;
/// Messages that may wait for the file.
const WAITING: usize = 1_024;

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Messages.
    pub messages: u64,
    /// Blocks among them.
    pub blocks: u64,
    /// Bytes before compression.
    pub bytes: u64,
    /// First and last slot of any block.
    pub slots: Option<(u64, u64)>,
    /// Times the stream was connected again: what came twice is written twice.
    pub reconnects: u64,
    /// Slots that the server no longer held after an outage: from, and to if it said so.
    pub lost: Vec<(u64, Option<u64>)>,
}

/// When to stop; the first that comes.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecordLimits {
    /// Blocks written.
    pub blocks: Option<u64>,
    /// Time since the start.
    pub time: Option<Duration>,
}

/// Why a recording ended early.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The stream cannot be had.
    #[error(transparent)]
    Geyser(#[from] GeyserError),
    /// The file cannot be written.
    #[error("the recording cannot be written: {0}")]
    Io(#[from] std::io::Error),
}

/// Writes what the server sends to `out` until a limit or `stop`; `told` carries what there is so far. A stream that breaks
/// is taken up from the last block written, with the usual overlap.
///
/// # Errors
/// When the server refuses for good, or the file cannot be written.
pub async fn record(
    options: GeyserOptions,
    mut out: impl Write + Send,
    limits: RecordLimits,
    told: watch::Sender<Recorded>,
    stop: CancellationToken,
) -> Result<Recorded, RecordError> {
    let (published, from) = watch::channel(None);
    // Nothing is asked for again: a hole is the reader's to find.
    let (_resync, never) = watch::channel(0);
    let (events, mut received) = mpsc::channel(WAITING);
    let stop = stop.child_token();
    let source = geyser::run(options, from, never, events, stop.clone());
    let writing = async {
        let mut so_far = Recorded::default();
        let mut frame = Vec::new();
        let mut connected = false;
        while let Some(event) = received.recv().await {
            match event {
                Event::Update(update, _permit) => {
                    frame.clear();
                    encode_update(&update, SystemTime::now(), &mut frame);
                    out.write_all(&frame)?;
                    so_far.messages += 1;
                    so_far.bytes += frame.len() as u64;
                    if let Some(slot) = block_slot(&update) {
                        so_far.blocks += 1;
                        let first = so_far.slots.map_or(slot, |(first, _)| first.min(slot));
                        let last = so_far.slots.map_or(slot, |(_, last)| last.max(slot));
                        so_far.slots = Some((first, last));
                        published.send_replace(Some(last));
                    }
                }
                Event::Connected { .. } if connected => so_far.reconnects += 1,
                Event::Connected { .. } => connected = true,
                Event::ReplayLost { wanted, available } => so_far.lost.push((wanted, available)),
                _ => continue,
            }
            told.send_replace(so_far.clone());
            if limits.blocks.is_some_and(|most| so_far.blocks >= most) {
                break;
            }
        }
        out.flush()?;
        Ok::<_, RecordError>(so_far)
    };
    let ending = {
        let stop = stop.clone();
        async move {
            match limits.time {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
            stop.cancel();
        }
    };
    tokio::pin!(writing, ending, source);
    tokio::select! {
        written = &mut writing => written,
        ended = async {
            tokio::select! {
                ended = &mut source => ended,
                () = &mut ending => source.await,
            }
        } => {
            // The source's end closes the queue: what waits is still written.
            let written = writing.await?;
            ended?;
            Ok(written)
        }
    }
}

fn block_slot(update: &Update) -> Option<u64> {
    match update {
        Update::Block(block) => crate::convert::slot_of_block(block),
        Update::Other(_) => None,
    }
}

/// Appends an update as a recording holds it: its length, its bytes, and when it came if it does not say when it was sent.
pub(crate) fn encode_update(update: &Update, at: SystemTime, out: &mut Vec<u8>) {
    match update {
        Update::Block(block) => {
            let time = Timestamp::from(at);
            let mut head = Vec::with_capacity(16);
            encode_key(BLOCK, WireType::LengthDelimited, &mut head);
            encode_varint(block.len() as u64, &mut head);
            let time_length = prost::encoding::message::encoded_len(CREATED_AT, &time);
            encode_varint((head.len() + block.len() + time_length) as u64, out);
            out.extend_from_slice(&head);
            out.extend_from_slice(block);
            prost::encoding::message::encode(CREATED_AT, &time, out);
        }
        Update::Other(update) => encode_other(update, at, out),
    }
}

/// The same of a message that is no block.
pub(crate) fn encode_other(update: &SubscribeUpdate, at: SystemTime, out: &mut Vec<u8>) {
    let time = Timestamp::from(at);
    let own_time = update.created_at.is_none();
    let mut length = update.encoded_len();
    if own_time {
        length += prost::encoding::message::encoded_len(CREATED_AT, &time);
    }
    encode_varint(length as u64, out);
    // A vector grows: there is always room.
    let _ = update.encode(out);
    if own_time {
        prost::encoding::message::encode(CREATED_AT, &time, out);
    }
}
