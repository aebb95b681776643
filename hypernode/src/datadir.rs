//! The data directory: one owner at a time, bound to one network, of a format this version knows.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::exit::{Failure, OrCannotStart as _, Outcome};

/// Format that this version writes; a higher one is refused.
const FORMAT: u32 = 1;

/// Network name of a directory that holds recordings of unknown origin; live sources refuse it.
pub(crate) const RECORDING: &str = "recording";

/// What a data directory is bound to, in `network.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Binding {
    /// Format of the directory.
    pub(crate) format: u32,
    /// Name for people.
    pub(crate) network: String,
    /// Genesis hash in base58; 32 zero bytes for recordings of unknown origin.
    pub(crate) genesis: String,
}

impl Binding {
    pub(crate) fn new(network: impl Into<String>, genesis: impl Into<String>) -> Self {
        Self {
            format: FORMAT,
            network: network.into(),
            genesis: genesis.into(),
        }
    }
}

/// How long an instance that was killed may take to be gone.
const DYING: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// Locks the file, waiting for one that is dying.
fn lock_when_free(lock: &File) -> Result<(), TryLockError> {
    let begun = Instant::now();
    loop {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) if begun.elapsed() < DYING => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
}

/// A locked data directory; the lock ends with the process.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the directory if need be and locks it.
    pub(crate) fn open(path: &Path) -> Outcome<Self> {
        let what = format!("data directory {}", path.display());
        let failed = |error: std::io::Error| Failure::start(&what, why(&error));
        fs::create_dir_all(path).map_err(failed)?;
        let path = path.canonicalize().or_cannot_start(&what)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("lock"))
            .map_err(failed)?;
        match lock_when_free(&lock) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let why =
                    "in use by another hypernode process; stop it or choose another with --data";
                return Err(Failure::start(what, why));
            }
            Err(TryLockError::Error(error)) => return Err(Failure::start(what, error)),
        }
        let dir = Self { path, _lock: lock };
        dir.binding()?;
        Ok(dir)
    }

    /// Whether some process owns the directory now.
    pub(crate) fn is_held(path: &Path) -> bool {
        File::open(path.join("lock"))
            .is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The network that the directory is bound to, if any yet.
    pub(crate) fn binding(&self) -> Outcome<Option<Binding>> {
        Self::binding_of(&self.path)
    }

    /// The same of a directory that another process may own.
    pub(crate) fn binding_of(path: &Path) -> Outcome<Option<Binding>> {
        let file = path.join("network.json");
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::start(file.display(), error)),
        };
        let binding: Binding =
            serde_json::from_str(&text).or_cannot_start(&file.display().to_string())?;
        if binding.format > FORMAT {
            let why = format!(
                "written by a newer version (format {}, this one knows {FORMAT}); upgrade hypernode or choose another directory with --data",
                binding.format
            );
            return Err(Failure::start(
                format!("data directory {}", path.display()),
                why,
            ));
        }
        Ok(Some(binding))
    }

    /// Binds the directory to a network, or refuses one that it is not bound to.
    pub(crate) fn bind(&self, wanted: &Binding) -> Outcome {
        if self.expect(wanted)? {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(wanted).or_cannot_start("network.json")?;
        write_atomic(&self.path.join("network.json"), text.as_bytes(), 0o644)
            .or_cannot_start("network.json")
    }

    /// Refuses a network that the directory is not bound to; says whether it is bound yet.
    pub(crate) fn expect(&self, wanted: &Binding) -> Outcome<bool> {
        match self.binding()? {
            None => Ok(false),
            Some(found)
                if found.genesis == wanted.genesis
                    && (found.network == RECORDING) == (wanted.network == RECORDING) =>
            {
                Ok(true)
            }
            Some(found) => Err(Failure::start(
                format!("data directory {}", self.path.display()),
                format!(
                    "holds network \"{}\" (genesis {}), not \"{}\" (genesis {}); choose another with --data",
                    found.network, found.genesis, wanted.network, wanted.genesis
                ),
            )),
        }
    }

    /// Refuses a directory that is bound to a network of another name.
    pub(crate) fn expect_network(&self, name: &str) -> Outcome {
        match self.binding()? {
            Some(found) if found.network != name => Err(Failure::start(
                format!("data directory {}", self.path.display()),
                format!(
                    "holds network \"{}\", not \"{name}\"; choose another with --data",
                    found.network
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Removes what was indexed and the binding, keeping the lock and what people put in (`idl/`): the start of another
    /// simulated chain.
    pub(crate) fn clear(&self) -> Outcome {
        tracing::info!(directory = %self.path.display(), "--fresh: removing the simulated chain and all that was indexed of it");
        for entry in fs::read_dir(&self.path).or_cannot_start("--fresh")? {
            let entry = entry.or_cannot_start("--fresh")?;
            if ["lock", "idl"]
                .iter()
                .any(|kept| entry.file_name() == *kept)
            {
                continue;
            }
            let path = entry.path();
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.or_cannot_start(&format!("--fresh: removing {}", path.display()))?;
        }
        Ok(())
    }
}

/// Why a directory cannot be used, and what to do where this user lacks the right.
fn why(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => format!(
            "{error}: this user cannot write there; give it the right to, or choose another with --data"
        ),
        _ => error.to_string(),
    }
}

/// Writes a file so that a reader sees all of it or the old one.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let temporary = path.with_extension("new");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(mode)
        .open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_owner_is_refused_in_one_line() {
        let dir = tempfile::tempdir().unwrap();
        let _first = DataDir::open(dir.path()).unwrap();
        let error = DataDir::open(dir.path()).unwrap_err();
        assert!(matches!(error, Failure::CannotStart(_)));
        let text = error.to_string();
        assert!(
            text.contains("in use by another") && !text.contains('\n'),
            "{text}"
        );
    }

    #[test]
    fn an_owner_that_is_dying_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDir::open(dir.path()).unwrap();
        let dying = std::thread::spawn(move || {
            std::thread::sleep(PAUSE * 4);
            drop(first);
        });
        DataDir::open(dir.path()).unwrap();
        dying.join().unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_written_says_what_to_do() {
        let denied = why(&std::io::ErrorKind::PermissionDenied.into());
        assert!(denied.contains("give it the right"), "{denied}");
        assert!(denied.contains("--data"), "{denied}");
    }

    // I-16.
    #[test]
    fn another_network_is_refused_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        data.bind(&Binding::new("localnet (simulated)", "aaa"))
            .unwrap();
        data.bind(&Binding::new("localnet (simulated)", "aaa"))
            .unwrap();
        let text = data
            .bind(&Binding::new("Solana Mainnet", "bbb"))
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("localnet (simulated)") && text.contains("bbb"),
            "{text}"
        );
    }

    #[test]
    fn a_newer_format_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(
            dir.path().join("network.json"),
            r#"{"format":2,"network":"x","genesis":"y"}"#,
        )
        .unwrap();
        let text = DataDir::open(dir.path()).unwrap_err().to_string();
        assert!(text.contains("newer version"), "{text}");
    }
}
