//! `run.json`: what a running instance tells the commands beside it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::datadir::write_atomic;

/// Where a running instance can be reached; URLs or null.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Endpoints {
    pub(crate) api: Option<String>,
    pub(crate) ws: Option<String>,
    pub(crate) clickhouse: Option<String>,
    pub(crate) geyser: Option<String>,
    pub(crate) rpc: Option<String>,
}

/// The file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) version: String,
    pub(crate) pid: u32,
    pub(crate) network: String,
    pub(crate) genesis: String,
    pub(crate) endpoints: Endpoints,
}

impl Running {
    fn file(data_dir: &Path) -> PathBuf {
        data_dir.join("run.json")
    }

    /// Publishes this instance; the file goes when the guard is dropped.
    pub(crate) fn publish(&self, data_dir: &Path) -> std::io::Result<Published> {
        let path = Self::file(data_dir);
        let text = serde_json::to_string_pretty(self)?;
        write_atomic(&path, text.as_bytes(), 0o600)?;
        Ok(Published { path })
    }

    /// The instance that runs on this data directory: its file is there and its process lives.
    pub(crate) fn find(data_dir: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(Self::file(data_dir)).ok()?;
        let running: Self = serde_json::from_str(&text).ok()?;
        let pid = rustix::process::Pid::from_raw(i32::try_from(running.pid).ok()?)?;
        rustix::process::test_kill_process(pid).ok()?;
        Some(running)
    }
}

/// Removes `run.json` at the end.
#[derive(Debug)]
pub(crate) struct Published {
    path: PathBuf,
}

impl Drop for Published {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_instance_is_not_found() {
        let dir = tempfile::tempdir().unwrap();
        let mut running = Running {
            version: "0".into(),
            pid: std::process::id(),
            network: "n".into(),
            genesis: "g".into(),
            endpoints: Endpoints::default(),
        };
        let published = running.publish(dir.path()).unwrap();
        assert_eq!(Running::find(dir.path()), Some(running.clone()));
        drop(published);
        assert_eq!(Running::find(dir.path()), None);
        // A process id that no process can have.
        running.pid = i32::MAX as u32;
        let _published = running.publish(dir.path()).unwrap();
        assert_eq!(Running::find(dir.path()), None);
    }
}
