//! Other projects' parsers and ours over the same bytes: how fast, and how right.

mod bench;
mod input;
mod parsers;
mod report;
mod robustness;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bench::Regime;
use bench::decode::{Events, programs};
use report::Setting;

/// The block's `Program data:` lines, counted by a script that shares no code with any parser here.
const DATA_LINES: usize = 224;

const USAGE: &str = "peers/run [--quick] [--json] [--write] [speed|robustness]
  --quick  3 short rounds in place of 11
  --json   JSON lines on standard output in place of the tables
  --write  put the tables into peers/README.md too";

fn main() {
    let (mut quick, mut json, mut write) = (false, false, false);
    let (mut speed, mut right) = (true, true);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => quick = true,
            "--json" => json = true,
            "--write" => write = true,
            "speed" => right = false,
            "robustness" => speed = false,
            _ => {
                eprintln!("{USAGE}");
                std::process::exit(2);
            }
        }
    }
    let setting = Setting::read();
    let (mut text, mut lines) = (String::new(), String::new());
    if right {
        let (table, json) = judge(&setting);
        text += &table;
        lines += &json;
    }
    if speed {
        let (rounds, turn) = if quick { (3, 50) } else { (11, 200) };
        let regime = Regime {
            rounds,
            turn: Duration::from_millis(turn),
        };
        match data() {
            Some(dir) => {
                let (table, json) = measure(&dir, regime, &setting);
                text += &table;
                lines += &json;
            }
            None => {
                eprintln!(
                    "no recorded block: set HYPERNODE_TEST_DATA to the directory that holds mainnet-254170887"
                );
                std::process::exit(2);
            }
        }
    }
    print!("{}", if json { &lines } else { &text });
    if write {
        save(&text);
    }
}

fn data() -> Option<PathBuf> {
    let root = std::env::var_os("HYPERNODE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    Some(root.join("mainnet-254170887")).filter(|dir| dir.is_dir())
}

fn judge(setting: &Setting) -> (String, String) {
    // Parsers that panic are caught; their words are not wanted.
    std::panic::set_hook(Box::new(|_| {}));
    let (cases, parsers) = (input::cases::all(), parsers::all());
    let row = |case| {
        parsers
            .iter()
            .map(|p| robustness::judge(p.as_ref(), case))
            .collect()
    };
    let verdicts: Vec<Vec<_>> = cases.iter().map(row).collect();
    drop(std::panic::take_hook());
    let text = format!(
        "## Robustness\n\n`peers/run robustness`, {}. {}.\n\n{}\n{}\n\n",
        setting.date,
        setting.versions,
        report::robustness(&cases, &parsers, &verdicts),
        include_str!("footnotes.md").trim(),
    );
    (text, report::robustness_json(&parsers, &verdicts, setting))
}

fn measure(dir: &Path, regime: Regime, setting: &Setting) -> (String, String) {
    eprintln!("reading the recorded block");
    let packed = std::fs::read(dir.join("block.json.zst")).expect("block");
    let inputs = input::getblock::read(&zstd::decode_all(packed.as_slice()).expect("zstd"));
    let mut text = format!(
        "## Speed\n\n`peers/run speed`, {}. {}. {}. One thread, by its processor time; median of {} interleaved rounds of {} ms.\n\n",
        setting.date,
        setting.machine,
        setting.versions,
        regime.rounds,
        regime.turn.as_millis(),
    );
    let mut lines = String::new();
    let mut add = |bench: &str, title: String, unit: &str, figures: Vec<bench::Figure>| {
        text += &report::race(&title, unit, &figures);
        lines += &report::race_json(bench, unit, &figures, setting);
    };
    let figures = bench::race("E1 scan", regime, bench::scan::contenders(&inputs));
    assert_eq!(
        figures[0].found, DATA_LINES,
        "our scan must find what is there"
    );
    let title = format!(
        "E1: log to (program, place, bytes): {} transactions, {DATA_LINES} records are there",
        inputs.len()
    );
    add("peers scan", title, "transactions", figures);
    let events = Events::new(&inputs, programs(dir));
    let about = format!(
        "{} swaps of Raydium, Jupiter and Meteora, {} bytes each",
        events.len(),
        events.bytes()
    );
    let figures = bench::race("E2 lines", regime, events.from_lines());
    assert_eq!(
        figures[0].found,
        events.len(),
        "our decoder must decode every event"
    );
    add(
        "peers decode line",
        format!("E2: log line to row or value: {about}"),
        "events",
        figures,
    );
    let figures = bench::race("E2 bytes", regime, events.from_bytes());
    assert_eq!(
        figures[0].found,
        events.len(),
        "our decoder must decode every event"
    );
    add(
        "peers decode bytes",
        format!("E2: raw bytes to row or value: {about}"),
        "events",
        figures,
    );
    (text, lines)
}

/// Puts the tables between their marks.
fn save(text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let old = std::fs::read_to_string(&file).expect("peers/README.md");
    let (before, _) = old
        .split_once(report::BEGIN)
        .expect("the mark where tables begin");
    let (_, after) = old
        .split_once(report::END)
        .expect("the mark where tables end");
    let new = format!(
        "{before}{}\n\n{}\n\n{}{after}",
        report::BEGIN,
        text.trim(),
        report::END
    );
    std::fs::write(&file, new).expect("peers/README.md");
    eprintln!("tables written to peers/README.md");
}
