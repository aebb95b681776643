//! What a write-ahead log says of itself, read without SQLite and before it: SQLite replays what it finds, and stops without
//! a word where a log does not check.
//!
//! The format is SQLite's own, fixed since 3.7.0: a header of 32 bytes, then frames of 24 bytes and a page; each frame has
//! the header's salts and a checksum over everything before it. A frame that ends a commit states the database's length.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::connect::PAGE;

const HEADER: usize = 32;
const FRAME: usize = 24;
/// The last bit says in which order of bytes checksums are made.
const MAGIC: u32 = 0x377f_0682;
/// Where page 1 has the number that says whose it is (`user_version`).
const NUMBER: usize = 60;

/// A log as it was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    /// The numbers of the database that it holds, each once.
    pub(super) numbers: Vec<i32>,
    /// Commits that SQLite will replay.
    pub(super) commits: usize,
    /// Commits behind a place that does not check: they were written, and SQLite will not see them.
    pub(super) unread: usize,
}

impl Log {
    /// Whether something that was acknowledged is lost. A crash cuts the last commit short, and nobody was told of that one;
    /// what was written behind it was only written after it was on disk.
    pub(super) fn has_lost(&self) -> bool {
        self.unread > 1
    }
}

/// Reads the log at `path`; an empty one where there is none, or what is there is no log.
pub(super) fn read(path: &Path) -> std::io::Result<Log> {
    let file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Log::default()),
        file => file?,
    };
    let mut file = BufReader::with_capacity(1 << 20, file);
    let mut header = [0; HEADER];
    if !fill(&mut file, &mut header)? {
        return Ok(Log::default());
    }
    let magic = word(&header, 0);
    let big = magic & 1 == 1;
    let mut sum = checksum(big, (0, 0), &header[..24]);
    // A header is on disk before any frame is: one that does not check was changed since, and nothing behind it is read.
    let known = sum == (word(&header, 24), word(&header, 28)) && magic & !1 == MAGIC;
    let mut good = known;
    let page = if known { word(&header, 8).into() } else { PAGE };
    let Ok(page @ 512..=65_536) = usize::try_from(page) else {
        return Ok(Log::default());
    };
    let mut frame = vec![0; FRAME + page];
    let mut log = Log::default();
    while fill(&mut file, &mut frame)? {
        // Frames of before the log began anew lie behind those of now, with other salts.
        if known && frame[8..16] != header[16..24] {
            if good {
                break;
            }
            continue;
        }
        if good {
            sum = checksum(big, sum, &frame[..8]);
            sum = checksum(big, sum, &frame[FRAME..]);
            good = sum == (word(&frame, 16), word(&frame, 20));
        }
        let ends_commit = word(&frame, 4) != 0;
        log.commits += usize::from(ends_commit && good);
        log.unread += usize::from(ends_commit && !good);
        if good && word(&frame, 0) == 1 {
            let number = word(&frame, FRAME + NUMBER).cast_signed();
            if !log.numbers.contains(&number) {
                log.numbers.push(number);
            }
        }
    }
    Ok(log)
}

/// Fills `buffer`; whether there was enough.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
    u32::from_be_bytes(word.unwrap_or_default())
}

/// The checksum of SQLite's log, from `start` over `bytes`, a multiple of 8 of them.
fn checksum(big: bool, start: (u32, u32), bytes: &[u8]) -> (u32, u32) {
    let (mut one, mut two) = start;
    let (pairs, _) = bytes.as_chunks::<8>();
    for pair in pairs {
        let [a, b, c, d, e, f, g, h] = *pair;
        let (x, y) = ([a, b, c, d], [e, f, g, h]);
        let (x, y) = match big {
            true => (u32::from_be_bytes(x), u32::from_be_bytes(y)),
            false => (u32::from_le_bytes(x), u32::from_le_bytes(y)),
        };
        one = one.wrapping_add(x).wrapping_add(two);
        two = two.wrapping_add(y).wrapping_add(one);
    }
    (one, two)
}
