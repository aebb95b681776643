//! What `hypernode doctor` looks at. Each part looks at one thing, changes nothing, and says what to do.

pub(crate) mod accounts;
pub(crate) mod dispatch;
pub(crate) mod instance;
pub(crate) mod machine;
pub(crate) mod sources;
pub(crate) mod warehouse;

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// As it should be.
    Good,
    /// Works, but will hurt some day.
    Note,
    /// Does not work, or loses something.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// What it is about.
    pub(crate) area: &'static str,
    pub(crate) verdict: Verdict,
    /// What was seen.
    pub(crate) seen: String,
    /// What to do; null where nothing is to be done.
    pub(crate) fix: Option<String>,
}

impl Finding {
    pub(crate) fn good(area: &'static str, seen: impl Into<String>) -> Self {
        Self {
            area,
            verdict: Verdict::Good,
            seen: seen.into(),
            fix: None,
        }
    }

    pub(crate) fn note(
        area: &'static str,
        seen: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Note,
            fix: Some(fix.into()),
            ..Self::good(area, seen)
        }
    }

    pub(crate) fn wrong(
        area: &'static str,
        seen: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Wrong,
            ..Self::note(area, seen, fix)
        }
    }
}
