//! Notices that IDL files have changed, by looking once a second: it works on every file system.

use std::time::Duration;

use super::sources::{Fingerprint, Sources};

/// Time between looks.
const EVERY: Duration = Duration::from_secs(1);

/// Watches the files of some sources.
#[derive(Debug)]
pub(crate) struct Watch {
    sources: Sources,
    /// As of the last change that was told.
    told: Fingerprint,
}

impl Watch {
    /// From now on; take it before the files are read, so that no change falls between.
    pub(crate) fn new(sources: Sources) -> Self {
        let told = sources.fingerprint();
        Self { sources, told }
    }

    /// What is watched.
    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Returns when files have changed and then stood still for one look: half a file is not judged.
    pub(crate) async fn changed(&mut self) {
        let mut before = None;
        loop {
            tokio::time::sleep(EVERY).await;
            let now = self.sources.fingerprint();
            if now == self.told {
                before = None;
            } else if before.as_ref() == Some(&now) {
                self.told = now;
                return;
            } else {
                before = Some(now);
            }
        }
    }
}
