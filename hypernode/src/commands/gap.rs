//! `hypernode gap`: slots that no source has delivered.

use std::time::{Duration, Instant};

use hypernode_warehouse::gaps::{self, GapRow, GapState};
use hypernode_warehouse::operator::{self, Kind};
use hypernode_warehouse::{Client, WarehouseError, migrate};

use crate::cli::{GapAccept, GapCommand, GapList};
use crate::config;
use crate::exit::{Failure, Outcome};
use crate::out::say;
use crate::reach::Reached;
use crate::running::Running;

/// How long a running instance may take to answer; it looks each second.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn run(command: &GapCommand) -> Outcome {
    match command {
        GapCommand::List(args) => list(args).await,
        GapCommand::Accept(args) => accept(args).await,
    }
}

async fn list(args: &GapList) -> Outcome {
    let settings = config::load(&args.common)?;
    let reached = Reached::open(&settings, false).await?;
    let rows = gaps::list(&reached.client).await;
    reached.close().await;
    let rows = rows.map_err(broke)?;
    if args.json {
        let rows = rows.iter().map(|row| {
            serde_json::json!({
                "from": row.slot_lo,
                "to": row.slot_hi,
                "state": row.state,
                "reason": row.reason,
                "source": row.source,
                "at": row.at,
            })
        });
        say!("{}", serde_json::Value::Array(rows.collect()));
    } else if rows.is_empty() {
        say!("no gap was ever told");
    } else {
        for row in &rows {
            say!("{}", line(row));
        }
    }
    let open = |row: &&GapRow| row.state == GapState::Open.name();
    match rows.iter().filter(open).count() {
        0 => Ok(()),
        1 => Err(Failure::No("1 gap is open".to_owned())),
        count => Err(Failure::No(format!("{count} gaps are open"))),
    }
}

fn line(row: &GapRow) -> String {
    format!(
        "{:8} slots {} to {} ({}): {} [{}, {} UTC]",
        row.state,
        row.slot_lo,
        row.slot_hi,
        row.slot_hi - row.slot_lo + 1,
        row.reason,
        row.source,
        row.at
    )
}

async fn accept(args: &GapAccept) -> Outcome {
    let settings = config::load(&args.common)?;
    if args.from > args.to {
        let why = format!("{} lies beyond --to {}", args.from, args.to);
        return Err(Failure::start("--from", why));
    }
    if args.reason.trim().is_empty() {
        return Err(Failure::start(
            "--reason",
            "say why, for whoever asks later",
        ));
    }
    let running = Running::find(&settings.path("data.dir").unwrap_or_default());
    let reached = Reached::open(&settings, true).await?;
    let gaps = gaps::list(&reached.client).await.map_err(broke);
    let known = gaps.and_then(|gaps| refuse_no_gap((args.from, args.to), &gaps));
    if let Err(refused) = known {
        reached.close().await;
        return Err(refused);
    }
    let done = match running {
        Some(_) => ask(&reached.client, args).await,
        None => write(&reached.client, args).await,
    };
    reached.close().await;
    done
}

/// Only what is known to be missing can be given up: a range by mistake would wave a later hole through.
fn refuse_no_gap((from, to): (u64, u64), gaps: &[GapRow]) -> Outcome {
    let open: Vec<&GapRow> = gaps
        .iter()
        .filter(|gap| gap.state != GapState::Filled.name())
        .collect();
    if open
        .iter()
        .any(|gap| gap.slot_lo <= from && to <= gap.slot_hi)
    {
        return Ok(());
    }
    let open: Vec<String> = open
        .iter()
        .map(|gap| format!("{} to {}", gap.slot_lo, gap.slot_hi))
        .collect();
    let known = match open.is_empty() {
        true => "no gap is open".to_owned(),
        false => format!("these are: {}", open.join(", ")),
    };
    Err(Failure::No(format!(
        "slots {from} to {to} are not within a gap; {known}"
    )))
}

/// Has the running instance do it: it is the only writer.
async fn ask(client: &Client, args: &GapAccept) -> Outcome {
    let range = (args.from, args.to);
    let id = operator::request(client, Kind::AcceptGap, range, &args.reason, "").await;
    let id = id.map_err(broke)?;
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(answer) = operator::answered(client, id).await.map_err(broke)? {
            return if answer.done {
                say!("{}", answer.answer);
                Ok(())
            } else {
                Err(Failure::No(answer.answer))
            };
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    Err(Failure::No(
        "the running instance has not answered yet; it does what was asked as soon as it can (see `hypernode gap list`)"
            .to_owned(),
    ))
}

async fn write(client: &Client, args: &GapAccept) -> Outcome {
    // The tables may be of a version without gaps.
    migrate::migrate(client).await.map_err(broke)?;
    let range = (args.from, args.to);
    gaps::record(client, range, GapState::Accepted, &args.reason, "operator")
        .await
        .map_err(broke)?;
    say!(
        "slots {} to {} are accepted as missing, from the next start on",
        args.from,
        args.to
    );
    Ok(())
}

fn broke(error: WarehouseError) -> Failure {
    Failure::Broke(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_be_missing_is_accepted() {
        let gap = |slot_lo, slot_hi, state: GapState| GapRow {
            slot_lo,
            slot_hi,
            state: state.name().to_owned(),
            reason: String::new(),
            source: String::new(),
            at: String::new(),
        };
        let gaps = [
            gap(10, 20, GapState::Open),
            gap(30, 40, GapState::Filled),
            gap(50, 60, GapState::Accepted),
        ];
        for range in [(10, 20), (12, 12), (55, 60)] {
            assert!(refuse_no_gap(range, &gaps).is_ok(), "{range:?}");
        }
        for range in [(9, 12), (15, 21), (31, 32), (999, 9_999)] {
            let said = refuse_no_gap(range, &gaps).unwrap_err().to_string();
            assert!(
                said.contains("10 to 20") && !said.contains("30 to 40"),
                "{said}"
            );
        }
        let said = refuse_no_gap((5, 9), &[]).unwrap_err().to_string();
        assert!(said.ends_with("no gap is open"), "{said}");
    }
}
