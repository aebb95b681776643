//! `hypernode migrate`: tables and views of this version, in the data directory's engine or on a server.

use hypernode_warehouse::migrate;

use crate::cli::CommonOnly;
use crate::config;
use crate::datadir::DataDir;
use crate::exit::{OrCannotStart as _, Outcome};
use crate::out::say;
use crate::store::Store;

pub(crate) async fn run(args: &CommonOnly) -> Outcome {
    let settings = config::load(&args.common)?;
    let data = DataDir::open(&settings.path("data.dir").unwrap_or_default())?;
    let store = Store::open(&settings, data.path()).await?;
    let report = migrate::migrate(&store.client)
        .await
        .or_cannot_start("migrate")?;
    for name in &report.applied {
        say!("applied {name}");
    }
    say!(
        "{} schema files applied now, {} before",
        report.applied.len(),
        report.present
    );
    store.close().await;
    Ok(())
}
