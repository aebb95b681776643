//! Resident memory of this process and of those that it started (the embedded engine).

use std::path::Path;

use super::{Measurement, machine};

/// What both together may hold in steady state.
const LIMIT_MIB: f64 = 1_024.0;

/// Resident and peak memory of one process, in KiB.
struct Resident {
    name: String,
    now: u64,
    peak: u64,
}

/// What is resident now, beside the limit; the regime tells `what` was done before.
#[must_use]
pub fn memory(what: &str) -> Measurement {
    let me = std::process::id();
    let mut all: Vec<Resident> = resident(me).into_iter().collect();
    all.extend(children(me).into_iter().filter_map(resident));
    let mib = |kib: u64| kib as f64 / 1_024.0;
    let total = mib(all.iter().map(|one| one.now).sum());
    let parts: Vec<String> = all
        .iter()
        .map(|one| {
            format!(
                "{} {:.0} (peak {:.0})",
                one.name,
                mib(one.now),
                mib(one.peak)
            )
        })
        .collect();
    Measurement {
        bench: "memory",
        figure: total.round(),
        unit: "MiB",
        floor: Some(LIMIT_MIB),
        ratio: (total > 0.0).then(|| (LIMIT_MIB / total * 100.0).round() / 100.0),
        regime: format!(
            "resident after {what}: {}; floor: the limit for both",
            parts.join(", ")
        ),
        machine: machine(),
    }
}

fn resident(pid: u32) -> Option<Resident> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.get(name.len()..)?.trim().to_owned())
    };
    let size = |name: &str| field(name)?.split(' ').next()?.parse().ok();
    Some(Resident {
        name: field("Name:")?,
        now: size("VmRSS:")?,
        peak: size("VmHWM:")?,
    })
}

/// Processes whose parent is `parent`.
fn children(parent: u32) -> Vec<u32> {
    let Ok(tasks) = std::fs::read_dir(Path::new("/proc").join(parent.to_string()).join("task"))
    else {
        return Vec::new();
    };
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|text| {
            text.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<u32>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory() {
        let line = memory("nothing");
        assert!(line.figure > 0.0, "{line:?}");
    }
}
