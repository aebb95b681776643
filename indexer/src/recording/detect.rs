//! Which compression and which layout a recording has.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use prost::Message as _;
use yellowstone_grpc_proto::geyser::SubscribeUpdate;

use super::{Format, MAX_MESSAGE};

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Bytes looked at to find the layout.
const PEEK: usize = 1 << 16;

type Stream = Box<dyn Read + Send>;

/// The uncompressed stream.
pub(super) fn unpack<R: Read + Send + 'static>(mut file: BufReader<R>) -> io::Result<Stream> {
    if file.fill_buf()?.starts_with(&ZSTD_MAGIC) {
        Ok(Box::new(zstd::Decoder::with_buffer(file)?))
    } else {
        Ok(Box::new(file))
    }
}

/// The layout (`Auto` if none fits), and the stream from its first byte.
pub(super) fn format(mut stream: Stream, wanted: Format) -> io::Result<(Format, Stream)> {
    if wanted != Format::Auto {
        return Ok((wanted, stream));
    }
    let mut head = Vec::new();
    if let Err(error) = (&mut stream).take(PEEK as u64).read_to_end(&mut head)
        && head.is_empty()
    {
        return Err(error);
    }
    let format = guess(&head);
    Ok((format, Box::new(Cursor::new(head).chain(stream))))
}

fn guess(head: &[u8]) -> Format {
    if head.is_empty() {
        // Nothing recorded is a recording of nothing.
        return Format::Varint;
    }
    let text = head
        .iter()
        .take(64)
        .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
    if text && first == Some(&b'{') {
        return Format::GetBlock;
    }
    if let Some((length, rest)) = varint(head)
        && frame_fits(length, rest)
    {
        return Format::Varint;
    }
    if let Some((length, rest)) = head.split_first_chunk::<4>()
        && frame_fits(u64::from(u32::from_be_bytes(*length)), rest)
    {
        return Format::U32be;
    }
    Format::Auto
}

/// Whether a message of this length can start here.
fn frame_fits(length: u64, rest: &[u8]) -> bool {
    let Some(length) = usize::try_from(length)
        .ok()
        .filter(|length| (1..=MAX_MESSAGE).contains(length))
    else {
        return false;
    };
    match rest.get(..length) {
        Some(frame) => {
            SubscribeUpdate::decode(frame).is_ok_and(|update| update.update_oneof.is_some())
        }
        // Longer than what is at hand: its first field must be one of the message's, length-delimited.
        None => rest
            .first()
            .is_some_and(|tag| tag & 7 == 2 && (1..=13).contains(&(tag >> 3))),
    }
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (count, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * count);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[count + 1..]));
        }
    }
    None
}
