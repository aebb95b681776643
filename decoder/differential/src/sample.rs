//! Random values, as the bytes that borsh would write.

use crate::model::{Body, Fields, Idl, Kind};
use crate::rng::Rng;

/// Appends a random value of the type.
pub fn value(idl: &Idl, kind: &Kind, rng: &mut Rng, out: &mut Vec<u8>) {
    match idl.resolve(kind) {
        Kind::Bool => out.push(u8::from(rng.chance(50))),
        Kind::Int { bytes, .. } => {
            let fill = *rng.pick(&[None, None, None, Some(0), Some(0xff)]);
            out.extend((0..bytes).map(|_| fill.unwrap_or(rng.number() as u8)));
        }
        Kind::Float(4) => out.extend(single(rng).to_le_bytes()),
        Kind::Float(_) => out.extend(double(rng).to_le_bytes()),
        Kind::Pubkey => out.extend(rng.bytes(32)),
        Kind::Text => {
            let text = text(rng);
            length(text.len(), out);
            out.extend(text.as_bytes());
        }
        Kind::Bytes => {
            let count = size(rng);
            length(count, out);
            out.extend(rng.bytes(count));
        }
        Kind::Option(inner) => {
            let some = rng.chance(60);
            out.push(u8::from(some));
            if some {
                value(idl, &inner, rng, out);
            }
        }
        Kind::Vec(inner) => {
            let count = rng.below(4);
            length(count, out);
            (0..count).for_each(|_| value(idl, &inner, rng, out));
        }
        Kind::Array(inner, count) => {
            (0..count.value()).for_each(|_| value(idl, &inner, rng, out));
        }
        Kind::Defined(index, args) => {
            let mut fields = |list: &Fields| {
                let kinds = list.kinds().map(|k| k.bind(&args));
                kinds.for_each(|kind| value(idl, &kind, rng, out));
            };
            match &idl.types[index].body {
                Body::Struct(list) => fields(list),
                Body::Enum(variants) => {
                    let tag = rng.below(variants.len());
                    out.push(tag as u8);
                    for kind in variants[tag].1.kinds() {
                        value(idl, &kind.bind(&args), rng, out);
                    }
                }
                Body::Alias(_) => panic!("aliases are resolved"),
            }
        }
        Kind::Param(index) => panic!("parameter {index} is not bound"),
    }
}

fn length(count: usize, out: &mut Vec<u8>) {
    out.extend((count as u32).to_le_bytes());
}

/// Mostly short; sometimes long enough for a length of two bytes in ClickHouse's format.
fn size(rng: &mut Rng) -> usize {
    if rng.chance(4) {
        120 + rng.below(200)
    } else {
        rng.below(12)
    }
}

fn text(rng: &mut Rng) -> String {
    let letters = [
        'a', 'Z', '0', ' ', '\'', '"', '\\', '\0', '\n', 'é', '€', '𝄞',
    ];
    (0..size(rng)).map(|_| *rng.pick(&letters)).collect()
}

fn single(rng: &mut Rng) -> f32 {
    let any = f32::from_bits(rng.number() as u32);
    let special = [
        0.0,
        -0.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MIN_POSITIVE / 2.0,
    ];
    if any.is_nan() || rng.chance(20) {
        *rng.pick(&special)
    } else {
        any
    }
}

fn double(rng: &mut Rng) -> f64 {
    let any = f64::from_bits(rng.number());
    let special = [
        0.0,
        -0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE / 2.0,
    ];
    if any.is_nan() || rng.chance(20) {
        *rng.pick(&special)
    } else {
        any
    }
}

/// Bytes that are almost a value: cut, longer, or with some of them changed.
#[must_use]
pub fn mutated(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let at = rng.below(out.len() + 1);
    match rng.below(7) {
        0 => out.truncate(at),
        1 => {
            let count = 1 + rng.below(20);
            out.extend(rng.bytes(count));
        }
        2 => out.insert(at, rng.number() as u8),
        _ if out.is_empty() => out.push(rng.number() as u8),
        3 => drop(out.remove(at.min(bytes.len() - 1))),
        // Small numbers are likely tags and lengths.
        4 => out[at.min(bytes.len() - 1)] = rng.below(4) as u8,
        5 => out[at.min(bytes.len() - 1)] = *rng.pick(&[0xff, 0x7f, 0x80, 0xc0]),
        _ => out[at.min(bytes.len() - 1)] ^= 1 << rng.below(8),
    }
    out
}
