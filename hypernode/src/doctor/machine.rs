//! The machine and the data directory.

use std::net::TcpListener;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

use super::Finding;
use crate::config::Settings;
use crate::datadir::DataDir;
use crate::running::Running;

const GIB: u64 = 1 << 30;
/// Below it the engine's merges have no room.
const LEAST_DISK: u64 = 2 * GIB;
/// A week of a small network.
const GOOD_DISK: u64 = 20 * GIB;
/// Engine and indexer; `hypernode bench memory` says how much they take.
const LEAST_MEMORY: u64 = 3 * GIB + GIB / 2;
/// Tables have many files.
const LEAST_FILES: u64 = 4_096;

pub(crate) fn look(settings: &Settings, dir: &Path, running: Option<&Running>) -> Vec<Finding> {
    let mut findings = vec![cores(), memory(), files()];
    findings.extend(directory(dir, running));
    if running.is_none() {
        findings.extend(ports(settings));
    }
    findings
}

fn cores() -> Finding {
    match std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
        1 => Finding::note(
            "processor",
            "1 core",
            "give it 2: receiving, decoding and the engine share it",
        ),
        cores => Finding::good("processor", format!("{cores} cores")),
    }
}

fn memory() -> Finding {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    match kib.map(|kib| kib << 10) {
        None => Finding::note(
            "memory",
            "the system does not say how much there is",
            "4 GiB are enough",
        ),
        Some(bytes) if bytes < LEAST_MEMORY => {
            Finding::note("memory", size(bytes), "give it 4 GiB")
        }
        Some(bytes) => Finding::good("memory", size(bytes)),
    }
}

fn files() -> Finding {
    match getrlimit(Resource::Nofile).current {
        Some(most) if most < LEAST_FILES => Finding::note(
            "open files",
            format!("at most {most}"),
            format!("raise it: ulimit -n 65536 (tables have many files; {LEAST_FILES} is little)"),
        ),
        Some(most) => Finding::good("open files", format!("at most {most}")),
        None => Finding::good("open files", "without limit"),
    }
}

fn directory(dir: &Path, running: Option<&Running>) -> Vec<Finding> {
    let area = "data directory";
    let shown = dir.display();
    // What is not there yet will lie where its parent is.
    let there = dir.ancestors().find(|path| path.is_dir());
    let place = match there {
        Some(path) if !path.as_os_str().is_empty() => path,
        _ => Path::new("."),
    };
    let mut findings = Vec::new();
    if rustix::fs::access(place, rustix::fs::Access::WRITE_OK).is_err() {
        let seen = format!("{} cannot be written", place.display());
        findings.push(Finding::wrong(
            area,
            seen,
            "give this user the right to write there, or choose another with --data",
        ));
    }
    match DataDir::binding_of(dir) {
        Err(failure) => findings.push(Finding::wrong(
            area,
            failure.to_string(),
            "choose another directory with --data",
        )),
        Ok(None) => findings.push(Finding::good(area, format!("{shown}, new"))),
        Ok(Some(binding)) => findings.push(Finding::good(
            area,
            format!(
                "{shown}, of {} (genesis {})",
                binding.network, binding.genesis
            ),
        )),
    }
    if running.is_none() && DataDir::is_held(dir) {
        let seen = format!("{shown} is held by a hypernode process that serves nobody");
        let fix = "a command such as index or repair is at work there; wait for it, or stop it";
        findings.push(Finding::note(area, seen, fix));
    }
    match rustix::fs::statvfs(place) {
        Err(error) => findings.push(Finding::note(
            "disk",
            format!("{}: {error}", place.display()),
            "see that the file system is mounted",
        )),
        Ok(disk) => findings.push(free(disk.f_bavail.saturating_mul(disk.f_frsize))),
    }
    findings
}

fn free(bytes: u64) -> Finding {
    let seen = format!("{} free", size(bytes));
    match bytes {
        0..LEAST_DISK => Finding::wrong(
            "disk",
            seen,
            "free some: a full disk pauses the stream, and the engine cannot merge",
        ),
        LEAST_DISK..GOOD_DISK => Finding::note("disk", seen, "free some, or move the directory"),
        _ => Finding::good("disk", seen),
    }
}

/// The ports that `up` would listen on.
fn ports(settings: &Settings) -> Vec<Finding> {
    let bind = settings.get("api.bind").unwrap_or("127.0.0.1");
    let engine = settings.get("clickhouse.url").is_none();
    let wanted = [
        ("api.port", bind, true),
        ("clickhouse.port", "127.0.0.1", engine),
    ];
    let mut findings = Vec::new();
    for (key, address, used) in wanted {
        let port: u16 = settings.parsed(key);
        if !used || port == 0 {
            continue;
        }
        findings.push(match TcpListener::bind((address, port)) {
            Ok(_) => Finding::good("port", format!("{address}:{port} ({key}) is free")),
            Err(error) => Finding::wrong(
                "port",
                format!("{address}:{port} ({key}): {error}"),
                format!("stop whoever uses it, or set {key} to another (0 = any free one)"),
            ),
        });
    }
    findings
}

fn size(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / GIB as f64)
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn little_disk_is_told_before_it_is_full() {
        let verdicts = [GIB, 3 * GIB, 100 * GIB].map(|bytes| free(bytes).verdict);
        assert_eq!(verdicts, [Verdict::Wrong, Verdict::Note, Verdict::Good]);
    }

    #[test]
    fn a_directory_that_is_not_there_is_judged_by_where_it_would_be() {
        let folder = tempfile::tempdir().unwrap();
        let findings = directory(&folder.path().join("a/b"), None);
        assert!(
            findings
                .iter()
                .all(|one| one.verdict != Verdict::Wrong || one.area == "disk")
        );
        assert!(findings.iter().any(|one| one.seen.ends_with("a/b, new")));
        std::fs::write(folder.path().join("network.json"), "{").unwrap();
        let findings = directory(folder.path(), None);
        assert!(
            findings
                .iter()
                .any(|one| one.verdict == Verdict::Wrong && one.seen.contains("network.json")),
            "{findings:?}"
        );
    }
}
