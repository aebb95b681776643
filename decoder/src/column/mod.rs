//! Column buffers in ClickHouse's `Native` layout.

mod identity;
mod pool;
mod stream;
mod table;

pub(crate) use identity::Identity;
pub(crate) use stream::{Stream, read_string, write_string};
pub(crate) use table::{Head, HeadColumn, RowWriter, Table};

/// Bytes of every value of a plain type; `None` where they vary or the type has several streams.
fn width(kind: &str) -> Option<usize> {
    let number = |prefix: &str| kind.strip_prefix(prefix)?.parse::<usize>().ok();
    if let Some(size) = kind.strip_prefix("FixedString(") {
        return size.strip_suffix(')')?.parse().ok();
    }
    match kind {
        "Bool" => Some(1),
        _ if kind.starts_with("DateTime(") || kind == "DateTime" => Some(4),
        _ if kind.starts_with("Enum8(") => Some(1),
        _ if kind.starts_with("Enum16(") => Some(2),
        _ => ["UInt", "Int", "Float"]
            .iter()
            .find_map(|prefix| number(prefix))
            .map(|bits| bits / 8),
    }
}
