//! How far what is kept beside the indexer has come, for those who watch an instance.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};

/// What is kept. Clones tell the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    pub(super) digest: Progress,
    pub(super) scores: Progress,
    pub(super) metrics: Progress,
}

/// One of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<Mark>);

#[derive(Debug, Default)]
struct Mark {
    slot: AtomicU64,
    failing: AtomicBool,
}

impl Kept {
    /// Each with its name in `status` and `/metrics`.
    pub(crate) fn all(&self) -> [(&'static str, &Progress); 3] {
        [
            ("digest", &self.digest),
            ("scores", &self.scores),
            ("metrics", &self.metrics),
        ]
    }

    /// As `hypernode status --json` says it.
    pub(crate) fn json(&self) -> Value {
        let all = self.all().map(|(name, progress)| {
            let said = json!({ "slot": progress.slot(), "failing": progress.failing() });
            (name.to_owned(), said)
        });
        Value::Object(all.into_iter().collect())
    }
}

impl Progress {
    /// The last slot that this process has kept; 0 before the first.
    pub(crate) fn slot(&self) -> u64 {
        self.0.slot.load(Ordering::Relaxed)
    }

    /// Its last step failed: it is tried again.
    pub(crate) fn failing(&self) -> bool {
        self.0.failing.load(Ordering::Relaxed)
    }

    /// What a step came to; `true`: the first failure after success.
    pub(super) fn told(&self, slot: Result<Option<u64>, ()>) -> bool {
        if let Ok(Some(slot)) = slot {
            self.0.slot.store(slot, Ordering::Relaxed);
        }
        let failing = slot.is_err();
        !self.0.failing.swap(failing, Ordering::Relaxed) && failing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_news_once_and_takes_no_slot_back() {
        let kept = Kept::default();
        let scores = kept.scores.clone();
        assert!(!scores.told(Ok(Some(7))));
        assert!(scores.told(Err(())));
        assert!(!scores.told(Err(())));
        assert_eq!(kept.json()["scores"], json!({ "slot": 7, "failing": true }));
        assert!(!scores.told(Ok(None)));
        assert_eq!((scores.slot(), scores.failing()), (7, false));
        assert_eq!(
            kept.json()["digest"],
            json!({ "slot": 0, "failing": false })
        );
    }
}
