//! Reads a `Native` block back, by the types in its own header. Written from ClickHouse's description of the
//! format, not from the code under test.

use std::collections::BTreeMap;

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum V {
    Null,
    /// Little-endian bytes of a number, a boolean, or a fixed string.
    Fixed(Vec<u8>),
    Text(Vec<u8>),
    /// Name of an enum's value.
    Name(String),
    /// Elements of an array or tuple.
    List(Vec<V>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Fixed(usize),
    Text,
    Enum(usize, BTreeMap<u16, String>),
    Nullable(Box<Kind>),
    Array(Box<Kind>),
    Tuple(Vec<Kind>),
}

/// Columns by name: type and values.
pub(crate) type Block = BTreeMap<String, (String, Vec<V>)>;

pub(crate) fn read(native: &[u8]) -> Block {
    let mut at = native;
    let (columns, rows) = (varint(&mut at), varint(&mut at));
    let mut block = Block::new();
    for _ in 0..columns {
        let name = String::from_utf8(text(&mut at)).expect("name");
        let kind = String::from_utf8(text(&mut at)).expect("type");
        let values = column(&parse(&kind), rows, &mut at);
        assert!(block.insert(name, (kind, values)).is_none(), "column twice");
    }
    assert!(at.is_empty(), "{} bytes behind the block", at.len());
    block
}

fn column(kind: &Kind, rows: usize, at: &mut &[u8]) -> Vec<V> {
    match kind {
        Kind::Fixed(size) => (0..rows)
            .map(|_| V::Fixed(take(at, *size).to_vec()))
            .collect(),
        Kind::Text => (0..rows).map(|_| V::Text(text(at))).collect(),
        Kind::Enum(size, names) => (0..rows)
            .map(|_| {
                let bytes = take(at, *size);
                let number = u16::from(bytes[0]) | bytes.get(1).map_or(0, |b| u16::from(*b) << 8);
                V::Name(names[&number].clone())
            })
            .collect(),
        Kind::Nullable(inner) => {
            let nulls = take(at, rows).to_vec();
            let values = column(inner, rows, at);
            let pick = |(null, value)| match null {
                0 => value,
                1 => V::Null,
                other => panic!("{other} in a null map"),
            };
            nulls.into_iter().zip(values).map(pick).collect()
        }
        Kind::Array(inner) => {
            let ends: Vec<usize> = (0..rows)
                .map(|_| u64::from_le_bytes(take(at, 8).try_into().expect("offset")) as usize)
                .collect();
            let mut values = column(inner, ends.last().copied().unwrap_or(0), at).into_iter();
            let mut start = 0;
            let list = |end: usize| {
                let list = values.by_ref().take(end - start).collect();
                start = end;
                V::List(list)
            };
            ends.into_iter().map(list).collect()
        }
        Kind::Tuple(parts) => {
            let columns: Vec<Vec<V>> = parts.iter().map(|part| column(part, rows, at)).collect();
            (0..rows)
                .map(|row| V::List(columns.iter().map(|c| c[row].clone()).collect()))
                .collect()
        }
    }
}

fn parse(name: &str) -> Kind {
    let (head, arguments) = match name.split_once('(') {
        Some((head, rest)) => (
            head,
            split(rest.strip_suffix(')').expect("closing bracket")),
        ),
        None => (name, Vec::new()),
    };
    match head {
        "UInt8" | "Int8" | "Bool" => Kind::Fixed(1),
        "UInt16" | "Int16" => Kind::Fixed(2),
        "UInt32" | "Int32" | "Float32" | "DateTime" => Kind::Fixed(4),
        "UInt64" | "Int64" | "Float64" => Kind::Fixed(8),
        "UInt128" | "Int128" => Kind::Fixed(16),
        "UInt256" | "Int256" => Kind::Fixed(32),
        "FixedString" => Kind::Fixed(arguments[0].parse().expect("length")),
        "String" => Kind::Text,
        "Enum8" | "Enum16" => {
            let value = |a: &String| {
                let (name, number) = a.rsplit_once(" = ").expect("value");
                (
                    number.parse().expect("number"),
                    name.trim_matches('\'').to_owned(),
                )
            };
            Kind::Enum(
                if head == "Enum8" { 1 } else { 2 },
                arguments.iter().map(value).collect(),
            )
        }
        "Nullable" => Kind::Nullable(Box::new(parse(&arguments[0]))),
        "Array" => Kind::Array(Box::new(parse(&arguments[0]))),
        "Tuple" => Kind::Tuple(arguments.iter().map(|a| parse(element(a))).collect()),
        other => panic!("type {other}"),
    }
}

/// Arguments at the top level of brackets; what stands in quotes is text.
fn split(text: &str) -> Vec<String> {
    let (mut depth, mut parts) = (0, vec![String::new()]);
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, ',') if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            (None, '\'' | '`') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (Some(_), '\\') => {
                parts.last_mut().expect("part").push(c);
                parts.last_mut().expect("part").extend(chars.next());
                continue;
            }
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
        parts.last_mut().expect("part").push(c);
    }
    parts.iter().map(|p| p.trim().to_owned()).collect()
}

/// The type of a tuple's element, behind its name.
fn element(text: &str) -> &str {
    let mut end = text.find(' ');
    if let Some(quoted) = text.strip_prefix('`') {
        let mut escaped = false;
        let closing = quoted.char_indices().find(|(_, c)| {
            let closes = *c == '`' && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        });
        end = closing.map(|(at, _)| at + 2);
    }
    &text[end.expect("element name") + 1..]
}

fn take<'a>(at: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (head, rest) = at.split_at(count);
    *at = rest;
    head
}

fn varint(at: &mut &[u8]) -> usize {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = take(at, 1)[0];
        value |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

fn text(at: &mut &[u8]) -> Vec<u8> {
    let length = varint(at);
    take(at, length).to_vec()
}
