//! Values as ClickHouse's SQL writes them.

use std::fmt::Write as _;

/// A string literal.
pub(crate) fn string(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Bytes as an expression of type String, which FixedString columns take.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2 + 9);
    out.push_str("unhex('");
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out.push_str("')");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_stay_inside_their_quotes() {
        assert_eq!(string("a'b\\"), r"'a\'b\\'");
        assert_eq!(bytes(&[0, 255]), "unhex('00ff')");
    }
}
