//! What goes on failing is told now and then, not each time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Shortest time between two tellings.
const EVERY: Duration = Duration::from_secs(10);

/// Says whether it is time to tell again: the first time, then once in 10 s.
#[derive(Debug, Default)]
pub struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    /// Nothing was told yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Whether to tell now.
    pub fn now(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|at| at.elapsed() >= EVERY);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_is_told_once_in_ten_seconds() {
        let seldom = Seldom::new();
        assert!(seldom.now() && !seldom.now());
        *seldom.0.lock().unwrap() = Instant::now().checked_sub(EVERY);
        assert!(seldom.now() && !seldom.now());
    }
}
