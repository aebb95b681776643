//! `hypernode state`: the store of accounts, as a file.

use std::path::Path;

use hypernode_state::sqlite::{self, Inspection};

use crate::access::{self, FILE};
use crate::cli::Common;
use crate::cli::accounts::{State, StateAction};
use crate::config;
use crate::datadir::DataDir;
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::out::say;

pub(crate) async fn run(args: &State) -> Outcome {
    match &args.action {
        StateAction::Backup { common, to } => backup(common, to).await,
        StateAction::Restore { common, from } => restore(common, from).await,
        StateAction::Check(only) => check(&only.common).await,
    }
}

async fn backup(common: &Common, to: &Path) -> Outcome {
    let dir = config::load(common)?.path("data.dir").unwrap_or_default();
    let store = access::existing(&dir).await?;
    let report = store
        .backup(to.to_owned())
        .await
        .or_cannot_start("backup")?;
    say!(
        "{}: {} bytes, schema {}, copied and checked in {} ms",
        to.display(),
        report.bytes,
        report.schema,
        report.took.as_millis()
    );
    Ok(())
}

async fn restore(common: &Common, from: &Path) -> Outcome {
    let dir = config::load(common)?.path("data.dir").unwrap_or_default();
    // Looked at before a directory is made for nothing.
    if !from.is_file() {
        return Err(Failure::start(from.display(), "no such file"));
    }
    let data = DataDir::open(&dir)?;
    let (from, path) = (from.to_owned(), data.path().join(FILE));
    let stamp = chrono::Utc::now().format("%Y%m%dT%H%M%SZ").to_string();
    let done = tokio::task::spawn_blocking(move || {
        sqlite::restore(&from, &path, &stamp).map(|done| (done, path))
    })
    .await;
    let (done, path) = done
        .or_cannot_start("restore")?
        .or_cannot_start("restore")?;
    say!(
        "{}: {} bytes, schema {}, copied and checked",
        path.display(),
        done.bytes,
        done.schema
    );
    say!(
        "everybody has to sign in anew; API keys, host keys and roles that were taken away after the backup was made are good again: look at `hypernode operator trail` of what was there before, and take them away once more"
    );
    if let Some(aside) = done.aside {
        say!("what was there before: {}", aside.display());
    }
    Ok(())
}

async fn check(common: &Common) -> Outcome {
    let dir = config::load(common)?.path("data.dir").unwrap_or_default();
    let path = dir.join(FILE);
    access::expect_some(&dir)?;
    let look = path.clone();
    let seen = tokio::task::spawn_blocking(move || sqlite::inspect(&look)).await;
    let seen = seen
        .or_cannot_start("state check")?
        .map_err(|error| Failure::No(error.to_string()))?;
    let wrong = tell(&path, &seen);
    match wrong {
        0 => Ok(()),
        1 => Err(Failure::No("1 thing is wrong".to_owned())),
        count => Err(Failure::No(format!("{count} things are wrong"))),
    }
}

/// Says what was seen; how much of it is wrong.
fn tell(path: &Path, seen: &Inspection) -> usize {
    let shown = path.display();
    match &seen.damage {
        None => say!(
            "ok    pages       {shown}: {} bytes, and {} in its log, all sound",
            seen.bytes,
            seen.log_bytes
        ),
        Some(damage) => say!(
            "WRONG pages       {shown}: damaged ({damage}); stop the instance, then `hypernode state restore --from FILE`"
        ),
    }
    match seen.schema {
        (found, known) if found == known => {
            say!("ok    migrations  {found}, as this program has them");
        }
        (found, known) => {
            say!("ok    migrations  {found}; the next start applies those up to {known}");
        }
    }
    for (file, mode) in &seen.open_to_others {
        say!(
            "WRONG mode        {}: others can read it (mode {mode:o}); `chmod 600` it, or start the instance as its owner",
            file.display()
        );
    }
    if seen.open_to_others.is_empty() {
        say!("ok    mode        only the owner reads it");
    }
    usize::from(seen.damage.is_some()) + seen.open_to_others.len()
}
