//! POSIX shell quoting.

use std::borrow::Cow;

/// `word` so that a POSIX shell reads it as one word, unchanged. Words without special characters stay bare: they then mean the
/// same to `cmd.exe`, to which some hosts give their commands and which knows no single quotes.
///
/// A NUL character, which no argument of a program can hold, is not handled.
#[must_use]
pub fn quote(word: &str) -> Cow<'_, str> {
    if !word.is_empty() && word.bytes().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

/// Whether a character means nothing to a POSIX shell or to `cmd.exe`.
pub(super) fn is_plain(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(
            b,
            b'.' | b'_' | b'-' | b'/' | b':' | b'=' | b',' | b'+' | b'@'
        )
}
