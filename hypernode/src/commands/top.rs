//! `hypernode top`: a running instance on a terminal, anew each second.

use std::io::{IsTerminal as _, stdout};
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::text::{Line, Text};
use ratatui::widgets::Paragraph;

use super::status::ask;
use crate::cli::Top;
use crate::config;
use crate::exit::{Failure, Outcome};
use crate::out::say;
use crate::running::Running;
use crate::view::{History, Snapshot, lines};

/// Time between two questions.
const EVERY: Duration = Duration::from_secs(1);
/// Columns of a frame that goes to no terminal.
const WIDTH: usize = 100;
const HELP: &str = "q quit · p pause · ? help";

pub(crate) async fn run(args: &Top) -> Outcome {
    let settings = config::load(&args.common)?;
    let dir = settings.path("data.dir").unwrap_or_default();
    let find = || {
        Running::find(&dir).ok_or_else(|| {
            Failure::NotRunning(format!(
                "not running: no instance uses the data directory {}; start one with `hypernode up`, or name its directory with --data",
                dir.display()
            ))
        })
    };
    let mut now = look(&find()?).await?;
    let mut history = History::default();
    history.add(Instant::now(), &now.roles.indexer);
    if args.once {
        // Throughput is a difference, and rows come in windows of four slots.
        tokio::time::sleep(2 * EVERY).await;
        now = look(&find()?).await?;
        history.add(Instant::now(), &now.roles.indexer);
        for line in lines(&now, &history, None, WIDTH) {
            say!("{line}");
        }
        return Ok(());
    }
    if !stdout().is_terminal() {
        return Err(Failure::start(
            "top",
            "standard output is no terminal; use `hypernode top --once`, or `hypernode status --json`",
        ));
    }
    let mut terminal =
        ratatui::try_init().map_err(|error| Failure::start("top: the terminal", error))?;
    let mut gone: Option<String> = None;
    let (mut paused, mut help) = (false, false);
    let mut asked = Instant::now();
    let outcome = loop {
        let drawn = terminal.draw(|frame| {
            let mut shown = lines(&now, &history, gone.as_deref(), frame.area().width.into());
            let foot = match (help, paused) {
                (true, _) => "q, Ctrl-C: leave · p: hold the picture, or go on · ?: this line",
                (false, true) => "PAUSED · p goes on",
                (false, false) => HELP,
            };
            shown.truncate(usize::from(frame.area().height).saturating_sub(1));
            shown.push(foot.to_owned());
            let text: Text<'_> = shown.into_iter().map(Line::raw).collect();
            frame.render_widget(Paragraph::new(text), frame.area());
        });
        if let Err(error) = drawn {
            break Err(Failure::No(format!("top: the terminal: {error}")));
        }
        let left = EVERY.saturating_sub(asked.elapsed());
        match tokio::task::block_in_place(|| key(left)) {
            Ok(Some(KeyCode::Char('q'))) => break Ok(()),
            Ok(Some(KeyCode::Char('p'))) => paused = !paused,
            Ok(Some(KeyCode::Char('?'))) => help = !help,
            Ok(_) => {}
            Err(error) => break Err(Failure::No(format!("top: the keyboard: {error}"))),
        }
        if paused || asked.elapsed() < EVERY {
            continue;
        }
        asked = Instant::now();
        let found = match find() {
            Ok(running) => look(&running).await,
            Err(failure) => Err(failure),
        };
        match found {
            Ok(found) => {
                history.add(Instant::now(), &found.roles.indexer);
                (now, gone) = (found, None);
            }
            Err(failure) => gone = Some(failure.to_string()),
        }
    };
    ratatui::restore();
    outcome
}

/// The next key within this time; Ctrl-C is `q`.
fn key(limit: Duration) -> std::io::Result<Option<KeyCode>> {
    if !event::poll(limit.max(Duration::from_millis(20)))? {
        return Ok(None);
    }
    let Event::Key(key) = event::read()? else {
        return Ok(None);
    };
    if key.kind != KeyEventKind::Press {
        return Ok(None);
    }
    if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
        return Ok(Some(KeyCode::Char('q')));
    }
    Ok(Some(key.code))
}

async fn look(running: &Running) -> Outcome<Snapshot> {
    let status = ask(running).await?.status;
    Snapshot::read(status).map_err(|error| {
        Failure::No(format!(
            "process {} answers what this version does not read: {error}; use its own `hypernode top`",
            running.pid
        ))
    })
}
