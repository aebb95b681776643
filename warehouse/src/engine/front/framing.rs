//! ClickHouse's own compressed framing (`decompress=1`, `compress=1`): 16 bytes CityHash128 (v1.0.2) over
//! the rest, method, compressed size with header, raw size, data. A body holds any number of frames.

use std::io::{self, Read, Write};

use cityhash_rs::cityhash_102_128;

const CHECKSUM: usize = 16;
const HEADER: usize = 9;
const METHOD_NONE: u8 = 0x02;
const METHOD_LZ4: u8 = 0x82;
const METHOD_ZSTD: u8 = 0x90;
/// Largest frame taken, raw or compressed: ClickHouse's own limit is 1 GiB, clients send up to about 1 MiB.
const MAX_FRAME: usize = 128 << 20;
/// Raw bytes per frame that the writer makes.
const WRITE_FRAME: usize = 1 << 20;

fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}

/// Undoes the framing of all frames of `inner`.
pub(super) struct FrameReader<R> {
    inner: R,
    raw: Vec<u8>,
    position: usize,
}

impl<R: Read> FrameReader<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            raw: Vec::new(),
            position: 0,
        }
    }

    /// Reads one frame; false at a clean end of the body.
    fn next_frame(&mut self) -> io::Result<bool> {
        let mut head = [0u8; CHECKSUM + HEADER];
        let mut filled = 0;
        while filled < head.len() {
            match self.inner.read(&mut head[filled..])? {
                0 if filled == 0 => return Ok(false),
                0 => return Err(invalid("the body ends inside a compressed frame's header")),
                n => filled += n,
            }
        }
        let word = |at: usize| {
            u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize
        };
        let (method, compressed, raw) = (head[CHECKSUM], word(CHECKSUM + 1), word(CHECKSUM + 5));
        // LZ4 expands at most 255-fold; a larger claim is a lie and would only make us allocate.
        let claim = compressed.saturating_mul(255).saturating_add(64);
        let oversized = compressed > MAX_FRAME || raw > MAX_FRAME;
        if compressed < HEADER || oversized || (method == METHOD_LZ4 && raw > claim) {
            return Err(invalid(format!(
                "compressed frame of {compressed} bytes for {raw} is out of range"
            )));
        }
        let mut frame = head[CHECKSUM..].to_vec();
        let expected = (compressed - HEADER) as u64;
        // Grown as bytes arrive, so that a lying header allocates nothing.
        let got = self.inner.by_ref().take(expected).read_to_end(&mut frame)? as u64;
        if got != expected {
            return Err(invalid("the body ends inside a compressed frame"));
        }
        let sum = cityhash_102_128(&frame).rotate_left(64);
        if sum.to_le_bytes() != head[..CHECKSUM] {
            return Err(invalid("checksum of a compressed frame does not match"));
        }
        let data = &frame[HEADER..];
        self.raw = match method {
            METHOD_NONE => data.to_vec(),
            METHOD_LZ4 => {
                lz4_flex::block::decompress(data, raw).map_err(|e| invalid(e.to_string()))?
            }
            METHOD_ZSTD => zstd::bulk::decompress(data, raw)?,
            other => return Err(invalid(format!("unknown compression method {other:#04x}"))),
        };
        if self.raw.len() != raw {
            return Err(invalid(
                "a compressed frame does not have the size that it states",
            ));
        }
        self.position = 0;
        Ok(true)
    }
}

impl<R: Read> Read for FrameReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.position == self.raw.len() {
            if !self.next_frame()? {
                return Ok(0);
            }
        }
        let n = buf.len().min(self.raw.len() - self.position);
        buf[..n].copy_from_slice(&self.raw[self.position..self.position + n]);
        self.position += n;
        Ok(n)
    }
}

/// One frame of `raw`, compressed by LZ4.
pub(super) fn frame(raw: &[u8]) -> Vec<u8> {
    let data = lz4_flex::block::compress(raw);
    let mut out = vec![0; CHECKSUM];
    out.push(METHOD_LZ4);
    out.extend_from_slice(&((data.len() + HEADER) as u32).to_le_bytes());
    out.extend_from_slice(&(raw.len() as u32).to_le_bytes());
    out.extend_from_slice(&data);
    let sum = cityhash_102_128(&out[CHECKSUM..]).rotate_left(64);
    out[..CHECKSUM].copy_from_slice(&sum.to_le_bytes());
    out
}

/// Writes frames of about 1 MiB to `inner`.
pub(super) struct FrameWriter<W: Write> {
    inner: W,
}

impl<W: Write> FrameWriter<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner }
    }
}

impl<W: Write> Write for FrameWriter<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = buf.len().min(WRITE_FRAME);
        self.inner.write_all(&frame(&buf[..n]))?;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        FrameReader::new(bytes).read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn several_frames_are_all_read() {
        let raw: Vec<u8> = (0..3_000_000u32).map(|i| (i / 7) as u8).collect();
        let mut framed = Vec::new();
        FrameWriter::new(&mut framed).write_all(&raw).unwrap();
        assert_eq!(read(&framed).unwrap(), raw);
    }

    #[test]
    fn a_damaged_frame_is_refused() {
        let mut framed = frame(b"ab");
        assert_eq!(read(&framed).unwrap(), b"ab");
        framed[0] ^= 1;
        assert!(read(&framed).unwrap_err().to_string().contains("checksum"));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn a_cut_body_is_an_error(raw in proptest::collection::vec(any::<u8>(), 1..2000), cut in 1usize..40) {
            let framed = frame(&raw);
            let keep = framed.len() - cut.min(framed.len() - 1);
            prop_assert!(read(&framed[..keep]).is_err());
        }
    }
}
