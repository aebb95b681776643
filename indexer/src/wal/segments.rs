//! Segment files: `DATA/wal/NUMBER-MARK.bin`, each a varint recording.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;

use super::frame;
use crate::recording::MAX_MESSAGE;

/// The folder, and what its files were asked of a source for: other programs make other messages.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) mark: u64,
}

/// A file, as far as it is known to be good.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// Messages in it that wait, or have waited: those before `start` were handed over from memory.
    pub(super) messages: u64,
    /// Of these, taken.
    pub(super) taken: u64,
    /// Where they begin.
    pub(super) start: u64,
    /// Highest slot of any message in it.
    pub(super) top: u64,
    /// Left by an earlier run.
    pub(super) left: bool,
}

impl Segment {
    pub(super) fn waiting(&self) -> u64 {
        self.messages - self.taken
    }
}

/// What an earlier run left.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) segments: Vec<Segment>,
    /// When the first message of them was written.
    pub(super) oldest: Option<SystemTime>,
    /// First number that is free.
    pub(super) next: u64,
}

impl Folder {
    fn file(&self, number: u64) -> PathBuf {
        self.path
            .join(format!("{number:010}-{:016x}.bin", self.mark))
    }

    /// Reads what is there. Files whose slots are all stored, or that were written for other programs, are removed.
    pub(super) fn open(&self, stored: u64) -> io::Result<Left> {
        fs::create_dir_all(&self.path)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            if let Some((number, mark)) = named(&path) {
                found.push((number, mark, path));
            }
        }
        found.sort();
        let mut left = Left::default();
        for (number, mark, path) in found {
            left.next = number + 1;
            let (segment, oldest) = scan(number, path)?;
            if segment.top <= stored || segment.messages == 0 {
                fs::remove_file(&segment.path)?;
            } else if mark == self.mark {
                left.oldest = left.oldest.or(oldest);
                left.segments.push(segment);
            } else {
                tracing::warn!(
                    file = %segment.path.display(),
                    "written for other programs than those configured now: removed, its slots are fetched again"
                );
                fs::remove_file(&segment.path)?;
            }
        }
        Ok(left)
    }
}

/// Number and mark in a file's name.
fn named(path: &Path) -> Option<(u64, u64)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".bin")?;
    let (number, mark) = name.split_once('-')?;
    Some((number.parse().ok()?, u64::from_str_radix(mark, 16).ok()?))
}

/// Counts a file's messages up to its end, or to where a stop tore it.
fn scan(number: u64, path: PathBuf) -> io::Result<(Segment, Option<SystemTime>)> {
    let length = fs::metadata(&path)?.len();
    let mut segment = Segment {
        number,
        path,
        bytes: length,
        messages: 0,
        taken: 0,
        start: 0,
        top: 0,
        left: true,
    };
    let mut reader = Reader::open(&segment)?;
    let mut oldest = None;
    let mut good = 0;
    loop {
        match reader.next() {
            Ok(Some(bytes)) => {
                oldest = oldest.or_else(|| frame::written_at(&bytes));
                let slot = frame::decode(&bytes)
                    .ok()
                    .and_then(|event| frame::slot(&event));
                segment.top = segment.top.max(slot.unwrap_or(0));
                segment.messages += 1;
                good = reader.offset;
            }
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(
                    file = %segment.path.display(), %error, good, length,
                    "the end of a file in the write-ahead folder cannot be read: its slots are fetched again"
                );
                break;
            }
        }
    }
    Ok((segment, oldest))
}

/// Reads one file.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) number: u64,
    file: BufReader<File>,
    offset: u64,
}

impl Reader {
    /// At the first message that waits.
    pub(super) fn open(segment: &Segment) -> io::Result<Self> {
        let mut file = File::open(&segment.path)?;
        file.seek(SeekFrom::Start(segment.start))?;
        Ok(Self {
            number: segment.number,
            file: BufReader::with_capacity(1 << 16, file),
            offset: segment.start,
        })
    }

    /// The next message; `None` at the end of what is written.
    pub(super) fn next(&mut self) -> io::Result<Option<Bytes>> {
        let torn = |what: &str| io::Error::new(io::ErrorKind::UnexpectedEof, what.to_owned());
        let (mut length, mut shift) = (0_u64, 0_u32);
        loop {
            let Some(byte) = self.file.fill_buf()?.first().copied() else {
                return if shift == 0 {
                    Ok(None)
                } else {
                    Err(torn("ends inside a length"))
                };
            };
            self.file.consume(1);
            self.offset += 1;
            length |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
            if shift > 35 {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "no length is so long",
                ));
            }
        }
        if length > MAX_MESSAGE as u64 {
            let why = format!("a message of {length} bytes is announced");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        // Grows with what is really there, not with what is announced.
        let mut bytes = Vec::new();
        (&mut self.file).take(length).read_to_end(&mut bytes)?;
        if (bytes.len() as u64) < length {
            return Err(torn("ends inside a message"));
        }
        self.offset += length;
        Ok(Some(bytes.into()))
    }
}

/// Appends to the last file.
#[derive(Debug)]
pub(super) struct Writer {
    folder: Folder,
    next: u64,
    /// A file that has so many bytes is followed by another.
    size: u64,
    open: Option<(File, u64)>,
}

/// Where something was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrote {
    pub(super) number: u64,
    pub(super) path: PathBuf,
}

impl Writer {
    pub(super) fn new(folder: Folder, next: u64, size: u64) -> Self {
        Self {
            folder,
            next,
            size,
            open: None,
        }
    }

    /// What follows goes to another file.
    pub(super) fn turn(&mut self) {
        if let Some((file, _)) = self.open.take()
            && let Err(error) = file.sync_data()
        {
            tracing::warn!(%error, "a file of the write-ahead folder may not outlast a loss of power");
        }
    }

    /// Writes whole messages; after an error none of them is in a file.
    pub(super) fn append(&mut self, messages: &[u8]) -> io::Result<Wrote> {
        if self
            .open
            .as_ref()
            .is_some_and(|(_, length)| *length >= self.size)
        {
            self.turn();
        }
        let (mut file, length) = match self.open.take() {
            Some(open) => open,
            None => {
                let path = self.folder.file(self.next);
                let file = OpenOptions::new().create(true).append(true).open(path)?;
                self.next += 1;
                (file, 0)
            }
        };
        let number = self.next - 1;
        let path = self.folder.file(number);
        match file.write_all(messages) {
            Ok(()) => {
                self.open = Some((file, length + messages.len() as u64));
                Ok(Wrote { number, path })
            }
            Err(error) => {
                // A torn message at the end of a file is passed over by whoever reads it after a crash.
                if length == 0 {
                    let _ = fs::remove_file(&path);
                } else {
                    let _ = file.set_len(length);
                }
                Err(error)
            }
        }
    }
}
