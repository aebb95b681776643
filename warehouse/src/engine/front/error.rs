//! Errors as ClickHouse's HTTP interface words them: a code, a status, a text.

use hyper::StatusCode;

use crate::engine::ffi::EngineFault;

/// Codes of ClickHouse that the front itself raises.
pub(super) mod code {
    pub(crate) const CANNOT_PARSE_INPUT: u32 = 27;
    pub(crate) const BAD_ARGUMENTS: u32 = 36;
    pub(crate) const NOT_IMPLEMENTED: u32 = 48;
    pub(crate) const SYNTAX_ERROR: u32 = 62;
    pub(crate) const UNKNOWN_SETTING: u32 = 115;
    pub(crate) const QUERY_IS_TOO_LARGE: u32 = 180;
    pub(crate) const CANNOT_DECOMPRESS: u32 = 271;
    pub(crate) const READONLY: u32 = 164;
    pub(crate) const REQUIRED_PASSWORD: u32 = 194;
    pub(crate) const TOO_MANY_SIMULTANEOUS_QUERIES: u32 = 202;
    pub(crate) const ABORTED: u32 = 236;
    pub(crate) const CHECKSUM_DOESNT_MATCH: u32 = 40;
    pub(crate) const TOO_MANY_BYTES: u32 = 307;
    pub(crate) const ACCESS_DENIED: u32 = 497;
    pub(crate) const AUTHENTICATION_FAILED: u32 = 516;
    pub(crate) const UNKNOWN: u32 = 1002;
}

/// A refused or failed request.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Failure {
    /// ClickHouse's number, sent as `X-ClickHouse-Exception-Code`.
    pub(crate) code: u32,
    /// `Code: N. DB::Exception: …`, sent as the body.
    pub(crate) text: String,
}

impl Failure {
    /// A failure of the front's own, worded like the engine's.
    pub(crate) fn new(code: u32, message: impl std::fmt::Display) -> Self {
        Self {
            code,
            text: format!("Code: {code}. DB::Exception: {message}"),
        }
    }

    /// The status that ClickHouse's HTTP interface gives to this code.
    pub(crate) fn status(&self) -> StatusCode {
        match self.code {
            194 => StatusCode::UNAUTHORIZED,
            164 | 192 | 193 | 291 | 497 | 516 => StatusCode::FORBIDDEN,
            6 | 26 | 27 | 36 | 38 | 40 | 41 | 43 | 53 | 62 | 69 | 70 | 72 | 117 | 271 | 285
            | 427 | 456 => StatusCode::BAD_REQUEST,
            16 | 34 | 46 | 47 | 50 | 56 | 60 | 73 | 78 | 81 | 115 => StatusCode::NOT_FOUND,
            159 => StatusCode::REQUEST_TIMEOUT,
            180 | 307 => StatusCode::PAYLOAD_TOO_LARGE,
            48 => StatusCode::NOT_IMPLEMENTED,
            202 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<EngineFault> for Failure {
    fn from(fault: EngineFault) -> Self {
        let code = fault
            .0
            .strip_prefix("Code: ")
            .and_then(|rest| rest.split('.').next())
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(code::UNKNOWN);
        Self {
            code,
            text: fault.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_read_from_the_engine_text() {
        let failure = Failure::from(EngineFault("Code: 62. DB::Exception: Syntax error".into()));
        assert_eq!(
            (failure.code, failure.status()),
            (62, StatusCode::BAD_REQUEST)
        );
        let failure = Failure::from(EngineFault("segfault".into()));
        assert_eq!(failure.code, code::UNKNOWN);
        assert_eq!(failure.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
