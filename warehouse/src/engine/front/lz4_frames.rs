//! `Content-Encoding: lz4` bodies: clients send one LZ4 frame per block of rows, so a body is many frames.

use std::io::{self, BufRead, BufReader, Read};

use lz4_flex::frame::FrameDecoder;

/// Reads all frames of `inner`, one after the other.
pub(super) struct Lz4Frames<R: Read> {
    decoder: FrameDecoder<BufReader<R>>,
}

impl<R: Read> Lz4Frames<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            decoder: FrameDecoder::new(BufReader::new(inner)),
        }
    }
}

impl<R: Read> Read for Lz4Frames<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.decoder.read(buf)?;
            // The decoder reports the end of each frame as an end; only the body's end is one.
            if n > 0 || buf.is_empty() || self.decoder.get_mut().fill_buf()?.is_empty() {
                return Ok(n);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lz4_flex::frame::FrameEncoder;
    use proptest::prelude::*;
    use std::io::Write as _;

    fn frame(raw: &[u8]) -> Vec<u8> {
        let mut encoder = FrameEncoder::new(Vec::new());
        encoder.write_all(raw).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn all_frames_are_read_and_a_cut_one_is_an_error() {
        let raw: Vec<u8> = (0..300_000u32).map(|i| (i % 251) as u8).collect();
        let mut body: Vec<u8> = raw.chunks(100_000).flat_map(frame).collect();
        let mut out = Vec::new();
        Lz4Frames::new(body.as_slice())
            .read_to_end(&mut out)
            .unwrap();
        assert_eq!(out, raw);
        body.truncate(body.len() - 20);
        assert!(
            Lz4Frames::new(body.as_slice())
                .read_to_end(&mut Vec::new())
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn garbage_ends(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let framed = [frame(b"abc"), bytes].concat();
            let _ = Lz4Frames::new(framed.as_slice()).take(1 << 20).read_to_end(&mut Vec::new());
        }
    }
}
