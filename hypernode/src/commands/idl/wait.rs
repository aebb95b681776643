//! Waiting until a running instance has taken an IDL up.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::commands::status::{Asked, ask};
use crate::exit::{Failure, Outcome};
use crate::idls::IdlName;
use crate::indexing::{Entry, IdlStatus};
use crate::running::Running;

/// Time between questions.
const EVERY: Duration = Duration::from_millis(200);

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
enum Now {
    /// It is in force.
    Up(Entry),
    Refused(String),
    NotYet,
}

/// Judges what an instance says, which had judged `before` changes when the file was written.
fn judge(idls: &IdlStatus, name: &IdlName, content: &str, before: u64) -> Now {
    let of_name = |entry: &&Entry| entry.label == name.label && entry.from_slot == name.from_slot;
    let there = idls.versions.iter().find(of_name);
    if let Some(entry) = there.filter(|entry| entry.content == content) {
        return Now::Up(entry.clone());
    }
    match &idls.refused {
        // A refusal of before may be the reason why this file came.
        Some(why) if idls.judged > before => Now::Refused(why.clone()),
        _ => Now::NotYet,
    }
}

/// An instance that is asked about an IDL.
pub(super) struct Waiting {
    running: Running,
    /// Its data directory.
    dir: PathBuf,
    /// Changes that it had judged.
    before: u64,
    /// It had refused the last one.
    pub(super) refused: bool,
}

impl Waiting {
    /// Takes note of what the instance has judged so far; call it before the file is written.
    pub(super) async fn new(running: Running, dir: &Path) -> Outcome<Self> {
        let now = idls(&running).await?;
        Ok(Self {
            running,
            dir: dir.to_owned(),
            before: now.judged,
            refused: now.refused.is_some(),
        })
    }

    /// Waits; what the instance says then, and its entry of the IDL.
    pub(super) async fn until_up(
        &mut self,
        name: &IdlName,
        content: &str,
        limit: Duration,
    ) -> Outcome<(IdlStatus, Entry)> {
        let began = Instant::now();
        loop {
            self.still_runs()?;
            // An instance that is busy may be late with one answer.
            let last = match idls(&self.running).await {
                Ok(now) => match judge(&now, name, content, self.before) {
                    Now::Up(entry) => return Ok((now, entry)),
                    Now::Refused(why) => {
                        return Err(Failure::No(format!(
                            "the running instance refuses it: {why}"
                        )));
                    }
                    Now::NotYet => now.waiting,
                },
                Err(failure) => Some(failure.to_string()),
            };
            if began.elapsed() >= limit {
                let last = last.unwrap_or_else(|| "it has not looked yet".to_owned());
                return Err(Failure::No(format!(
                    "the file is in its place, but after {} s the running instance has not taken it up ({last}); it will \
                     when it can: see `hypernode status`, or wait longer with --wait SECONDS",
                    limit.as_secs()
                )));
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

impl Waiting {
    /// The instance may end meanwhile, and another be started in its place, which reads the file at its start.
    fn still_runs(&mut self) -> Outcome {
        match Running::find(&self.dir) {
            Some(running) if running.pid == self.running.pid => Ok(()),
            Some(other) => {
                self.running = other;
                self.before = 0;
                Ok(())
            }
            None => Err(Failure::NotRunning(format!(
                "the file is in its place, but the instance (process {}) has ended; the next one takes it up at its start",
                self.running.pid
            ))),
        }
    }
}

pub(super) async fn idls(running: &Running) -> Outcome<IdlStatus> {
    let Asked { indexer, .. } = ask(running).await?;
    serde_json::from_value(indexer["idls"].clone()).map_err(|error| {
        Failure::No(format!(
            "process {} is hypernode {} and does not tell of IDLs as this one does ({error}): --no-wait skips asking it",
            running.pid, running.version
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_counts_only_if_it_came_after_the_file() {
        let name = IdlName {
            label: "a".into(),
            from_slot: 5,
        };
        let mut idls = IdlStatus {
            judged: 3,
            refused: Some("old".into()),
            ..IdlStatus::default()
        };
        assert_eq!(judge(&idls, &name, "c", 3), Now::NotYet);
        idls.judged = 4;
        assert_eq!(judge(&idls, &name, "c", 3), Now::Refused("old".into()));
        let entry = Entry {
            label: "a".into(),
            from_slot: 5,
            content: "c".into(),
            ..Entry::default()
        };
        for other in [
            Entry {
                label: "b".into(),
                ..entry.clone()
            },
            Entry {
                from_slot: 0,
                ..entry.clone()
            },
            Entry {
                content: "d".into(),
                ..entry.clone()
            },
        ] {
            idls.versions = vec![other];
            assert_eq!(judge(&idls, &name, "c", 4), Now::NotYet);
        }
        idls.versions = vec![entry.clone()];
        assert_eq!(judge(&idls, &name, "c", 3), Now::Up(entry));
    }
}
