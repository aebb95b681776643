//! Account updates of a recording: none may be dropped, so the reader waits where the warehouse is slower.

use std::sync::Arc;

use hypernode_decoder::accounts::{AccountDecoder, AccountRows};
use hypernode_schemas::table::TableRows;
use tokio::sync::mpsc;
use yellowstone_grpc_proto::geyser::SubscribeUpdateAccount;

use super::Seen;

/// Bytes of rows that are sent at once.
const BATCH: usize = 8 << 20;

/// Gathers rows on the reader's thread.
#[derive(Debug)]
pub(crate) struct Collector {
    decoder: Arc<AccountDecoder>,
    rows: AccountRows,
    batches: mpsc::Sender<Vec<TableRows>>,
}

impl Collector {
    pub(crate) fn new(decoder: Arc<AccountDecoder>, batches: mpsc::Sender<Vec<TableRows>>) -> Self {
        Self {
            rows: AccountRows::new(&decoder),
            decoder,
            batches,
        }
    }

    /// Takes an update; `false`: it is no account.
    pub(crate) fn take(&mut self, update: SubscribeUpdateAccount) -> bool {
        let Some(seen) = Seen::new(update) else {
            return false;
        };
        self.decoder.decode(&seen.version(), &mut self.rows);
        if self.rows.bytes() >= BATCH {
            self.send();
        }
        true
    }

    fn send(&mut self) {
        let rows = self.rows.take();
        if !rows.is_empty() {
            // Whoever stores them has failed then, and says so.
            let _ = self.batches.blocking_send(rows);
        }
    }
}

impl Drop for Collector {
    /// The last rows: the reader ends by dropping the recording.
    fn drop(&mut self) {
        self.send();
    }
}
