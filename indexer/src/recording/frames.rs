//! Messages framed by their length.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::{Format, MAX_MESSAGE, RecordingError};

/// How a length is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Varint,
    U32be,
}

/// Reads one frame after the other into one buffer.
pub(super) struct Frames {
    stream: BufReader<Box<dyn Read + Send>>,
    framing: Framing,
    offset: u64,
    buffer: Vec<u8>,
}

/// One message and where it starts in the uncompressed stream.
pub(super) struct Frame<'a> {
    pub(super) offset: u64,
    pub(super) bytes: &'a [u8],
}

impl Frames {
    pub(super) fn new(stream: Box<dyn Read + Send>, framing: Framing) -> Self {
        Self {
            stream: BufReader::with_capacity(1 << 16, stream),
            framing,
            offset: 0,
            buffer: Vec::new(),
        }
    }

    pub(super) fn format(&self) -> Format {
        match self.framing {
            Framing::Varint => Format::Varint,
            Framing::U32be => Format::U32be,
        }
    }

    pub(super) fn next(&mut self, path: &Path) -> Result<Option<Frame<'_>>, RecordingError> {
        let start = self.offset;
        let truncated = |have, want| RecordingError::Truncated {
            path: path.to_owned(),
            offset: start,
            have,
            want,
        };
        // A compressed file that was cut reports the end as an error.
        let io = |source: io::Error| match source.kind() {
            io::ErrorKind::UnexpectedEof => truncated(0, 1),
            _ => RecordingError::Io {
                path: path.to_owned(),
                source,
            },
        };
        if fill(&mut self.stream).map_err(io)?.is_empty() {
            return Ok(None);
        }
        let length = match self.framing {
            Framing::Varint => self.varint(),
            Framing::U32be => self.u32be(),
        }
        .map_err(io)?;
        let length = match length {
            Length::Known(length) => length,
            Length::Cut { have, want } => return Err(truncated(have, want)),
        };
        if length > MAX_MESSAGE as u64 {
            return Err(RecordingError::Oversized {
                path: path.to_owned(),
                offset: start,
                length,
            });
        }
        self.buffer.clear();
        // Grows with what is really there, not with what is announced.
        let have = (&mut self.stream)
            .take(length)
            .read_to_end(&mut self.buffer)
            .map_err(|error| {
                if error.kind() == io::ErrorKind::UnexpectedEof {
                    truncated(self.buffer.len() as u64, length)
                } else {
                    io(error)
                }
            })? as u64;
        if have < length {
            return Err(truncated(have, length));
        }
        self.offset += have;
        Ok(Some(Frame {
            offset: start,
            bytes: &self.buffer,
        }))
    }

    fn varint(&mut self) -> io::Result<Length> {
        let mut value = 0_u64;
        for count in 0..10 {
            let Some(byte) = self.byte()? else {
                return Ok(Length::Cut {
                    have: count,
                    want: count + 1,
                });
            };
            value |= u64::from(byte & 0x7f)
                .checked_shl(7 * count as u32)
                .unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(Length::Known(value));
            }
        }
        Ok(Length::Known(u64::MAX))
    }

    fn u32be(&mut self) -> io::Result<Length> {
        let mut value = 0_u64;
        for count in 0..4 {
            let Some(byte) = self.byte()? else {
                return Ok(Length::Cut {
                    have: count,
                    want: 4,
                });
            };
            value = value << 8 | u64::from(byte);
        }
        Ok(Length::Known(value))
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = fill(&mut self.stream)?.first().copied();
        if byte.is_some() {
            self.stream.consume(1);
            self.offset += 1;
        }
        Ok(byte)
    }
}

/// What a length field says.
enum Length {
    Known(u64),
    /// The stream ends inside it.
    Cut {
        have: u64,
        want: u64,
    },
}

/// What is buffered; empty only at the end.
fn fill(stream: &mut BufReader<Box<dyn Read + Send>>) -> io::Result<&[u8]> {
    if stream.buffer().is_empty() {
        stream.fill_buf()?;
    }
    Ok(stream.buffer())
}
