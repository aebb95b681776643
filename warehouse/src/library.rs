//! Where `libchdb` comes from: a setting, the per-user cache, the usual places, or one fetch by package name
//! with the ordinary npm client.

mod fetch;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// Version of the package, fixed: the C interface and the SQL dialect are those of this version.
pub const VERSION: &str = "26.7.3-stable.1";
/// npm package of the library.
pub const PACKAGE: &str = "@chdb/lib-linux-x64-gnu";
/// Environment variable of the path setting.
pub const VARIABLE: &str = "HYPERNODE__CLICKHOUSE__LIBRARY";

/// sha256 and size of the shared object.
const SHA256: &str = "36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5";
const SIZE: u64 = 566_330_096;
const PLATFORM: &str = "linux-x64-gnu";
const USUAL_PLACES: [&str; 3] = [
    "/usr/local/lib/libchdb.so",
    "/usr/lib/libchdb.so",
    "/usr/lib/x86_64-linux-gnu/libchdb.so",
];
const HELP: &str = "set clickhouse.library (HYPERNODE__CLICKHOUSE__LIBRARY) to a libchdb.so of version 26.7.3, or \
    clickhouse.url to a ClickHouse server";

/// Why there is no library.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The setting names something that is not a file.
    #[error("clickhouse.library = {0}: no such file")]
    Setting(String),
    /// No package, or no known hash, for this platform.
    #[error("no embedded ClickHouse for {0}: {HELP}")]
    Platform(String),
    /// npm is not installed.
    #[error(
        "the embedded ClickHouse is fetched once by npm, which was not found: install npm, or {HELP}"
    )]
    NoNpm,
    /// npm failed, most often for want of a network.
    #[error("npm could not fetch {PACKAGE}@{VERSION} ({reason}); offline? Then {HELP}")]
    Fetch {
        /// npm's last words.
        reason: String,
    },
    /// The file is not the one this program was built for.
    #[error("{path}: sha256 is {found}, expected {SHA256}; delete it and try again, or {HELP}")]
    Hash {
        /// The file.
        path: String,
        /// Its hash.
        found: String,
    },
    /// A file or directory could not be used.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> LibraryError {
    let path = path.display().to_string();
    move |source| LibraryError::Io { path, source }
}

/// Finds the library, fetching it if need be. `setting` wins over everything and is not hash-checked: the
/// operator chose that file.
///
/// # Errors
/// Every [`LibraryError`]; each message says what to do.
pub async fn locate_or_fetch(setting: Option<&Path>) -> Result<PathBuf, LibraryError> {
    if let Some(path) = locate(setting)? {
        return Ok(path);
    }
    supported()?;
    let cached = cache_file();
    tokio::task::spawn_blocking(move || fetch::fetch(&cached).map(|()| cached))
        .await
        .map_err(|e| LibraryError::Fetch {
            reason: e.to_string(),
        })?
}

/// Finds the library without fetching it; `None` if it is nowhere.
///
/// # Errors
/// [`LibraryError::Setting`] if the setting names no file.
pub fn locate(setting: Option<&Path>) -> Result<Option<PathBuf>, LibraryError> {
    let variable = std::env::var_os(VARIABLE)
        .filter(|v| !v.is_empty())
        .map(PathBuf::from);
    if let Some(path) = setting.map(Path::to_owned).or(variable) {
        if path.is_file() {
            return Ok(Some(path));
        }
        return Err(LibraryError::Setting(path.display().to_string()));
    }
    if supported().is_err() {
        return Ok(None);
    }
    // The cached file was hashed before it got its name; its size tells a torn copy.
    let cached = cache_file();
    if fs::metadata(&cached).is_ok_and(|m| m.len() == SIZE) {
        return Ok(Some(cached));
    }
    let usual = USUAL_PLACES.iter().map(Path::new);
    Ok(usual
        .filter(|path| fs::metadata(path).is_ok_and(|m| m.len() == SIZE))
        .find(|path| check(path).is_ok())
        .map(Path::to_owned))
}

fn supported() -> Result<(), LibraryError> {
    if cfg!(all(
        target_os = "linux",
        target_arch = "x86_64",
        target_env = "gnu"
    )) {
        return Ok(());
    }
    Err(LibraryError::Platform(format!(
        "{} on {}",
        std::env::consts::OS,
        std::env::consts::ARCH
    )))
}

/// `$XDG_CACHE_HOME` or `~/.cache`, then `hypernode/libchdb-<version>-<platform>.so`.
fn cache_file() -> PathBuf {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    let base = absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir);
    base.join("hypernode")
        .join(format!("libchdb-{VERSION}-{PLATFORM}.so"))
}

/// Compares the file's sha256 with the expected one.
fn check(path: &Path) -> Result<(), LibraryError> {
    let found = sha256(File::open(path).map_err(io(path))?).map_err(io(path))?;
    if found == SHA256 {
        return Ok(());
    }
    Err(LibraryError::Hash {
        path: path.display().to_string(),
        found,
    })
}

fn sha256(mut reader: impl Read) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_names_no_file_is_an_error_that_says_so() {
        let error = locate(Some(Path::new("/nonexistent/libchdb.so")))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("clickhouse.library = /nonexistent/libchdb.so"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_file_is_named_with_its_hash() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("libchdb.so");
        fs::write(&path, b"abc").unwrap();
        let error = check(&path).unwrap_err().to_string();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(error.contains(abc) && error.contains(SHA256), "{error}");
    }

    #[test]
    fn messages_name_both_ways_out() {
        for error in [
            LibraryError::NoNpm,
            LibraryError::Fetch { reason: "x".into() },
            LibraryError::Platform("x".into()),
        ] {
            let text = error.to_string();
            assert!(
                text.contains("clickhouse.library")
                    && text.contains(VARIABLE)
                    && text.contains("clickhouse.url")
            );
        }
    }
}
