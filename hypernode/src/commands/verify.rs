//! `hypernode verify`: stored slots beside an independent source.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hypernode_decoder::Keep;
use hypernode_indexer::verify::{self, Verified, VerifyOptions};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::stretch::Asked;
use crate::cli::Verify;
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::out::say;
use crate::reach::Reached;
use crate::store;

pub(crate) async fn run(args: &Verify) -> Outcome {
    let asked = Asked::new(&args.stretch).await?;
    let found = compare(args, &asked).await;
    asked.close().await;
    let found = found?;
    if args.stretch.json {
        print_json(&found);
    } else {
        print(&found);
    }
    match (found.matches(), found.total) {
        (true, _) => Ok(()),
        (false, 0) => Err(Failure::No("nothing could be compared".into())),
        (false, total) => Err(Failure::No(format!("{total} rows differ"))),
    }
}

async fn compare(args: &Verify, asked: &Asked) -> Outcome<Verified> {
    let mut decoders = asked.decoders(&args.stretch, Keep::Matching)?;
    // A scratch database is made beside the tables; they themselves are only read.
    let reached = Reached::open(&asked.settings, true).await?;
    let found = async {
        store::make_room(&reached.client, &mut decoders)
            .await
            .or_cannot_start("tables")?;
        let options = VerifyOptions {
            from: args.stretch.from,
            to: args.stretch.to,
            source: asked.source.clone(),
            most: args.limit,
            chosen: args.stretch.chosen(),
        };
        let progress = Progress::start(args.stretch.from, args.stretch.to, "verifying");
        let decoder = Arc::new(decoders.blocks);
        let at = progress.at.clone();
        let tell = move |slot| at.store(slot, Ordering::Relaxed);
        verify::verify(options, decoder, reached.client.clone(), tell)
            .await
            .map_err(|error| Failure::Broke(error.into()))
    }
    .await;
    reached.close().await;
    found
}

fn print(found: &Verified) {
    for note in &found.notes {
        say!("note: {note}");
    }
    for (what, ranges) in [
        ("not stored", &found.not_stored),
        ("not told by the source", &found.not_in_source),
    ] {
        for (from, to) in ranges {
            say!("slots {from} to {to}: {what}, not compared");
        }
    }
    for difference in &found.differences {
        say!("{difference}");
    }
    let listed = found.differences.len() as u64;
    if found.total > listed {
        say!("… and {} more", found.total - listed);
    }
    let compared: Vec<String> = found
        .compared
        .iter()
        .map(|(from, to)| format!("{from} to {to}"))
        .collect();
    if compared.is_empty() {
        say!("NOT COMPARED: no slot of this range is both stored and held by the source");
        return;
    }
    let verdict = if found.matches() { "MATCH" } else { "MISMATCH" };
    let (blocks, rows, total) = (found.blocks, found.rows, found.total);
    let compared = compared.join(", ");
    say!(
        "{verdict}: slots {compared}; {blocks} blocks, {rows} rows of the source, {total} rows differ"
    );
}

fn print_json(found: &Verified) {
    let ranges = |ranges: &mut dyn Iterator<Item = (u64, u64)>| -> Vec<serde_json::Value> {
        ranges
            .map(|(from, to)| json!({"from": from, "to": to}))
            .collect()
    };
    let differences: Vec<_> = found
        .differences
        .iter()
        .map(|row| {
            let (outer, inner, ordinal) = row
                .place
                .map_or((None, None, None), |(a, b, c)| (Some(a), Some(b), Some(c)));
            json!({
                "table": row.table,
                "kind": row.kind.name(),
                "slot": row.slot,
                "tx_index": row.tx_index,
                "signature": Some(&row.signature).filter(|text| !text.is_empty()),
                "outer_ix": outer,
                "inner_ix": inner,
                "ordinal": ordinal,
            })
        })
        .collect();
    say!(
        "{}",
        json!({
            "match": found.matches(),
            "compared": ranges(&mut found.compared.iter()),
            "not_stored": ranges(&mut found.not_stored.iter().copied()),
            "not_in_source": ranges(&mut found.not_in_source.iter().copied()),
            "blocks": found.blocks,
            "rows": found.rows,
            "differing": found.total,
            "differences": differences,
            "notes": found.notes,
        })
    );
}

/// How far a walk over slots is: a bar on a terminal, a line now and then elsewhere.
pub(crate) struct Progress {
    /// The slot that is done.
    pub(crate) at: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn start(from: u64, to: u64, what: &'static str) -> Self {
        let at = Arc::new(AtomicU64::new(from));
        let total = to.saturating_sub(from).saturating_add(1);
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total);
            let template = "{bar:40} {percent:>3}% {per_sec} ETA {eta} {msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar
        });
        let (shown, slot) = (bar.clone(), at.clone());
        let task = tokio::spawn(async move {
            let pause = Duration::from_millis(if shown.is_some() { 200 } else { 5_000 });
            loop {
                tokio::time::sleep(pause).await;
                let slot = slot.load(Ordering::Relaxed);
                match &shown {
                    Some(bar) => {
                        bar.set_position(slot.saturating_sub(from));
                        bar.set_message(format!("slot {slot}"));
                    }
                    // This command's own progress: said whatever is logged otherwise.
                    None => {
                        let _ =
                            writeln!(std::io::stderr(), "{what}: slot {slot} of {from} to {to}");
                    }
                }
            }
        });
        Self { at, task, bar }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
