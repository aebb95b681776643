//! The operator's wish to have slots written again, heard by the running indexer.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hypernode_decoder::Decoder;
use hypernode_warehouse::operator::{self, Kind, Request};
use hypernode_warehouse::{Client, WarehouseError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{RepairOptions, rewrite};
use crate::pipeline::fill::FillStatus;
use crate::pipeline::status::StatusHandle;
use crate::pipeline::store::Work;
use crate::recording::Format;
use crate::rpc::Pool;
use crate::verify::{Source, VerifyError};

/// How often it is looked for wishes.
const EVERY: Duration = Duration::from_secs(1);

/// Who answers them.
pub(in crate::pipeline) struct Requests {
    pub(in crate::pipeline) client: Client,
    pub(in crate::pipeline) decoder: Arc<Decoder>,
    pub(in crate::pipeline) rpc: Option<Pool>,
    pub(in crate::pipeline) out: mpsc::WeakSender<Work>,
    pub(in crate::pipeline) status: StatusHandle,
}

impl Requests {
    /// Answers wishes until `stop`. One that was cut off by the end of an earlier run is begun anew.
    pub(in crate::pipeline) async fn answer(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.cancelled() => return,
            }
            // An absent ClickHouse is told of by the writer.
            let mut wishes = Vec::new();
            for kind in [Kind::Repair, Kind::Backfill] {
                let pending = operator::pending(&self.client, kind).await;
                let pending = pending.unwrap_or_default();
                wishes.extend(pending.into_iter().map(|request| (kind, request)));
            }
            for (kind, request) in wishes {
                let answered = tokio::select! {
                    answered = self.one(kind, &request) => answered,
                    () = stop.cancelled() => return,
                };
                self.status.update(|status| status.rewriting = None);
                if let Err(error) = answered {
                    tracing::warn!(%error, "a repair waits");
                    break;
                }
            }
        }
    }

    async fn one(&self, kind: Kind, request: &Request) -> Result<(), WarehouseError> {
        let (from, to) = (request.slot_lo, request.slot_hi);
        let what = kind.name();
        tracing::info!(
            from,
            to,
            source = request.source,
            what,
            "slots are written on request"
        );
        let done = match read_source(&request.source, self.rpc.as_ref()) {
            Ok(source) => {
                let options = RepairOptions {
                    from,
                    to,
                    source,
                    missing: kind == Kind::Backfill,
                    chosen: false,
                };
                let begun = Instant::now();
                let progress = |slot: u64| self.tell((from, to), slot, begun);
                let (client, out) = (self.client.clone(), self.out.clone());
                rewrite(options, Arc::clone(&self.decoder), client, out, progress).await
            }
            Err(why) => Err(VerifyError::Range(why)),
        };
        if done.is_ok() && kind == Kind::Backfill {
            self.status.update(|status| status.missing.stored(from, to));
        }
        let (done, text) = match done {
            Ok(done) => (true, done.text(kind == Kind::Backfill)),
            Err(VerifyError::Warehouse(error)) if error.is_retryable() => return Err(error),
            Err(error) => (false, error.to_string()),
        };
        tracing::info!(done, "{text}");
        operator::answer(&self.client, request.id, done, &text).await
    }

    fn tell(&self, (from, to): (u64, u64), slot: u64, begun: Instant) {
        let done = slot.saturating_add(1).saturating_sub(from);
        let per_second = done as f64 / begun.elapsed().as_secs_f64().max(1e-3);
        self.status.update(|status| {
            status.rewriting = Some(FillStatus {
                from,
                to,
                done,
                per_second,
                stuck: None,
            });
        });
    }
}

/// A source as a request names it: `rpc` for the instance's own, or `recording:FORMAT:SLOT:PATH`.
fn read_source(text: &str, rpc: Option<&Pool>) -> Result<Source, String> {
    if text == "rpc" {
        let none = "this instance knows no RPC endpoint: set rpc.url, or give --against RECORDING";
        return rpc.cloned().map(Source::Rpc).ok_or_else(|| none.to_owned());
    }
    let unknown = || format!("unknown source {text:?}");
    let rest = text.strip_prefix("recording:").ok_or_else(unknown)?;
    let mut parts = rest.splitn(3, ':');
    let mut next = || parts.next().ok_or_else(unknown);
    let format: Format = next()?.parse()?;
    let slot = Some(next()?).filter(|text| !text.is_empty());
    let slot = slot
        .map(|text| text.parse().map_err(|_| unknown()))
        .transpose()?;
    Ok(Source::Recording {
        path: PathBuf::from(next()?),
        format,
        slot,
    })
}

impl Source {
    /// How a request to a running indexer names it.
    #[must_use]
    pub fn request(&self) -> String {
        match self {
            Self::Rpc(_) => "rpc".to_owned(),
            Self::Recording { path, format, slot } => {
                let slot = slot.map(|slot| slot.to_string()).unwrap_or_default();
                format!("recording:{}:{slot}:{}", format.name(), path.display())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_as_it_was_written() {
        for (format, slot) in [(Format::Auto, None), (Format::GetBlock, Some(7))] {
            let source = Source::Recording {
                path: "/a:b/c.bin.zst".into(),
                format,
                slot,
            };
            let Ok(Source::Recording {
                path,
                format: found,
                slot: at,
            }) = read_source(&source.request(), None)
            else {
                panic!("{}", source.request());
            };
            assert_eq!((path, found, at), ("/a:b/c.bin.zst".into(), format, slot));
        }
        assert!(read_source("rpc", None).is_err_and(|why| why.contains("rpc.url")));
        assert!(read_source("recording:auto", None).is_err());
    }
}
