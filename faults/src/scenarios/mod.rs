//! `faults scenarios`: what goes wrong with real servers, each by its name. The result is equal to the chain, or a gap that
//! is recorded with its reason; never a silent one.

mod list;
mod live;
mod recorded;

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::store::Store;
use live::Live;
use recorded::Recorded;

pub use list::all;

/// One thing that goes wrong.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// What goes wrong, in a line.
    pub what: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// The real indexer before a network and its proxies.
    Live(Live),
    /// The indexer's pipeline over a recording of the chain that was changed.
    Recorded(Recorded),
}

/// What a scenario came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// What is stored is what the chain holds, over so many rows.
    Equal(u64),
    /// Something is missing, and the reason is on record.
    Gap(String),
    /// Neither.
    Failed(String),
}

impl Verdict {
    /// Whether it is as it must be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Equal(rows) => write!(f, "equal ({rows} rows)"),
            Self::Gap(reason) => write!(f, "gap: {reason}"),
            Self::Failed(why) => write!(f, "FAILED: {why}"),
        }
    }
}

impl Scenario {
    /// Plays it.
    ///
    /// # Errors
    /// When its parts do not start; what goes wrong in them is the verdict.
    pub async fn play(&self, store: &Store) -> Result<(Verdict, Duration)> {
        let began = Instant::now();
        store.empty().await?;
        let verdict = match &self.kind {
            Kind::Live(live) => live.play(store).await,
            Kind::Recorded(recorded) => recorded.play(store).await,
        };
        let verdict = verdict.unwrap_or_else(|error| Verdict::Failed(format!("{error:#}")));
        Ok((verdict, began.elapsed()))
    }
}
