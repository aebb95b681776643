//! Running a plan over untrusted bytes.

use super::{Member, Op, Part};
use crate::column::Stream;

/// Why bytes are not a value of the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{needed} bytes needed, {left} left")]
    Short { needed: usize, left: usize },
    #[error("{0} is not a boolean")]
    Bool(u8),
    #[error("{0} is not an option's tag")]
    Option(u8),
    #[error("{0} is not a coption's tag")]
    COption(u32),
    #[error("variant {tag} of {variants}")]
    Variant { tag: u8, variants: u16 },
    #[error("text is not UTF-8")]
    Utf8,
    #[error("{0} elements of no size")]
    Sizeless(u32),
}

/// A fault, and the stream that it kept from being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DecodeError {
    pub(crate) fault: Fault,
    pub(crate) stream: u32,
}

/// Decodes one value from the front of `input` into `streams`; returns the bytes that follow it.
/// Work and memory are bounded by the input's length times a constant of the plan.
#[inline]
pub(crate) fn run<'a>(
    ops: &[Op],
    mut input: &'a [u8],
    streams: &mut [Stream],
) -> Result<&'a [u8], DecodeError> {
    for op in ops {
        input = step(op, input, streams)?;
    }
    Ok(input)
}

#[inline]
fn step<'a>(op: &Op, input: &'a [u8], streams: &mut [Stream]) -> Result<&'a [u8], DecodeError> {
    match op {
        Op::Run { size, parts } => {
            let Some((mut bytes, rest)) = input.split_at_checked(*size) else {
                return Err(ran_out(parts, input.len()));
            };
            for part in parts {
                if let Some((value, after)) = bytes.split_at_checked(part.size) {
                    at(streams, part.stream, |s| copy(s, value));
                    bytes = after;
                }
            }
            Ok(rest)
        }
        Op::Bool { stream } => {
            let (byte, rest) = tag(input, *stream)?;
            if byte > 1 {
                return fail(Fault::Bool(byte), *stream);
            }
            at(streams, *stream, |s| s.push(byte));
            Ok(rest)
        }
        Op::Text { stream } => {
            let (text, length, rest) = counted(input, *stream)?;
            // Nearly all text is ASCII, which is found out several bytes at a time.
            let bytes = text.get(..length).unwrap_or_default();
            if !ascii(bytes) && std::str::from_utf8(bytes).is_err() {
                return fail(Fault::Utf8, *stream);
            }
            at(streams, *stream, |s| s.string_of(text, length));
            Ok(rest)
        }
        Op::Bytes { stream } => {
            let (bytes, length, rest) = counted(input, *stream)?;
            at(streams, *stream, |s| s.string_of(bytes, length));
            Ok(rest)
        }
        Op::Enum {
            stream,
            variants,
            wide,
        } => {
            let (byte, rest) = variant(input, *variants, *stream)?;
            at(streams, *stream, |s| put_variant(s, byte, *wide));
            Ok(rest)
        }
        Op::Unit { stream } => {
            at(streams, *stream, |s| s.push(0));
            Ok(input)
        }
        Op::Option(member) => {
            let (byte, rest) = tag(input, member.head)?;
            match byte {
                0 => {
                    absent(member, streams);
                    Ok(rest)
                }
                1 => present(member, rest, streams),
                other => fail(Fault::Option(other), member.head),
            }
        }
        Op::COption { size, value } => {
            let (tag, rest) = length(input, value.head)?;
            match tag {
                0 => {
                    let (_, rest) = take(rest, *size, value.head)?;
                    absent(value, streams);
                    Ok(rest)
                }
                1 => present(value, rest, streams),
                other => fail(Fault::COption(other), value.head),
            }
        }
        Op::Skip { size, stream } => Ok(take(input, *size, *stream)?.1),
        Op::List { offsets, min, body } => {
            let (length, rest) = length(input, *offsets)?;
            if *min == 0 && length > 0 {
                return fail(Fault::Sizeless(length), *offsets);
            }
            many(body, length, *min, *offsets, rest, streams)
        }
        Op::Array {
            offsets,
            count,
            min,
            body,
        } => many(body, *count, *min, *offsets, input, streams),
        Op::Union { kind, wide, arms } => {
            let variants = u16::try_from(arms.len()).unwrap_or(u16::MAX);
            let (byte, mut rest) = variant(input, variants, *kind)?;
            at(streams, *kind, |s| put_variant(s, byte, *wide));
            for (i, arm) in arms.iter().enumerate() {
                for member in arm {
                    if i == usize::from(byte) {
                        rest = present(member, rest, streams)?;
                    } else {
                        absent(member, streams);
                    }
                }
            }
            Ok(rest)
        }
    }
}

/// Which part of a run the input ends in, and how much of that part there is.
#[cold]
fn ran_out(parts: &[Part], mut left: usize) -> DecodeError {
    for part in parts {
        match left.checked_sub(part.size) {
            Some(rest) => left = rest,
            None => {
                let (needed, stream) = (part.size, part.stream);
                return DecodeError {
                    fault: Fault::Short { needed, left },
                    stream,
                };
            }
        }
    }
    // A run is as long as its parts, so one of them is short.
    DecodeError {
        fault: Fault::Short { needed: 1, left: 0 },
        stream: parts.last().map_or(0, |part| part.stream),
    }
}

/// `count` elements, and the offset that ends them.
fn many<'a>(
    body: &[Op],
    count: u32,
    min: usize,
    offsets: u32,
    mut input: &'a [u8],
    streams: &mut [Stream],
) -> Result<&'a [u8], DecodeError> {
    let needed = (count as usize).saturating_mul(min);
    if needed > input.len() {
        let left = input.len();
        return fail(Fault::Short { needed, left }, offsets);
    }
    at(streams, offsets, |s| s.array(u64::from(count)));
    if let [Op::Run { size, parts }] = body
        && let [part] = **parts
        && *size == part.size
    {
        // A list of plain values is the same bytes in both formats.
        let (bytes, rest) = take(input, needed, offsets)?;
        at(streams, part.stream, |s| s.extend(bytes));
        return Ok(rest);
    }
    for _ in 0..count {
        input = run(body, input, streams)?;
    }
    Ok(input)
}

fn present<'a>(
    member: &Member,
    input: &'a [u8],
    streams: &mut [Stream],
) -> Result<&'a [u8], DecodeError> {
    at(streams, member.head, |s| match member.fill {
        Some(_) => s.push(0),
        None => s.array(1),
    });
    run(&member.body, input, streams)
}

fn absent(member: &Member, streams: &mut [Stream]) {
    match member.fill {
        Some(part) => {
            at(streams, member.head, |s| s.push(1));
            at(streams, part.stream, |s| s.zeros(part.size));
        }
        None => at(streams, member.head, |s| s.array(0)),
    }
}

#[inline]
fn at(streams: &mut [Stream], index: u32, write: impl FnOnce(&mut Stream)) {
    if let Some(stream) = streams.get_mut(index as usize) {
        write(stream);
    }
}

fn put_variant(stream: &mut Stream, tag: u8, wide: bool) {
    stream.push(tag);
    if wide {
        stream.push(0);
    }
}

fn fail<T>(fault: Fault, stream: u32) -> Result<T, DecodeError> {
    Err(DecodeError { fault, stream })
}

#[inline]
fn take(input: &[u8], needed: usize, stream: u32) -> Result<(&[u8], &[u8]), DecodeError> {
    let left = input.len();
    input
        .split_at_checked(needed)
        .map_or_else(|| fail(Fault::Short { needed, left }, stream), Ok)
}

#[inline]
fn tag(input: &[u8], stream: u32) -> Result<(u8, &[u8]), DecodeError> {
    match input.split_first() {
        Some((&byte, rest)) => Ok((byte, rest)),
        None => fail(Fault::Short { needed: 1, left: 0 }, stream),
    }
}

fn variant(input: &[u8], variants: u16, stream: u32) -> Result<(u8, &[u8]), DecodeError> {
    let (tag, rest) = tag(input, stream)?;
    if u16::from(tag) >= variants {
        return fail(Fault::Variant { tag, variants }, stream);
    }
    Ok((tag, rest))
}

#[inline]
fn length(input: &[u8], stream: u32) -> Result<(u32, &[u8]), DecodeError> {
    match input.split_first_chunk::<4>() {
        Some((bytes, rest)) => Ok((u32::from_le_bytes(*bytes), rest)),
        None => {
            let left = input.len();
            fail(Fault::Short { needed: 4, left }, stream)
        }
    }
}

/// A length and so many bytes: the input from the first of them on, their number, and the input after them.
#[inline]
fn counted(input: &[u8], stream: u32) -> Result<(&[u8], usize, &[u8]), DecodeError> {
    let (length, bytes) = length(input, stream)?;
    let (_, rest) = take(bytes, length as usize, stream)?;
    Ok((bytes, length as usize, rest))
}

/// Whether no byte is above 127. The last word overlaps the one before it, so that no byte is looked at alone.
#[inline]
fn ascii(bytes: &[u8]) -> bool {
    let (words, _) = bytes.as_chunks::<8>();
    let all = words.iter().fold(0, |all, w| all | u64::from_ne_bytes(*w));
    let rest = match bytes.last_chunk::<8>() {
        Some(last) => u64::from_ne_bytes(*last),
        None => bytes.iter().fold(0, |all, &b| all | u64::from(b)),
    };
    (all | rest) & 0x8080_8080_8080_8080 == 0
}

/// The usual sizes as moves of known length; the order of sizes in a plan is the same each time, so the choice is
/// foreseen by the processor.
#[inline]
fn copy(stream: &mut Stream, value: &[u8]) {
    if let Ok(eight) = <&[u8; 8]>::try_from(value) {
        stream.put(eight);
    } else if let Ok(key) = <&[u8; 32]>::try_from(value) {
        stream.put(key);
    } else if let Ok(four) = <&[u8; 4]>::try_from(value) {
        stream.put(four);
    } else if let &[byte] = value {
        stream.push(byte);
    } else {
        stream.extend(value);
    }
}
