//! Half characters in JSON strings.
//!
//! Python and PowerShell write text that they could not decode, or cut in the middle of a character, as a lone `\ud83d`. JavaScript
//! reads that, strict readers do not, and a job's result must not be lost over one character of its logs.

/// `\uXXXX`.
const ESCAPE: usize = 6;

/// `text` with every lone surrogate escape replaced by the replacement character; none when it has none.
pub(crate) fn repaired(text: &str) -> Option<String> {
    let mut repaired = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('\\') {
        at += found;
        match unit(text, at) {
            Some(0xd800..=0xdbff) if matches!(unit(text, at + ESCAPE), Some(0xdc00..=0xdfff)) => {
                at += 2 * ESCAPE;
            }
            Some(0xd800..=0xdfff) => {
                repaired.push_str(&text[copied..at]);
                repaired.push_str("\\ufffd");
                at += ESCAPE;
                copied = at;
            }
            Some(_) => at += ESCAPE,
            // The escaped character may be a backslash itself, or more than a byte in text that is not JSON.
            None => at = text.ceil_char_boundary(at + 2),
        }
    }
    if copied == 0 {
        return None;
    }
    repaired.push_str(&text[copied..]);
    Some(repaired)
}

/// The number in the `\uXXXX` at `at`.
fn unit(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + ESCAPE)?.strip_prefix("\\u")?;
    let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}
