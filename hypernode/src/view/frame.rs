//! A snapshot as lines of a screen. Nothing depends on colour.

use std::time::Instant;

use unicode_width::UnicodeWidthChar as _;

use super::map;
use super::snapshot::{Fill, Indexer, Snapshot, Storing};

/// Seconds of throughput that are remembered.
const SECONDS: usize = 60;
const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Rows and slots per second between the snapshots that were seen.
#[derive(Debug, Default)]
pub(crate) struct History {
    last: Option<(Instant, u64, u64)>,
    /// Rows per second, oldest first.
    rows: Vec<f64>,
    slots: Option<f64>,
}

impl History {
    /// Takes the figures of a moment.
    pub(crate) fn add(&mut self, at: Instant, now: &Indexer) {
        if let Some((before, rows, slot)) = self.last {
            let seconds = at.duration_since(before).as_secs_f64();
            if seconds < 0.05 {
                return;
            }
            // Both fall when the instance starts again, or takes slots back.
            let per_second = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
            self.rows.push(per_second(now.rows, rows));
            self.slots = Some(per_second(now.as_of_slot, slot));
            if self.rows.len() > SECONDS {
                self.rows.remove(0);
            }
        }
        self.last = Some((at, now.rows, now.as_of_slot));
    }
}

/// The screen's lines, at most `width` columns each. `gone`: why nothing newer is known.
pub(crate) fn lines(
    now: &Snapshot,
    history: &History,
    gone: Option<&str>,
    width: usize,
) -> Vec<String> {
    let indexer = &now.roles.indexer;
    let state = if indexer.state.is_empty() {
        "unknown"
    } else {
        &indexer.state
    };
    let mut lines = vec![format!(
        "hypernode {} · {} · {state}",
        now.version, now.network
    )];
    if let Some(why) = gone {
        lines.push(format!("NOT ANSWERING  {why}"));
        lines.push("               figures below are the last ones known; trying again".to_owned());
    }
    let queue = &indexer.queue;
    let accounts = &indexer.accounts;
    // First of all: a small screen cuts what comes last.
    let told = [&indexer.message, &queue.message, &accounts.message];
    for message in told.into_iter().flatten() {
        lines.push(format!("MESSAGE        {message}"));
    }
    lines.extend(marks(indexer, width));
    lines.push(String::new());
    lines.push(throughput(history));
    lines.push(storing(&indexer.storing));
    match (&indexer.fill, &indexer.gap) {
        (Some(fill), _) => lines.push(filling("filling", fill)),
        (None, Some(gap)) => {
            lines.push(format!("gap            slots {} to {}", gap.from, gap.to));
        }
        (None, None) => {}
    }
    if let Some(asked) = &indexer.rewriting {
        lines.push(filling("on request", asked));
    }
    lines.extend(map::lines(indexer, width));
    lines.push(format!(
        "trouble        dead letters {} · malformed {} · reconnects {} · retracted {}",
        indexer.dead_letters, indexer.malformed, indexer.reconnects, indexer.retracted
    ));
    lines.push(format!(
        "queue          {} messages, {}{}",
        queue.messages,
        bytes(queue.memory_bytes),
        if queue.paused { " · PAUSED" } else { "" }
    ));
    lines.push(format!(
        "write-ahead    {} messages, {} of {} · oldest {:.0} s",
        queue.wal_messages,
        bytes(queue.wal_bytes),
        bytes(queue.wal_limit),
        queue.oldest_seconds
    ));
    lines.push(format!(
        "accounts       {} seen · {} closed · {} dropped · snapshot of {} at slot {}",
        accounts.seen,
        accounts.closed,
        accounts.dropped,
        accounts.snapshot_accounts,
        slot(accounts.snapshot_slot)
    ));
    if let Some(dispatch) = &now.roles.dispatch {
        lines.push(format!(
            "dispatch       {} · {} queued of {} open · {} nodes · {} offers · {} runs · {} stale",
            dispatch.state,
            dispatch.queued,
            dispatch.open,
            dispatch.nodes,
            dispatch.offers,
            dispatch.runs,
            dispatch.stale
        ));
    }
    let ends = [
        ("geyser", &now.endpoints.geyser),
        ("rpc", &now.endpoints.rpc),
        ("api", &now.endpoints.api),
        ("clickhouse", &now.endpoints.clickhouse),
    ];
    for (name, url) in ends {
        lines.push(format!("{name:14} {}", url.as_deref().unwrap_or("-")));
    }
    for line in &mut lines {
        *line = plain(line, width);
    }
    lines
}

/// Watermarks, with their lag behind the highest slot that the source has named.
fn marks(indexer: &Indexer, width: usize) -> Vec<String> {
    let tip = indexer.seen_slot;
    let marks = [
        ("seen", tip),
        ("confirmed", indexer.confirmed_slot),
        ("proven", indexer.proven_slot.unwrap_or(0)),
        ("served", indexer.as_of_slot),
        ("finalized", indexer.finalized_slot),
    ];
    let room = width.saturating_sub(46).clamp(1, 32);
    marks
        .into_iter()
        .map(|(name, at)| {
            if at == 0 || tip == 0 {
                return format!("{name:14} {:>12}", slot(at));
            }
            let lag = tip.saturating_sub(at);
            let bar = "#".repeat(usize::try_from(lag).unwrap_or(room).min(room));
            format!("{name:14} {at:>12}  {lag:>9} behind  {bar}")
        })
        .collect()
}

fn throughput(history: &History) -> String {
    let (Some(slots), Some(rows)) = (history.slots, history.rows.last()) else {
        return "throughput     not known yet".to_owned();
    };
    let most = history.rows.iter().copied().fold(1.0, f64::max);
    let bars: String = history
        .rows
        .iter()
        .map(|one| STEPS[((one / most * 7.0).round() as usize).min(7)])
        .collect();
    format!("throughput     {slots:.1} slots/s · {rows:.0} rows/s  {bars}")
}

/// How long ClickHouse takes for a batch.
fn storing(storing: &Storing) -> String {
    let share = |at: Option<u64>| match at {
        Some(within) => format!("<= {within} ms"),
        None if storing.batches == 0 => "-".to_owned(),
        None => "over 30 s".to_owned(),
    };
    format!(
        "storing        {} batches · p50 {} · p99 {} · {} made again",
        storing.batches,
        share(storing.p50_ms),
        share(storing.p99_ms),
        storing.retries
    )
}

/// How soon the hole is closed.
fn filling(what: &str, fill: &Fill) -> String {
    let all = fill.to.saturating_sub(fill.from).saturating_add(1);
    let rest = match (&fill.stuck, fill.eta_seconds) {
        (Some(why), _) => format!("STUCK: {why}"),
        (None, Some(eta)) => format!("{:.0} slots/s, {eta} s to go", fill.per_second),
        (None, None) => "asking".to_owned(),
    };
    format!(
        "{what:14} {} to {}: {} of {all}; {rest}",
        fill.from,
        fill.to,
        fill.done.min(all)
    )
}

fn slot(slot: u64) -> String {
    if slot == 0 {
        "-".to_owned()
    } else {
        slot.to_string()
    }
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0..0x400 => format!("{bytes} B"),
        0x400..0x10_0000 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        0x10_0000..0x4000_0000 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

/// What fits, without characters that would move the cursor: messages come from elsewhere.
fn plain(line: &str, width: usize) -> String {
    let mut room = width;
    let mut shown = String::with_capacity(line.len());
    for one in line.chars() {
        let one = if one.is_control() { ' ' } else { one };
        // Columns, not characters: some take two, some none.
        let Some(left) = room.checked_sub(one.width().unwrap_or(0)) else {
            break;
        };
        room = left;
        shown.push(one);
    }
    shown.truncate(shown.trim_end().len());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;
    use unicode_width::UnicodeWidthStr as _;

    fn filling_at(done: u64) -> Snapshot {
        Snapshot::read(json!({
            "version": "0.1.0", "network": "n",
            "roles": {"indexer": {
                "state": "filling", "as_of_slot": 100, "finalized_slot": 70, "seen_slot": 400, "confirmed_slot": 399,
                "rows": 10 * done, "gap": {"from": 101, "to": 300}, "message": "blocks\u{1b}[2J are missing",
                "storing": {"batches": 7, "p50_ms": 20, "p99_ms": null, "retries": 1},
                "first_slot": 1, "fill": {"from": 101, "to": 300, "done": done, "per_second": 50.0, "eta_seconds": 3, "stuck": null},
                "queue": {"wal_bytes": 2048, "wal_limit": 1 << 30, "paused": true}, "unknown to this version": 1,
            }},
            "endpoints": {"api": "http://127.0.0.1:1", "ws": null, "clickhouse": null, "geyser": null, "rpc": null},
        }))
        .unwrap()
    }

    #[test]
    fn a_hole_that_is_filled_shows_lag_cells_rate_and_time_to_go() {
        let (first, then) = (filling_at(50), filling_at(100));
        let mut history = History::default();
        let start = Instant::now();
        history.add(start, &first.roles.indexer);
        history.add(start + Duration::from_secs(2), &then.roles.indexer);
        let text = lines(&then, &history, None, 80).join("\n");
        for part in [
            "hypernode 0.1.0 · n · filling",
            "served                  100        300 behind",
            "101 to 300: 100 of 200; 50 slots/s, 3 s to go",
            "[###############+++++++++++++++...............+++++++++++++++]",
            "7 batches · p50 <= 20 ms · p99 over 30 s · 1 made again",
            "MESSAGE        blocks [2J are missing",
            "0.0 slots/s · 250 rows/s",
            "2.0 KiB of 1.0 GiB",
            "PAUSED",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        assert!(!text.contains('\u{1b}'), "a message moves no cursor");
        assert!(!text.contains("NOT ANSWERING"));
    }

    #[test]
    fn a_frame_fits_its_screen_and_says_what_is_not_known() {
        for width in [1, 20, 80, 300] {
            let shown = lines(&filling_at(1), &History::default(), Some("refused"), width);
            assert!(shown.iter().all(|line| line.width() <= width));
        }
        // With the line of keys.
        assert!(lines(&filling_at(1), &History::default(), Some("x"), 80).len() < 24);
        assert_eq!(plain("a世界\tb", 4), "a世", "two columns each");
        let nothing = lines(&Snapshot::default(), &History::default(), None, 80).join("\n");
        assert!(
            nothing.contains("· unknown") && nothing.contains("not known yet"),
            "{nothing}"
        );
        let mut stuck = filling_at(7);
        stuck.roles.indexer.fill.as_mut().unwrap().stuck = Some("nobody holds 108".into());
        let stuck = lines(&stuck, &History::default(), None, 80).join("\n");
        assert!(stuck.contains("STUCK: nobody holds 108"), "{stuck}");
    }
}
