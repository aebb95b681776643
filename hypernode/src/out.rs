//! Standard output: the one place that writes to it.
//!
//! A reader that has seen enough (`| head`) is no failure: what it does not take is dropped, and the command ends as it
//! would have. Anything else that keeps output from being written (a full disk) is told at the end.

use std::fmt;
use std::io::{self, ErrorKind, Write as _};
use std::sync::OnceLock;

use crate::exit::{Failure, Outcome};

/// Why nothing more is written.
static ENDED: OnceLock<io::Error> = OnceLock::new();

/// Writes a line of text, as `println!` does.
macro_rules! say {
    ($($text:tt)*) => { $crate::out::line(format_args!($($text)*)) };
}
pub(crate) use say;

/// Writes a line; use [`say!`].
pub(crate) fn line(text: fmt::Arguments<'_>) {
    write(format!("{text}\n").as_bytes());
}

/// Writes bytes as they are.
pub(crate) fn write(bytes: &[u8]) {
    keep(|| io::stdout().lock().write_all(bytes));
}

/// Writes what is held back, and says what could not be written.
pub(crate) fn finish() -> Outcome {
    keep(|| io::stdout().lock().flush());
    match ENDED.get() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::No(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn keep(work: impl FnOnce() -> io::Result<()>) {
    if ENDED.get().is_some() {
        return;
    }
    if let Err(error) = work() {
        // Only the first one counts.
        let _ = ENDED.set(error);
    }
}
