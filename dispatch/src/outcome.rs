//! What came of a run, as it is kept beside a job and shown to whoever may see it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Most bytes of logs that are kept.
pub const MOST_LOGS: usize = 64 << 10;
/// Most bytes of a result, and of what else a host tells in numbers, written as JSON.
pub const MOST_RESULT: usize = 64 << 10;

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Kept {
    /// What the job returned; null where it returned nothing, or too much.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub result: Value,
    /// Whether a result was left out for its size.
    #[serde(skip_serializing_if = "is_false")]
    pub result_dropped: bool,
    /// Output and errors, lines as they came.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub logs: String,
    /// Whether there was more of it.
    #[serde(skip_serializing_if = "is_false")]
    pub logs_cut: bool,
    /// Exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// Why the host says it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What else the host tells: numbers of its own. None of ours is taken from there.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metrics: Map<String, Value>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Kept {
    /// The bytes that are kept. What is too large is left out and flagged.
    pub fn bytes(mut self) -> Vec<u8> {
        if self.logs.len() > MOST_LOGS {
            self.logs.truncate(self.logs.floor_char_boundary(MOST_LOGS));
            self.logs_cut = true;
        }
        if !fits(&self.result) {
            self.result = Value::Null;
            self.result_dropped = true;
        }
        if !fits(&self.metrics) {
            self.metrics = Map::new();
        }
        // Maps with texts as keys can be written.
        serde_json::to_vec(&self).unwrap_or_default()
    }

    /// What was kept; nothing where it cannot be read.
    pub fn read(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }
}

/// Whether it is small enough, counted without being written.
fn fits(value: &impl Serialize) -> bool {
    struct Left(usize);
    impl std::io::Write for Left {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            match self.0.checked_sub(bytes.len()) {
                Some(left) => self.0 = left,
                None => return Err(std::io::ErrorKind::FileTooLarge.into()),
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    serde_json::to_writer(Left(MOST_RESULT), value).is_ok()
}

/// What two runs came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// They returned the same.
    Equal,
    /// They did not.
    Different,
    /// One of them returned nothing, or the second did not complete.
    Undecidable,
}

/// Whether two results are the same: as canonical JSON, since hosts write members in any order.
pub fn compare(first: &Kept, second: &Kept) -> Verdict {
    if first.result.is_null() || second.result.is_null() {
        return Verdict::Undecidable;
    }
    let canonical = |kept: &Kept| serde_json_canonicalizer::to_vec(&kept.result);
    match (canonical(first), canonical(second)) {
        (Ok(first), Ok(second)) if first == second => Verdict::Equal,
        (Ok(_), Ok(_)) => Verdict::Different,
        _ => Verdict::Undecidable,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_too_large_is_left_out_and_said() {
        let kept = Kept {
            result: json!("x".repeat(MOST_RESULT)),
            logs: "é".repeat(MOST_LOGS),
            exit_code: Some(-9),
            ..Kept::default()
        };
        let bytes = kept.bytes();
        let read = Kept::read(&bytes);
        assert!(read.result_dropped && read.logs_cut && read.result.is_null());
        assert_eq!((read.logs.len(), read.exit_code), (MOST_LOGS, Some(-9)));
        assert!(bytes.len() < MOST_LOGS + 200);
        assert_eq!(Kept::read(b"not json"), Kept::default());
        let small = Kept {
            result: json!({"a": 1}),
            ..Kept::default()
        };
        assert_eq!(Kept::read(&small.clone().bytes()), small);
    }
}
