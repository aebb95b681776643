//! Keeps the index digest beside the indexer.

use std::time::Duration;

use hypernode_analytics::digest::{Header, Keeper, ProgramIdl};
use hypernode_decoder::ProgramConfig;
use hypernode_schemas::canonical;
use hypernode_warehouse::Client;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::programs::base58;

/// How often the final chain is looked at: a live window is stored every 1.6 s.
const EVERY: Duration = Duration::from_secs(2);
/// Pause after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

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

/// Follows the finalized chain until `stop`; a warehouse that is away is waited for.
pub(super) async fn keep(
    client: Client,
    mut headers: watch::Receiver<Header>,
    stop: CancellationToken,
) {
    let mut keeper = Keeper::new(client, headers.borrow_and_update().clone());
    let mut failing = false;
    loop {
        if headers.has_changed().unwrap_or(false) {
            keeper.set_header(headers.borrow_and_update().clone());
        }
        let pause = match keeper.step().await {
            Ok(step) => {
                failing = false;
                // A full step: more is waiting.
                if step.leaves >= hypernode_analytics::digest::STEP {
                    Duration::ZERO
                } else {
                    EVERY
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%error, "the index digest waits");
                }
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
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
