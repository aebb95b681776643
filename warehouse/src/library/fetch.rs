//! One fetch of the library's package: `npm pack` by name, unpack, hash-check, rename into place.

use std::fs::{self, File, TryLockError};
use std::io::{IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest as _, Sha256};
use tracing::info;

use super::{LibraryError, PACKAGE, SHA256, SIZE, VERSION, hex, io};

/// Size of the package as npm stores it, for the progress bar.
const PACKED: u64 = 178_000_000;
/// Time between lines of progress where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Fetches the library to `target`. Two processes that need it at once fetch it once.
pub(super) fn fetch(target: &Path) -> Result<(), LibraryError> {
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(io(folder))?;
    let lock_path = folder.join("fetch.lock");
    let lock = File::create(&lock_path).map_err(io(&lock_path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            info!("another process is fetching the ClickHouse library; waiting for it");
            lock.lock().map_err(io(&lock_path))?;
        }
        Err(TryLockError::Error(error)) => return Err(io(&lock_path)(error)),
    }
    if fs::metadata(target).is_ok_and(|m| m.len() == SIZE) {
        return Ok(());
    }
    let work = folder.join(format!("fetch-{}", std::process::id()));
    let outcome = fetch_in(&work, target);
    // What is left of a failed fetch is of no use to anyone.
    let _ = fs::remove_dir_all(&work);
    outcome
}

fn fetch_in(work: &Path, target: &Path) -> Result<(), LibraryError> {
    fs::create_dir_all(work).map_err(io(work))?;
    info!(
        "fetching {PACKAGE}@{VERSION} once, about 178 MB, into {}",
        target.display()
    );
    let mut progress = Progress::new("fetching ClickHouse", PACKED);
    npm_pack(work, &mut progress)?;
    progress.done();
    let package = package_file(work)?;
    let unpacked = work.join("libchdb.so");
    let mut progress = Progress::new("unpacking ClickHouse", SIZE);
    let found = unpack(&package, &unpacked, &mut progress)?;
    progress.done();
    if found != SHA256 {
        let path = package.display().to_string();
        return Err(LibraryError::Hash { path, found });
    }
    fs::rename(&unpacked, target).map_err(io(target))?;
    info!("ClickHouse library is at {}", target.display());
    Ok(())
}

fn npm_pack(work: &Path, progress: &mut Progress) -> Result<(), LibraryError> {
    let spec = format!("{PACKAGE}@{VERSION}");
    let log = work.join("npm.log");
    let errors = File::create(&log).map_err(io(&log))?;
    let spawned = Command::new("npm")
        .args([
            "pack",
            &spec,
            "--silent",
            "--loglevel=error",
            "--pack-destination",
        ])
        .arg(work)
        // A cache of its own: 178 MB that nobody needs twice, and its growth is our progress.
        .arg("--cache")
        .arg(work.join("npm-cache"))
        .current_dir(work)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(errors)
        .spawn();
    let mut npm = match spawned {
        Ok(npm) => npm,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(LibraryError::NoNpm);
        }
        Err(error) => {
            return Err(LibraryError::Fetch {
                reason: error.to_string(),
            });
        }
    };
    loop {
        match npm.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => {
                let text = fs::read_to_string(&log).unwrap_or_default();
                let line = text
                    .lines()
                    .find(|l| l.contains("code"))
                    .or(text.lines().last());
                let reason = format!("{status}: {}", line.unwrap_or("no message").trim());
                return Err(LibraryError::Fetch { reason });
            }
            Ok(None) => {}
            Err(error) => {
                return Err(LibraryError::Fetch {
                    reason: error.to_string(),
                });
            }
        }
        progress.at(folder_size(work, 6));
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Bytes under a folder, not deeper than `depth`.
fn folder_size(folder: &Path, depth: u32) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(m) if m.is_dir() && depth > 0 => folder_size(&entry.path(), depth - 1),
            Ok(m) if m.is_file() => m.len(),
            _ => 0,
        })
        .sum()
}

fn package_file(work: &Path) -> Result<PathBuf, LibraryError> {
    let entries = fs::read_dir(work).map_err(io(work))?;
    entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|e| e == "tgz"))
        .ok_or_else(|| LibraryError::Fetch {
            reason: "npm made no package file".into(),
        })
}

/// Unpacks `package/libchdb.so` and returns its sha256.
fn unpack(package: &Path, to: &Path, progress: &mut Progress) -> Result<String, LibraryError> {
    let file = File::open(package).map_err(io(package))?;
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    for entry in archive.entries().map_err(io(package))? {
        let mut entry = entry.map_err(io(package))?;
        let path = entry.path().map_err(io(package))?;
        if path.file_name().is_none_or(|name| name != "libchdb.so") {
            continue;
        }
        let mut out = File::create(to).map_err(io(to))?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut total = 0;
        loop {
            let n = entry.read(&mut buffer).map_err(io(package))?;
            if n == 0 {
                break;
            }
            out.write_all(&buffer[..n]).map_err(io(to))?;
            hasher.update(&buffer[..n]);
            total += n as u64;
            progress.at(total);
        }
        out.sync_all().map_err(io(to))?;
        return Ok(hex(&hasher.finalize()));
    }
    Err(LibraryError::Fetch {
        reason: "the package holds no libchdb.so".into(),
    })
}

/// A bar on a terminal, a line now and then elsewhere.
struct Progress {
    what: &'static str,
    total: u64,
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Progress {
    fn new(what: &'static str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total).with_message(what);
            let template = "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} ETA {eta}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar
        });
        Self {
            what,
            total,
            bar,
            last_line: Instant::now(),
        }
    }

    fn at(&mut self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(bytes.min(self.total));
        } else if self.last_line.elapsed() > LINE_EVERY {
            self.last_line = Instant::now();
            let percent = (bytes.saturating_mul(100) / self.total.max(1)).min(100);
            info!("{}: {} MB, {percent} %", self.what, bytes / 1_000_000);
        }
    }

    fn done(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(dir: &Path, name: &str, content: &[u8]) -> PathBuf {
        let path = dir.join("p.tgz");
        let gz = flate2::write::GzEncoder::new(
            File::create(&path).unwrap(),
            flate2::Compression::fast(),
        );
        let mut builder = tar::Builder::new(gz);
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append_data(&mut header, name, content).unwrap();
        builder.into_inner().unwrap().finish().unwrap();
        path
    }

    #[test]
    fn the_shared_object_is_found_and_hashed() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("out.so");
        let path = package(dir.path(), "package/libchdb.so", b"abc");
        let hash = unpack(&path, &to, &mut Progress::new("t", 3)).unwrap();
        assert!(hash.starts_with("ba7816bf"));
        assert_eq!(fs::read(&to).unwrap(), b"abc");
    }

    #[test]
    fn a_package_without_it_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = package(dir.path(), "package/other.so", b"abc");
        let error = unpack(&path, &dir.path().join("o"), &mut Progress::new("t", 3)).unwrap_err();
        assert!(error.to_string().contains("holds no libchdb.so"));
    }
}
