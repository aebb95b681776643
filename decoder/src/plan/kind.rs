//! ClickHouse's spelling of types.

use std::collections::HashSet;
use std::fmt::Write as _;

/// A string literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// `Enum8`, or `Enum16` where the indexes need it: positive `Int8` ends at 127.
pub(super) fn enumeration<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> (String, bool) {
    let wide = names.len() > 128;
    let mut out = String::from(if wide { "Enum16(" } else { "Enum8(" });
    for (i, name) in names.enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        let _ = write!(out, "{comma}{} = {i}", literal(name));
    }
    out.push(')');
    (out, wide)
}

/// An identifier inside a `Tuple`, quoted only where it must be: ClickHouse spells it the same way back.
fn element(name: &str) -> String {
    let mut chars = name.chars();
    let plain = chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain {
        name.into()
    } else {
        hypernode_schemas::table::quote(name)
    }
}

/// Elements of a named tuple, in order.
#[derive(Debug, Default)]
pub(crate) struct Elements {
    used: HashSet<String>,
    text: String,
}

impl Elements {
    /// Adds an element. ClickHouse reserves `null` for null maps and refuses a name twice: such get a `_`.
    pub(crate) fn add(&mut self, name: &str, kind: &str) {
        let mut name = name.to_owned();
        while name == "null" || self.used.contains(&name) {
            name.push('_');
        }
        let comma = if self.used.is_empty() { "" } else { ", " };
        let _ = write!(self.text, "{comma}{} {kind}", element(&name));
        self.used.insert(name);
    }

    /// The tuple's type.
    pub(crate) fn tuple(&self) -> String {
        format!("Tuple({})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(literal("a'b\\"), "'a\\'b\\\\'");
        assert_eq!(element("a`b"), "`a\\`b`");
        assert_eq!(element("plain_1"), "plain_1");
    }

    #[test]
    fn elements_that_clickhouse_refuses_get_another_name() {
        let mut elements = Elements::default();
        for name in ["null", "a", "null_", "a"] {
            elements.add(name, "UInt8");
        }
        assert_eq!(
            elements.tuple(),
            "Tuple(null_ UInt8, a UInt8, null__ UInt8, a_ UInt8)"
        );
    }

    #[test]
    fn an_enum_of_more_than_128_variants_is_wide() {
        let names: Vec<String> = (0..129).map(|i| format!("V{i}")).collect();
        let narrow = enumeration(names.iter().take(128).map(String::as_str));
        let wide = enumeration(names.iter().map(String::as_str));
        assert!(!narrow.1 && narrow.0.starts_with("Enum8('V0' = 0, "));
        assert!(wide.1 && wide.0.starts_with("Enum16("));
    }
}
