//! What answers and refreshes cost over histories of different lengths.

mod history;

use std::time::{Duration, Instant};

use clickhouse::Row;
use hypernode_score::FeeAccounts;
use hypernode_warehouse::{Client, migrate};
use serde::Deserialize;

use crate::metrics::Figures;
use crate::query::{self, Error};
use crate::{activity, panels, reputation, rollup, validation};
use history::{EVENTS, History, NODES, PER_SLOT, run};

/// Slots between the newest final one and the newest stored one.
const TAIL: u64 = 40;
/// Slots whose payments reach every node once.
const ALL_NODES: u64 = NODES / 4;
/// A batch as it comes live: four windows.
const BATCH: u64 = 16;
/// A window as it is stored live: slots, and time between two.
const WINDOW: u64 = 4;
const LIVE: Duration = Duration::from_millis(1_600);
/// Times that each answer is asked for.
const ROUNDS: usize = 100;

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    /// Of what.
    pub what: String,
    /// Events of the history.
    pub events: u64,
    /// Median, milliseconds.
    pub p50_ms: f64,
    /// The slowest of a hundred, or the only one.
    pub p99_ms: f64,
    /// Times that it was measured.
    pub rounds: usize,
}

/// Grows a history to each of `sizes` (events, ascending) and measures, at each of them, what it costs to refresh and to
/// answer. The warehouse must be empty. `tell` hears what is going on. `ask` is called while windows are published as live ones
/// are; it asks for answers as clients do, for so long, and gives what each kind of answer took, in milliseconds.
///
/// # Errors
/// What the warehouse refuses.
pub async fn scale(
    client: &Client,
    sizes: &[u64],
    mut tell: impl FnMut(&Timing),
    mut ask: impl AsyncFnMut(Duration) -> Vec<(String, Vec<f64>)>,
) -> Result<(), Error> {
    migrate::migrate(client).await?;
    let mut history = History::default();
    for size in sizes {
        let mut bench = Bench {
            client,
            events: *size,
            tell: &mut tell,
        };
        bench.size(&mut history, &mut ask).await?;
    }
    Ok(())
}

/// As [`scale`] on tables that it left: grows the history by what is measured, and measures refreshing and answering once more.
///
/// # Errors
/// What the warehouse refuses.
pub async fn again(
    client: &Client,
    mut tell: impl FnMut(&Timing),
    mut ask: impl AsyncFnMut(Duration) -> Vec<(String, Vec<f64>)>,
) -> Result<(), Error> {
    migrate::migrate(client).await?;
    let mut history = History::found(client).await?;
    let begin = history.end();
    let mut bench = Bench {
        client,
        events: history.jobs * EVENTS,
        tell: &mut tell,
    };
    let more = (BATCH + ALL_NODES + BATCH + TAIL) * PER_SLOT;
    history.grow(client, history.jobs + more).await?;
    let keepers = Keepers::new(client);
    let first = "the first batch after a start";
    bench
        .refresh(keepers, first, (begin, history.end()), &mut ask)
        .await
}

/// What keeps scores and sums.
struct Keepers {
    metrics: rollup::Keeper,
    scores: reputation::Keeper,
}

impl Keepers {
    fn new(client: &Client) -> Self {
        Self {
            metrics: rollup::Keeper::new(client.clone()),
            scores: reputation::Keeper::new(client.clone(), accounts()),
        }
    }
}

fn accounts() -> Vec<FeeAccounts> {
    vec![FeeAccounts {
        first_slot: 0,
        last_slot: u64::MAX,
        treasury: key("treasury"),
        incentive: key("incentive"),
    }]
}

struct Bench<'a, T> {
    client: &'a Client,
    events: u64,
    tell: &'a mut T,
}

impl<T: FnMut(&Timing)> Bench<'_, T> {
    async fn size(
        &mut self,
        history: &mut History,
        ask: &mut impl AsyncFnMut(Duration) -> Vec<(String, Vec<f64>)>,
    ) -> Result<(), Error> {
        let client = self.client;
        for table in [
            "ingest_ledger",
            "metrics_hours",
            "job_changes",
            "node_changes",
            "reputation_evidence",
            "reputation_scores",
            "reputation_sums",
            "reputation_roots",
            "reputation_paths",
            "reputation_checkpoints",
        ] {
            run(client, &format!("TRUNCATE TABLE {table}")).await?;
        }
        self.once(
            "making the history",
            history.grow(client, self.events / EVENTS),
        )
        .await?;
        let end = history.end();
        let base = end - TAIL - BATCH - ALL_NODES - BATCH;
        let text = reputation::write_accounts(&accounts());
        History::publish(client, (1, base), base).await?;
        self.once("making its evidence", history.judged(client, &text, base))
            .await?;
        let mut keepers = Keepers::new(client);
        self.once("metrics, all of it", to_the_end(&mut keepers.metrics))
            .await?;
        let first = "the first batch of a day: all nodes anew, and the root of the day before";
        self.refresh(keepers, first, (base, end), ask).await
    }

    /// Publishes the slots after `base` up to `end`, and measures what that costs.
    async fn refresh(
        &mut self,
        mut keepers: Keepers,
        first_batch: &str,
        (base, end): (u64, u64),
        ask: &mut impl AsyncFnMut(Duration) -> Vec<(String, Vec<f64>)>,
    ) -> Result<(), Error> {
        let client = self.client;
        let (first, second, third) = (
            end - TAIL - BATCH - ALL_NODES,
            end - TAIL - BATCH,
            end - TAIL,
        );
        let mut from = base;
        for (what, to) in [
            (first_batch, first),
            ("a batch of 40,000 events that reaches 10,000 nodes", second),
            ("a live batch of 256 events", third),
        ] {
            History::publish(client, (from + 1, to), to).await?;
            from = to;
            self.once(&format!("scores, {what}"), async {
                while keepers.scores.step().await?.slot.is_some() {}
                Ok(())
            })
            .await?;
            self.once(
                &format!("metrics, {what}"),
                to_the_end(&mut keepers.metrics),
            )
            .await?;
        }
        let windows = (third..end).step_by(usize::try_from(WINDOW).unwrap_or(1));
        let time = LIVE * u32::try_from(TAIL.div_ceil(WINDOW)).unwrap_or(1);
        let publishing = async {
            for before in windows {
                History::publish(client, (before + 1, (before + WINDOW).min(end)), third).await?;
                tokio::time::sleep(LIVE).await;
            }
            Ok::<_, Error>(())
        };
        let (published, asked) = tokio::join!(publishing, ask(time));
        published?;
        for (what, times) in asked {
            self.told(&format!("{what}, live"), times);
        }
        self.answers(end).await?;
        for group in panels::groups() {
            for panel in &group.panels {
                let parameters = panel.header.parameters.iter();
                let values: Vec<u64> = parameters.map(|parameter| parameter.default).collect();
                let name = format!("panel {}/{}", group.name, panel.name);
                self.often(&name, 5, async || {
                    panels::run(client, panel, &values).await.map(drop)
                })
                .await?;
            }
        }
        Ok(())
    }

    async fn answers(&mut self, end: u64) -> Result<(), Error> {
        let client = self.client;
        let mut slots = (end - TAIL / 2..=end).cycle();
        self.often("figures of a new slot", ROUNDS, async || {
            let slot = slots.next().unwrap_or(end);
            Figures::load(client, slot).await.map(drop)
        })
        .await?;
        self.often("50 receipts", ROUNDS, async || {
            validation::receipts(client, end, 50).await.map(drop)
        })
        .await?;
        self.often("newest jobs", ROUNDS, async || {
            activity::recent_jobs(client, end).await.map(drop)
        })
        .await?;
        self.often("newest nodes", ROUNDS, async || {
            activity::recent_nodes(client, end).await.map(drop)
        })
        .await?;
        #[derive(Row, Deserialize)]
        struct Scored {
            node: [u8; 32],
        }
        let sql = "SELECT node FROM reputation_scores ORDER BY cityHash64(node) LIMIT 100";
        let nodes: Vec<Scored> = query::rows(client, "nodes", sql).await?;
        let mut nodes = nodes.iter().cycle();
        self.often("score of a node", ROUNDS, async || match nodes.next() {
            Some(scored) => reputation::at(client, &scored.node, None).await.map(drop),
            None => Ok(()),
        })
        .await
    }

    async fn once(
        &mut self,
        what: &str,
        work: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        let begun = Instant::now();
        work.await?;
        self.told(what, vec![begun.elapsed().as_secs_f64() * 1e3]);
        Ok(())
    }

    async fn often(
        &mut self,
        what: &str,
        rounds: usize,
        mut work: impl AsyncFnMut() -> Result<(), Error>,
    ) -> Result<(), Error> {
        // The first one reads what is cold.
        work().await?;
        let mut times = Vec::new();
        for _ in 0..rounds {
            let begun = Instant::now();
            work().await?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        self.told(what, times);
        Ok(())
    }

    fn told(&mut self, what: &str, mut times: Vec<f64>) {
        times.sort_by(f64::total_cmp);
        let at = |share: usize| {
            let place = (times.len() * share).div_ceil(100).max(1) - 1;
            (times.get(place).copied().unwrap_or_default() * 10.0).round() / 10.0
        };
        (self.tell)(&Timing {
            what: what.to_owned(),
            events: self.events,
            p50_ms: at(50),
            p99_ms: at(99),
            rounds: times.len(),
        });
    }
}

async fn to_the_end(keeper: &mut rollup::Keeper) -> Result<(), Error> {
    while keeper.step().await?.slot.is_some() {}
    Ok(())
}

fn key(name: &str) -> [u8; 32] {
    let mut key = [0; 32];
    for (place, byte) in key.iter_mut().zip(name.bytes()) {
        *place = byte;
    }
    key
}
