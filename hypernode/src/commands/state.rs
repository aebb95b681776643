//! `hypernode state`: the store of accounts, as a file.

use crate::access;
use crate::cli::accounts::{State, StateAction};
use crate::config;
use crate::exit::{OrCannotStart as _, Outcome};
use crate::out::say;

pub(crate) async fn run(args: &State) -> Outcome {
    let StateAction::Backup { common, to } = &args.action;
    let settings = config::load(common)?;
    let dir = settings.path("data.dir").unwrap_or_default();
    let store = access::existing(&dir).await?;
    let report = store.backup(to.clone()).await.or_cannot_start("backup")?;
    say!(
        "{}: {} bytes, schema {}, copied and checked in {} ms",
        to.display(),
        report.bytes,
        report.schema,
        report.took.as_millis()
    );
    Ok(())
}
