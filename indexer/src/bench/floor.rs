//! The floor: rows that are encoded already, inserted in the engine's fastest public format.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use hypernode_warehouse::{Client, WarehouseError};

use crate::batch::Cut;

/// Inserts under way at once: as many as keep two cores busy.
const PARALLEL: usize = 4;

/// Blocks ready to be sent.
pub(super) struct Prepared {
    tables: Vec<(String, Bytes)>,
    pub(super) rows: u64,
}

pub(super) fn prepare(cuts: Vec<Cut>) -> Prepared {
    let (mut tables, mut rows) = (Vec::new(), 0);
    for table in cuts.into_iter().flat_map(|cut| cut.tables) {
        rows += table.rows;
        tables.push((table.table, table.native));
    }
    Prepared { tables, rows }
}

/// Inserts all of it, with the durable settings that every insert has.
pub(super) async fn insert(
    client: &Client,
    prepared: Prepared,
    round: u32,
) -> Result<Duration, WarehouseError> {
    let started = Instant::now();
    stream::iter(prepared.tables.into_iter().enumerate())
        .map(|(index, (table, native))| async move {
            client
                .insert_native(&table, native, &format!("bench-floor-{round}-{index}"))
                .await
        })
        .buffer_unordered(PARALLEL)
        .try_collect::<Vec<()>>()
        .await?;
    Ok(started.elapsed())
}
