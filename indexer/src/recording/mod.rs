//! Recordings: streams of Geyser updates in two framings, and a getBlock answer; plain or zstd.

mod detect;
mod frames;
mod record;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prost::Message as _;
use yellowstone_grpc_proto::geyser::{SubscribeUpdate, subscribe_update::UpdateOneof};

use crate::accounts::Collector;
use crate::convert::{self, ConvertError};
use crate::slots::{Input, SlotStatus};
use frames::{Frames, Framing};
pub use record::{RecordError, RecordLimits, Recorded, record};
pub(crate) use record::{encode_other, encode_update};

/// Longest message that is read into memory: a hostile length must not become an allocation.
pub const MAX_MESSAGE: usize = 256 << 20;

/// How a recording is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Found out from its first bytes.
    #[default]
    Auto,
    /// (protobuf varint length, `SubscribeUpdate`)*.
    Varint,
    /// (32-bit big-endian length, `SubscribeUpdate`)*.
    U32be,
    /// One getBlock JSON answer, with or without the RPC envelope.
    GetBlock,
}

impl Format {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Varint => "varint",
            Self::U32be => "u32be",
            Self::GetBlock => "getblock",
        }
    }
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "auto" => Ok(Self::Auto),
            "varint" => Ok(Self::Varint),
            "u32be" => Ok(Self::U32be),
            "getblock" => Ok(Self::GetBlock),
            other => Err(format!(
                "unknown recording format {other:?}: use auto, varint, u32be or getblock"
            )),
        }
    }
}

/// Why a recording cannot be read, or read on.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file cannot be opened or read.
    #[error("recording {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The first bytes fit no known format.
    #[error(
        "recording {path}: not a recording that is known here; name it with --format varint, u32be or getblock"
    )]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// The file ends inside a message.
    #[error(
        "recording {path}: ends inside the message at byte {offset} of the uncompressed stream \
         ({have} of {want} bytes are there); everything before it was read"
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Where the message starts.
        offset: u64,
        /// Bytes present.
        have: u64,
        /// Bytes announced.
        want: u64,
    },
    /// A length that no message has.
    #[error(
        "recording {path}: at byte {offset} of the uncompressed stream a message of {length} bytes is announced, \
         more than the {MAX_MESSAGE} allowed; the framing is lost there (is --format right?)"
    )]
    Oversized {
        /// The file.
        path: PathBuf,
        /// Where the message starts.
        offset: u64,
        /// Announced length.
        length: u64,
    },
    /// The block cannot be converted.
    #[error("recording {path}: {source}")]
    Block {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: ConvertError,
    },
}

/// Counters of a recording being read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadStats {
    /// Messages read.
    pub messages: u64,
    /// Messages that are not what they should be: passed over.
    pub undecodable: u64,
    /// Transactions kept without their content.
    pub malformed: u64,
}

/// How far into the file the reader is; shared with whoever draws the progress.
#[derive(Debug, Clone)]
pub struct Position {
    read: Arc<AtomicU64>,
    total: u64,
}

impl Position {
    /// Bytes of the file read so far.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Bytes of the file.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }
}

/// An open recording: an iterator over what it says, in its order. Memory is bounded by one message.
pub struct Recording {
    path: PathBuf,
    position: Position,
    stats: ReadStats,
    source: Source,
    /// Inputs of a getBlock answer that are still to be handed out, last first.
    pending: Vec<Input>,
    /// Where updates of accounts go; without one they are passed over.
    accounts: Option<Collector>,
    done: bool,
}

enum Source {
    Frames(Frames),
    GetBlock(Box<dyn Read + Send>, Option<u64>),
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording")
            .field("path", &self.path)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

/// Opens a recording. `slot` is the slot of a getBlock answer that does not name it.
///
/// # Errors
/// When the file cannot be read or is no recording.
pub fn open(path: &Path, format: Format, slot: Option<u64>) -> Result<Recording, RecordingError> {
    let io = |source| RecordingError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(io)?;
    let total = file.metadata().map_err(io)?.len();
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        file,
        read: Arc::clone(&read),
    };
    let plain = detect::unpack(BufReader::with_capacity(1 << 16, counted)).map_err(io)?;
    let (format, stream) = detect::format(plain, format).map_err(io)?;
    let source = match format {
        Format::Varint => Source::Frames(Frames::new(stream, Framing::Varint)),
        Format::U32be => Source::Frames(Frames::new(stream, Framing::U32be)),
        Format::GetBlock => Source::GetBlock(stream, slot),
        Format::Auto => {
            return Err(RecordingError::Unknown {
                path: path.to_owned(),
            });
        }
    };
    Ok(Recording {
        path: path.to_owned(),
        position: Position { read, total },
        stats: ReadStats::default(),
        source,
        pending: Vec::new(),
        accounts: None,
        done: false,
    })
}

impl Recording {
    /// Counters so far.
    #[must_use]
    pub fn stats(&self) -> ReadStats {
        self.stats
    }

    /// Where the reader is.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position.clone()
    }

    /// The file's format.
    #[must_use]
    pub fn format(&self) -> Format {
        match &self.source {
            Source::Frames(frames) => frames.format(),
            Source::GetBlock(..) => Format::GetBlock,
        }
    }

    /// From now on updates of accounts go there.
    pub(crate) fn collect_accounts(&mut self, accounts: Collector) {
        self.accounts = Some(accounts);
    }

    fn step(&mut self) -> Result<Option<Input>, RecordingError> {
        loop {
            if let Some(input) = self.pending.pop() {
                return Ok(Some(input));
            }
            match &mut self.source {
                Source::GetBlock(stream, slot) => {
                    if self.stats.messages > 0 {
                        return Ok(None);
                    }
                    self.stats.messages = 1;
                    let (inputs, malformed) = get_block(&self.path, stream, *slot)?;
                    self.pending = inputs;
                    self.stats.malformed += malformed;
                }
                Source::Frames(frames) => {
                    let Some(frame) = frames.next(&self.path)? else {
                        return Ok(None);
                    };
                    self.stats.messages += 1;
                    let offset = frame.offset;
                    match SubscribeUpdate::decode(frame.bytes)
                        .map_err(|error| error.to_string())
                        .and_then(|update| convert(update, self.accounts.as_mut()))
                    {
                        Ok((input, malformed)) => {
                            self.stats.malformed += malformed;
                            if input.is_some() {
                                return Ok(input);
                            }
                        }
                        Err(reason) => {
                            // Its length is known, so its neighbours are not lost with it.
                            self.stats.undecodable += 1;
                            if self.stats.undecodable <= 10 {
                                tracing::warn!(
                                    offset,
                                    reason,
                                    "message of the recording passed over"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Iterator for Recording {
    type Item = Result<Input, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let item = self.step().transpose();
        self.done = !matches!(item, Some(Ok(_)));
        item
    }
}

/// What an update means for the slots; one of an account goes its own way.
fn convert(
    update: SubscribeUpdate,
    accounts: Option<&mut Collector>,
) -> Result<(Option<Input>, u64), String> {
    match (update.update_oneof, accounts) {
        (Some(UpdateOneof::Account(account)), Some(accounts)) => {
            if accounts.take(account) {
                Ok((None, 0))
            } else {
                Err("an account update without an address".to_owned())
            }
        }
        (update_oneof, _) => {
            let update = SubscribeUpdate {
                update_oneof,
                ..SubscribeUpdate::default()
            };
            convert::update(update).map_err(|error| error.to_string())
        }
    }
}

/// The inputs that a getBlock answer stands for, last first: such a block counts as finalized.
fn get_block(
    path: &Path,
    stream: &mut dyn Read,
    slot: Option<u64>,
) -> Result<(Vec<Input>, u64), RecordingError> {
    let mut text = Vec::new();
    let length = stream
        .take(MAX_MESSAGE as u64 + 1)
        .read_to_end(&mut text)
        .map_err(|source| RecordingError::Io {
            path: path.to_owned(),
            source,
        })?;
    if length > MAX_MESSAGE {
        return Err(RecordingError::Oversized {
            path: path.to_owned(),
            offset: 0,
            length: length as u64,
        });
    }
    let (block, malformed) =
        convert::block_from_json(&text, slot).map_err(|source| RecordingError::Block {
            path: path.to_owned(),
            source,
        })?;
    let finalized = Input::Status {
        slot: block.slot,
        parent: Some(block.parent_slot),
        status: SlotStatus::Finalized,
    };
    Ok((vec![finalized, Input::Block(Box::new(block))], malformed))
}

/// Counts the bytes of the file itself, compressed or not: the only size known beforehand.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
