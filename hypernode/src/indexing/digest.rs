//! Keeps the index digest beside the indexer.

use hypernode_analytics::digest::{Header, Keeper, ProgramIdl, STEP};
use hypernode_decoder::ProgramConfig;
use hypernode_schemas::canonical;
use hypernode_warehouse::Client;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::keepers::Pace;
use super::kept::Progress;
use crate::programs::base58;

/// What a digest of these programs is of.
pub(crate) fn header(genesis: &str, programs: &[ProgramConfig]) -> Header {
    let idls = programs.iter().flat_map(|config| {
        let program = base58(&config.program_id);
        config.versions.iter().map(move |version| ProgramIdl {
            program: program.clone(),
            from_slot: version.from_slot,
            idl: hex::encode(version.idl.hash()),
        })
    });
    Header {
        genesis: genesis.to_owned(),
        map_version: canonical::VERSION,
        idls: idls.collect(),
    }
}

/// Follows the finalized chain until `stop`.
pub(super) async fn keep(
    client: Client,
    mut headers: watch::Receiver<Header>,
    progress: Progress,
    stop: CancellationToken,
) {
    let mut keeper = Keeper::new(client, headers.borrow_and_update().clone());
    let mut pace = Pace::new("leaves of the index digest", progress, stop);
    loop {
        if headers.has_changed().unwrap_or(false) {
            keeper.set_header(headers.borrow_and_update().clone());
        }
        // A full step: more is waiting.
        let step = keeper
            .step()
            .await
            .map(|step| (step.slot, step.leaves >= STEP));
        if !pace.rest(step).await {
            return;
        }
    }
}

/// Brings the digest up to what is stored, and returns.
pub(crate) async fn catch_up(
    client: &Client,
    header: Header,
) -> Result<(), hypernode_analytics::Error> {
    let mut keeper = Keeper::new(client.clone(), header);
    while keeper.step().await?.leaves > 0 {}
    Ok(())
}
