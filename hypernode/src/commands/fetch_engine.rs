//! `hypernode fetch-engine`: the embedded engine's library, so that nothing has to be fetched later.

use hypernode_warehouse::library;

use crate::cli::CommonOnly;
use crate::config;
use crate::exit::{OrCannotStart as _, Outcome};
use crate::out::say;

pub(crate) async fn run(args: &CommonOnly) -> Outcome {
    let settings = config::load(&args.common)?;
    let setting = settings.path("clickhouse.library");
    let path = library::locate_or_fetch(setting.as_deref())
        .await
        .or_cannot_start("embedded engine")?;
    say!("{}", path.display());
    Ok(())
}
