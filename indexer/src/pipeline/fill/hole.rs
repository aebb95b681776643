//! One hole after the other, each from its low end until the stream attaches.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream;
use hypernode_warehouse::gaps::{self, GapState};
use tokio::sync::watch;

use super::{Fill, FillStatus, Wants};
use crate::geyser::Backoff;
use crate::rpc::{Commitment, Fetched, Pool, RpcError};
use crate::slots::Gap;

/// Slots of one `getBlocks`.
const CHUNK: u64 = 512;
/// Blocks that are walked back by their parent links where no endpoint lists them.
const MOST_UNLISTED: usize = 256;
/// A hole of more slots is beyond what servers commonly replay.
const REPLAYED: u64 = 150;
/// How long the slot machine may take over what it was sent before it is asked for again.
const ATTACH: Duration = Duration::from_secs(10);

/// Why a hole is not filled further for now.
enum Stop {
    /// An endpoint fails.
    Failed(RpcError),
    /// No endpoint holds this slot's block.
    Nobody { slot: u64, why: String },
    /// The endpoints have not come so far yet.
    Behind,
    /// Nobody takes what is fetched.
    Closed,
}

impl From<RpcError> for Stop {
    fn from(error: RpcError) -> Self {
        Self::Failed(error)
    }
}

/// A hole on its way.
struct Hole {
    /// First and last slot, as first told.
    range: (u64, u64),
    gap: Gap,
    /// The last slot up to which everything has been sent, or proven empty by the next block.
    sent: u64,
    /// The last block that was sent; what comes next must name it as its parent.
    linked: u64,
    begun: Instant,
    /// Of endpoints that fail, are behind, or hold nothing.
    backoff: Backoff,
    /// Of slots that nobody holds.
    slow: Backoff,
    /// The reason as last recorded.
    recorded: Option<String>,
    /// The stream was asked to begin anew.
    asked_stream: bool,
}

/// Fills holes for as long as it is polled.
pub(super) async fn fill(fill: &Fill, mut wants: watch::Receiver<Wants>) {
    let mut open: Option<Hole> = None;
    let mut lost = None;
    loop {
        let now = wants.borrow_and_update().clone();
        if now.lost.is_some() && now.lost != lost {
            lost = now.lost;
            if let Some(range) = lost {
                let why = "the source no longer holds them, and nothing was stored yet";
                fill.record(range, GapState::Open, why).await;
            }
        }
        let Some(gap) = now.hole else {
            if let Some(hole) = open.take() {
                hole.closed(fill).await;
            }
            if wants.changed().await.is_err() {
                return;
            }
            continue;
        };
        if open
            .as_ref()
            .is_some_and(|hole| gap.after >= hole.gap.before)
            && let Some(hole) = open.take()
        {
            hole.closed(fill).await;
        }
        let hole = match &mut open {
            Some(hole) => hole,
            None => open.insert(Hole::open(fill, gap).await),
        };
        // What was told to be the first block beyond it may have been another.
        hole.range.1 = hole.range.1.max(gap.before - 1);
        hole.gap = gap;
        let pause = match &fill.pool {
            Some(pool) => match hole.step(fill, pool).await {
                Ok(pause) => pause,
                Err(()) => return,
            },
            None => None,
        };
        let changed = wants.changed();
        match pause {
            Some(pause) => {
                // A change of the hole is news; the same hole is asked for again after the pause.
                let _ = tokio::time::timeout(pause, changed).await;
            }
            None => {
                if changed.await.is_err() {
                    return;
                }
            }
        }
    }
}

impl Hole {
    async fn open(fill: &Fill, gap: Gap) -> Self {
        let range = (
            gap.after + 1,
            gap.before.saturating_sub(1).max(gap.after + 1),
        );
        let why = match &fill.pool {
            Some(_) => "the source left them out; RPC is asked",
            None => "the source left them out, and rpc.url is not set",
        };
        tracing::warn!(from = range.0, to = range.1, "{why}");
        fill.record(range, GapState::Open, why).await;
        fill.status.update(|status| {
            status.fill = Some(FillStatus {
                from: range.0,
                to: range.1,
                stuck: fill.pool.is_none().then(|| why.to_owned()),
                ..FillStatus::default()
            });
        });
        Self {
            range,
            gap,
            sent: gap.after,
            linked: gap.after,
            begun: Instant::now(),
            backoff: Backoff::new(Duration::from_millis(250), Duration::from_secs(30)),
            slow: Backoff::new(Duration::from_secs(5), Duration::from_secs(600)),
            recorded: None,
            asked_stream: false,
        }
    }

    async fn closed(self, fill: &Fill) {
        let (from, to) = self.range;
        fill.status.update(|status| status.fill = None);
        tracing::info!(from, to, took = ?self.begun.elapsed(), "the hole is closed");
        // Of an earlier run of this process, or of single slots in it.
        let rows = gaps::list(&fill.client).await.unwrap_or_default();
        let within = |slot: u64| (from..self.gap.before).contains(&slot);
        for row in rows {
            let range = (row.slot_lo, row.slot_hi);
            if row.state == GapState::Open.name() && range != self.range && within(row.slot_hi) {
                fill.record(range, GapState::Filled, "the chain goes on beyond it")
                    .await;
            }
        }
        let why = "the chain goes on beyond it";
        fill.record(self.range, GapState::Filled, why).await;
    }

    /// Sends what can be had. Returns how long to wait for news before the next step; `Err`: nobody listens.
    async fn step(&mut self, fill: &Fill, pool: &Pool) -> Result<Option<Duration>, ()> {
        let reached = fill.published.borrow().unwrap_or(0).max(self.gap.after);
        if reached > self.linked {
            self.linked = reached;
        }
        self.sent = self.sent.max(reached);
        let stop = loop {
            if self.sent >= self.gap.before {
                // All of it is on its way; what does not attach is asked for again.
                (self.sent, self.linked) = (reached, reached);
                return Ok(Some(ATTACH.max(self.backoff.next())));
            }
            if let Err(stop) = self.chunk(fill, pool).await {
                break stop;
            }
            self.tell(fill, None);
            if fill
                .wants
                .borrow()
                .hole
                .is_none_or(|hole| hole.after > self.sent)
            {
                // Closed, or given up beyond here.
                return Ok(Some(Duration::ZERO));
            }
        };
        Ok(Some(match stop {
            Stop::Closed => return Err(()),
            Stop::Behind => self.backoff.next().max(Duration::from_millis(200)),
            Stop::Failed(error) => {
                tracing::warn!(%error, from = self.sent + 1, "the hole cannot be filled further yet");
                self.ask_stream(fill, &error.to_string());
                error.retry_after.unwrap_or_else(|| self.backoff.next())
            }
            Stop::Nobody { slot, why } => {
                let why = format!("no source holds slot {slot}: {why}");
                if self.recorded.as_ref() != Some(&why) {
                    tracing::error!(
                        slot,
                        "{why}; `hypernode gap accept` goes on without it, once that is what you want"
                    );
                    fill.record((slot, slot), GapState::Open, &why).await;
                    self.recorded = Some(why.clone());
                }
                self.ask_stream(fill, &why);
                self.slow.next()
            }
        }))
    }

    /// The stream's server may hold what RPC does not: it is asked once for each hole.
    fn ask_stream(&mut self, fill: &Fill, why: &str) {
        self.tell(fill, Some(why.to_owned()));
        if self.gap.before - self.gap.after <= REPLAYED && !self.asked_stream {
            self.asked_stream = true;
            fill.resync.send_modify(|count| *count += 1);
        }
    }

    fn tell(&self, fill: &Fill, stuck: Option<String>) {
        let (from, to) = self.range;
        let done = self.sent.min(to).saturating_sub(from.saturating_sub(1));
        let per_second = done as f64 / self.begun.elapsed().as_secs_f64().max(1e-3);
        fill.status.update(|status| {
            status.message.clone_from(&stuck);
            status.fill = Some(FillStatus {
                from,
                to,
                done,
                per_second,
                stuck,
            });
        });
    }

    /// Sends the next slots, as many as one list holds.
    async fn chunk(&mut self, fill: &Fill, pool: &Pool) -> Result<(), Stop> {
        let lo = self.sent + 1;
        let mut level = Commitment::Finalized;
        let mut tip = pool.tip(level).await?;
        if lo > tip {
            level = Commitment::Confirmed;
            tip = pool.tip(level).await?;
        }
        let hi = self.gap.before.min(tip).min(lo.saturating_add(CHUNK - 1));
        if lo > hi {
            return Err(Stop::Behind);
        }
        let slots = pool.slots(lo, hi, level).await?;
        let mut blocks = stream::iter(slots)
            .map(|slot| async move { (slot, pool.block(slot, level).await) })
            .buffered(pool.parallel());
        while let Some((slot, answer)) = blocks.next().await {
            let block = found(slot, answer?)?;
            if block.parent_slot > self.linked {
                self.unlisted(fill, pool, block.parent_slot, level).await?;
            }
            fill.deliver(*block, level)
                .await
                .map_err(|()| Stop::Closed)?;
            (self.sent, self.linked) = (slot, slot);
            self.backoff.reset();
            // Another slot that nobody holds is another matter.
            self.slow.reset();
            self.tell(fill, None);
        }
        self.sent = hi;
        Ok(())
    }

    /// Blocks that no list names although a block names them as its ancestors, back to what is linked.
    async fn unlisted(
        &mut self,
        fill: &Fill,
        pool: &Pool,
        from: u64,
        level: Commitment,
    ) -> Result<(), Stop> {
        let (mut at, mut found_blocks) = (from, Vec::new());
        while at > self.linked {
            let block = found(at, pool.block(at, level).await?)?;
            at = block.parent_slot;
            found_blocks.push(block);
            if found_blocks.len() > MOST_UNLISTED {
                return Err(Stop::Nobody {
                    slot: self.linked + 1,
                    why: format!("no endpoint lists the blocks up to slot {from}"),
                });
            }
        }
        for block in found_blocks.into_iter().rev() {
            fill.deliver(*block, level)
                .await
                .map_err(|()| Stop::Closed)?;
        }
        Ok(())
    }
}

fn found(slot: u64, answer: Fetched) -> Result<Box<hypernode_decoder::chain::Block>, Stop> {
    let why = match answer {
        Fetched::Block(block) => return Ok(block),
        Fetched::Skipped => {
            "called skipped, although a child names it or a list holds it".to_owned()
        }
        Fetched::NotAvailable(why) => format!("not available ({why})"),
        Fetched::MetaMissing(why) => why,
    };
    Err(Stop::Nobody { slot, why })
}
