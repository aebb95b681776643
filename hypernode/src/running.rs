//! `run.json`: what a running instance tells the commands beside it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::datadir::{DataDir, write_atomic};

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
    /// The certificate's file, where the API speaks TLS.
    #[serde(default)]
    pub(crate) certificate: Option<PathBuf>,
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

    /// The instance that runs on this data directory: its file is there and somebody holds the directory's lock
    /// (a process id alone may be another's after a crash).
    pub(crate) fn find(data_dir: &Path) -> Option<Self> {
        if !DataDir::is_held(data_dir) {
            return None;
        }
        let text = std::fs::read_to_string(Self::file(data_dir)).ok()?;
        serde_json::from_str(&text).ok()
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
    fn a_file_left_by_a_crash_is_not_an_instance() {
        let dir = tempfile::tempdir().unwrap();
        let running = Running {
            version: "0".into(),
            // A process that lives, and is another's.
            pid: std::process::id(),
            network: "n".into(),
            genesis: "g".into(),
            endpoints: Endpoints::default(),
            certificate: None,
        };
        let owner = DataDir::open(dir.path()).unwrap();
        let published = running.publish(dir.path()).unwrap();
        assert_eq!(Running::find(dir.path()), Some(running));
        drop(owner);
        assert_eq!(
            Running::find(dir.path()),
            None,
            "nobody holds the directory"
        );
        drop(published);
    }
}
