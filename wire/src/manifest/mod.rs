//! What hosts may be told to run.
//!
//! Old hosts give a command to a shell, as their own user. So a command is never a text that somebody sent: it is a manifest
//! that the operator wrote, with the submitter's values in place of its arguments where they fit the arguments' types.
//!
//! ```json
//! {"id": "burn", "job_type": "generic_compute",
//!  "command": ["gpu-burn", "--seconds", {"arg": "seconds", "is": {"int": {"min": 1, "max": 60}}},
//!              "--mode", {"arg": "mode", "is": {"choice": ["fp16", "fp32"]}},
//!              {"arg": "label", "is": "name"}]}
//! ```

mod argument;
mod catalog;
mod command;
mod quote;
mod template;

pub use argument::{Arg, ArgError, ArgType, Args, BindError};
pub use catalog::{Catalog, CatalogError};
pub use command::Command;
pub use quote::quote;
pub use template::{Manifest, ManifestError, Word};

/// Words of a command.
pub const MOST_WORDS: usize = 32;
/// Bytes of a fixed word or of a choice.
pub const MOST_WORD_BYTES: usize = 128;
/// Bytes of a name: of a manifest, of an argument, and of an argument's value that is a name.
pub const MOST_NAME_BYTES: usize = 64;
/// Choices of an argument.
pub const MOST_CHOICES: usize = 64;

/// Whether a text is 1 to [`MOST_NAME_BYTES`] characters of `[A-Za-z0-9._-]`, does not begin with `-`, and is not `.` or `..`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let in_alphabet = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=MOST_NAME_BYTES).contains(&text.len())
        && text.bytes().all(in_alphabet)
        && !text.starts_with('-')
        && !matches!(text, "." | "..")
}

/// Whether a text is 1 to [`MOST_WORD_BYTES`] characters that mean nothing to a POSIX shell or to `cmd.exe`, wherever they stand
/// but for `=` in the first word.
#[must_use]
pub fn is_plain_word(text: &str) -> bool {
    (1..=MOST_WORD_BYTES).contains(&text.len()) && text.bytes().all(quote::is_plain)
}
