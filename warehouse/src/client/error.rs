//! Errors of ClickHouse, sorted by what the caller can do about them.

/// What went wrong with a statement.
#[derive(Debug, thiserror::Error)]
pub enum WarehouseError {
    /// URL, certificate or the like; retrying does not help.
    #[error("clickhouse settings: {0}")]
    Config(String),
    /// No connection, or it broke. Retryable; a statement under way may have taken effect.
    #[error("ClickHouse cannot be reached: {0}")]
    Unavailable(String),
    /// No answer in time. Retryable; the statement may have taken effect.
    #[error("ClickHouse did not answer in time")]
    Timeout,
    /// The server is overloaded, out of memory or of disk. Retryable.
    #[error("ClickHouse is overloaded: {message}")]
    Overloaded {
        /// ClickHouse's code.
        code: u32,
        /// Its text.
        message: String,
    },
    /// The server refused the statement; retrying does not help.
    #[error("{message}")]
    Refused {
        /// ClickHouse's code, 0 if the answer had none.
        code: u32,
        /// Its text.
        message: String,
    },
    /// The answer does not have the expected shape.
    #[error("unexpected answer of ClickHouse: {0}")]
    Shape(String),
    /// What is stored contradicts the ledger or the schema; a person must look.
    #[error("{0}")]
    Conflict(String),
}

/// Codes that pass: load, memory, disk, network, server shutting down, read-only replica.
const PASSING: [u32; 17] = [
    159, 164, 202, 209, 210, 236, 241, 242, 243, 252, 279, 285, 319, 394, 425, 594, 999,
];

impl WarehouseError {
    /// Whether the same work may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::Timeout | Self::Overloaded { .. }
        )
    }

    /// ClickHouse's code, where it gave one.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        match self {
            Self::Overloaded { code, .. } | Self::Refused { code, .. } => {
                Some(*code).filter(|code| *code != 0)
            }
            _ => None,
        }
    }

    /// Sorts the text of a bad answer.
    fn from_text(text: String) -> Self {
        let code = text
            .split_once("Code: ")
            .and_then(|(_, rest)| rest.split(['.', ' ']).next())
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(0);
        // Proxies and servers on their way up or down answer without a code.
        let gateway = ["502", "503", "504", "429"]
            .iter()
            .any(|status| text.starts_with(status));
        if code == 0 && gateway {
            return Self::Unavailable(text);
        }
        // 164 is passing only for a table (a replica without its quorum), not for a reader's credential.
        let readonly_user = code == 164 && text.contains("readonly mode");
        // A full disk comes under the codes of whatever failed to be written.
        let full = text.contains("No space left on device") || text.contains("errno: 28");
        if (PASSING.contains(&code) || full) && !readonly_user {
            return Self::Overloaded {
                code,
                message: text,
            };
        }
        Self::Refused {
            code,
            message: text,
        }
    }
}

/// An error with all its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

impl From<clickhouse::error::Error> for WarehouseError {
    fn from(error: clickhouse::error::Error) -> Self {
        use clickhouse::error::Error;
        match error {
            Error::Network(source) => Self::Unavailable(chain(source.as_ref())),
            Error::TimedOut => Self::Timeout,
            Error::BadResponse(text) => Self::from_text(text),
            Error::InvalidParams(source) => Self::Config(chain(source.as_ref())),
            other => Self::Shape(chain(&other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_by_what_helps() {
        let sort = |text: &str| WarehouseError::from_text(text.into());
        assert!(sort("Code: 252. DB::Exception: Too many parts").is_retryable());
        assert!(sort("503 Service Unavailable").is_retryable());
        let full = "Code: 75. DB::ErrnoException: Cannot write to file, errno: 28, strerror: No space left on device";
        assert!(sort(full).is_retryable());
        let syntax = sort("Code: 62. DB::Exception: Syntax error");
        assert!(!syntax.is_retryable());
        assert_eq!(syntax.code(), Some(62));
        let reader =
            sort("Code: 164. DB::Exception: default: Cannot execute query in readonly mode.");
        assert!(!reader.is_retryable());
    }
}
