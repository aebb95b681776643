//! The tables as Markdown, and as JSON lines.

use serde_json::json;

use crate::bench::Figure;
use crate::input::cases::Case;
use crate::parsers::Parser;
use crate::robustness::{Kind, Verdict};

/// Begin and end of what `--write` replaces in README.md.
pub const BEGIN: &str = "<!-- written by peers/run --write -->";
pub const END: &str = "<!-- end -->";

/// Where and of what the figures are.
pub struct Setting {
    pub machine: String,
    pub versions: String,
    pub date: String,
}

impl Setting {
    /// Reads the machine, the lock file, and what `run` passes on.
    pub fn read() -> Self {
        let lock = include_str!("../Cargo.lock");
        let names = [
            "anchor-client",
            "carbon-core",
            "carbon-raydium-clmm-decoder",
            "sologger_log_context",
            "sologger_idl_decoder",
            "yellowstone-vixen-core",
        ];
        let versions = names.map(|name| format!("{name} {}", version(lock, name)));
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split(':').nth(1));
        let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or("?").to_owned();
        let given = |name| std::env::var(name).unwrap_or_else(|_| "?".into());
        let hash = <sha2::Sha256 as sha2::Digest>::digest(lock.as_bytes());
        let hash: String = hash.iter().take(6).map(|b| format!("{b:02x}")).collect();
        Self {
            machine: format!(
                "{}, {cores} cores, load {load}, {}",
                model.unwrap_or("unknown processor").trim(),
                given("PEERS_RUSTC"),
            ),
            versions: format!(
                "hypernode at {}, {}; peers/Cargo.lock {hash}",
                given("PEERS_COMMIT"),
                versions.join(", ")
            ),
            date: given("PEERS_DATE"),
        }
    }
}

fn version(lock: &str, name: &str) -> String {
    let at = lock.split_once(&format!("name = \"{name}\"\nversion = \""));
    at.and_then(|(_, rest)| rest.split('"').next())
        .unwrap_or("?")
        .to_owned()
}

fn rate(rate: f64) -> String {
    match rate {
        r if r >= 1e6 => format!("{:.2} M", r / 1e6),
        r if r >= 1e4 => format!("{:.0} k", r / 1e3),
        r => format!("{r:.0}"),
    }
}

/// A race; the first figure is ours.
pub fn race(title: &str, unit: &str, figures: &[Figure]) -> String {
    let ours = figures[0].rate;
    let mut text = format!(
        "### {title}\n\n| | {unit}/s | slowest–fastest round | ours is | records found | |\n|---|---:|---:|---:|---:|---|\n"
    );
    for figure in figures {
        let ratio = ours / figure.rate;
        let ratio = if ratio >= 10.0 {
            format!("{ratio:.0}x")
        } else {
            format!("{ratio:.1}x")
        };
        text += &format!(
            "| {} | {} | {}–{} | {ratio} | {} | {} |\n",
            figure.name,
            rate(figure.rate),
            rate(figure.slowest),
            rate(figure.fastest),
            figure.found,
            figure.note,
        );
    }
    text + "\n"
}

/// One line for each peer: our figure, and theirs as floor.
pub fn race_json(bench: &str, unit: &str, figures: &[Figure], setting: &Setting) -> String {
    let ours = figures[0].rate;
    let peers = figures.iter().skip(1).map(|peer| {
        let line = json!({
            "bench": bench,
            "figure": ours.round(),
            "unit": format!("{unit}/s"),
            "floor": peer.rate.round(),
            "ratio": (ours / peer.rate * 100.0).round() / 100.0,
            "regime": format!("one thread by its processor time, medians of interleaved rounds; floor = {}: {}; {}", peer.name, peer.note, setting.versions),
            "machine": setting.machine,
        });
        format!("{line}\n")
    });
    peers.collect()
}

/// Verdicts by case and parser.
pub fn robustness(
    cases: &[Case],
    parsers: &[Box<dyn Parser>],
    verdicts: &[Vec<Verdict>],
) -> String {
    let mut text = String::from("| case | what happens | right answer |");
    for parser in parsers {
        text += &format!(" {} |", parser.name());
    }
    text += "\n|---|---|---|";
    text += &"---|".repeat(parsers.len());
    text += "\n";
    for (case, row) in cases.iter().zip(verdicts) {
        let mark = if case.executed { "" } else { " ¹" };
        text += &format!("| {}{mark} | {} | {} |", case.name, case.what, right(case));
        for verdict in row {
            match verdict.note.as_str() {
                "" => text += &format!(" {} |", verdict.kind.text()),
                note => text += &format!(" {} ({}) |", verdict.kind.text(), note.replace('|', "/")),
            }
        }
        text += "\n";
    }
    text += &format!("| **right** | | {} cases |", cases.len());
    for at in 0..parsers.len() {
        text += &format!(" **{}** |", count(verdicts, at, Kind::Right));
    }
    text + "\n"
}

fn right(case: &Case) -> String {
    let events = match case.events.len() {
        0 => "no event".to_owned(),
        1 => "1 event".to_owned(),
        n => format!("{n} events"),
    };
    let mut text = if case.failed {
        format!("{events}, undone: none counts")
    } else {
        events
    };
    if case.cut {
        text += ", log cut";
    }
    if case.unknown {
        text = "unknown".into();
    }
    text
}

fn count(verdicts: &[Vec<Verdict>], parser: usize, kind: Kind) -> usize {
    verdicts
        .iter()
        .filter(|row| row[parser].kind == kind)
        .count()
}

/// One line for each peer: cases that we answer rightly, and cases that they do as floor.
pub fn robustness_json(
    parsers: &[Box<dyn Parser>],
    verdicts: &[Vec<Verdict>],
    setting: &Setting,
) -> String {
    let ours = count(verdicts, 0, Kind::Right);
    let peers = parsers.iter().enumerate().skip(1).map(|(at, parser)| {
        let right = count(verdicts, at, Kind::Right);
        let line = json!({
            "bench": "peers robustness",
            "figure": ours,
            "unit": "cases answered rightly",
            "floor": right,
            "ratio": (ours as f64 / right.max(1) as f64 * 100.0).round() / 100.0,
            "regime": format!(
                "{} cases; floor = {}: {} accepted, {} lost, {} misplaced, {} errors; {}",
                verdicts.len(),
                parser.name(),
                count(verdicts, at, Kind::Accepted),
                count(verdicts, at, Kind::Lost),
                count(verdicts, at, Kind::Misplaced),
                count(verdicts, at, Kind::Error),
                setting.versions,
            ),
            "machine": setting.machine,
        });
        format!("{line}\n")
    });
    peers.collect()
}
