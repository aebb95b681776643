//! The text of `/metrics`: what an instance does, as Prometheus reads it. `docs/metrics.md` lists what is here.

use std::fmt;

use hypernode_indexer::pipeline::{IndexerStatus, Latency, State, StatusHandle};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet, text,
};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge as GaugeValue};
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::{Registry, Unit};

use super::dispatch::{Dispatch, DispatchReport};
use crate::indexing::Kept;

type Read<T> = fn(&IndexerStatus) -> T;
type Labelled<T> = &'static [(&'static str, Read<T>)];

/// Where a metric's value comes from.
enum Source {
    Counter(Read<u64>),
    Gauge(Read<f64>),
    /// One per value of a label.
    Counters(&'static str, Labelled<u64>),
    Gauges(&'static str, Labelled<f64>),
    States,
    Histogram(Read<Latency>),
}

/// A metric of the indexer. `_total` and the unit are put behind the name.
struct Metric(&'static str, Option<Unit>, &'static str, Source);

use Source::{Counter, Counters, Gauge, Gauges, Histogram, States};

const BYTES: Option<Unit> = Some(Unit::Bytes);
const SECONDS: Option<Unit> = Some(Unit::Seconds);

const STATES: [State; 8] = [
    State::Starting,
    State::Running,
    State::Reconnecting,
    State::WaitingForWarehouse,
    State::Paused,
    State::Filling,
    State::Stalled,
    State::Stopped,
];

const METRICS: &[Metric] = &[
    Metric(
        "state",
        None,
        "1 for what the indexer is doing, 0 for all else",
        States,
    ),
    Metric(
        "slot",
        None,
        "Highest slot by what is known of it",
        Gauges(
            "mark",
            &[
                ("seen", |now| now.seen_slot as f64),
                ("confirmed", |now| now.confirmed_slot as f64),
                ("proven", |now| now.proven_slot as f64),
                ("stored", |now| now.as_of_slot as f64),
                ("finalized", |now| now.finalized_slot as f64),
            ],
        ),
    ),
    Metric(
        "slots",
        None,
        "Slots by what became of them",
        Counters(
            "outcome",
            &[
                ("published", |now| now.slots.published),
                ("skipped", |now| now.slots.skipped),
                ("dead", |now| now.slots.dead),
                ("ghost", |now| now.slots.ghosts),
                ("retracted", |now| now.slots.retracted),
                ("missing", |now| now.slots.missing),
            ],
        ),
    ),
    Metric(
        "pieces",
        None,
        "Pieces of slots that were of no use, by why",
        Counters(
            "why",
            &[
                ("duplicate", |now| now.slots.duplicates),
                ("late", |now| now.slots.late),
                ("conflict", |now| now.slots.conflicts),
                ("evicted", |now| now.slots.evicted),
                ("malformed", |now| now.malformed),
            ],
        ),
    ),
    Metric(
        "invariant_violations",
        None,
        "Times that an invariant of docs/INVARIANTS.md would have been broken; any is a bug",
        Counters("invariant", &[("I-01,I-02", |now| now.slots.violations)]),
    ),
    Metric(
        "blocks_stored",
        None,
        "Blocks stored",
        Counter(|now| now.blocks),
    ),
    Metric("rows_stored", None, "Rows stored", Counter(|now| now.rows)),
    Metric(
        "dead_letters",
        None,
        "Records, calls and accounts that no layout reads",
        Counter(|now| now.dead_letters),
    ),
    Metric(
        "reconnects",
        None,
        "Times the stream was connected again",
        Counter(|now| now.reconnects),
    ),
    Metric(
        "store",
        SECONDS,
        "Time ClickHouse took for a batch: inserts, reading back, ledger",
        Histogram(|now| now.storing),
    ),
    Metric(
        "store_retries",
        None,
        "Attempts to store or take back that failed and were made again",
        Counter(|now| now.store_retries),
    ),
    Metric(
        "gap_slots",
        None,
        "Slots of the hole that stops the chain; 0: none",
        Gauge(|now| {
            now.gap.map_or(0, |gap| {
                gap.before.saturating_sub(gap.after).saturating_sub(1)
            }) as f64
        }),
    ),
    Metric(
        "fill_slots_left",
        None,
        "Slots that are still to be fetched by RPC",
        Gauge(|now| {
            now.fill.as_ref().map_or(0, |fill| {
                (fill.to + 1).saturating_sub(fill.from + fill.done)
            }) as f64
        }),
    ),
    Metric(
        "fill_stuck",
        None,
        "1 where no source holds the next slot: see `hypernode gap`",
        Gauge(|now| f64::from(now.fill.as_ref().is_some_and(|fill| fill.stuck.is_some()))),
    ),
    Metric(
        "queue_messages",
        None,
        "Messages that wait",
        Gauges(
            "place",
            &[
                ("memory", |now| now.queue.messages as f64),
                ("disk", |now| now.queue.wal_messages as f64),
            ],
        ),
    ),
    Metric(
        "queue",
        BYTES,
        "Bytes that wait",
        Gauges(
            "place",
            &[
                ("memory", |now| now.queue.memory_bytes as f64),
                ("disk", |now| now.queue.wal_bytes as f64),
            ],
        ),
    ),
    Metric(
        "wal_limit",
        BYTES,
        "Bytes that the write-ahead files may take",
        Gauge(|now| now.queue.wal_limit as f64),
    ),
    Metric(
        "queue_oldest",
        SECONDS,
        "Age of the message that is next",
        Gauge(|now| now.queue.age()),
    ),
    Metric(
        "paused",
        None,
        "1 while nothing more is taken from the source",
        Gauge(|now| f64::from(now.queue.paused)),
    ),
    Metric(
        "account_observations",
        None,
        "Observations of accounts, by what became of them",
        Counters(
            "outcome",
            &[
                ("stored", |now| now.accounts.seen),
                ("dropped", |now| now.accounts.dropped),
            ],
        ),
    ),
    Metric(
        "account_snapshot_slot",
        None,
        "Slot of the last snapshot of all accounts",
        Gauge(|now| now.accounts.snapshot_slot as f64),
    ),
];

/// The status, read anew at each scrape.
#[derive(Debug)]
struct Indexer(StatusHandle);

impl Collector for Indexer {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let now = self.0.get();
        for Metric(name, unit, help, source) in METRICS {
            let unit = unit.as_ref();
            let kind = match source {
                Counter(_) | Counters(..) => MetricType::Counter,
                Histogram(_) => MetricType::Histogram,
                Gauge(_) | Gauges(..) | States => MetricType::Gauge,
            };
            let metric = encoder.encode_descriptor(name, help, unit, kind)?;
            source.encode(metric, &now)?;
        }
        Ok(())
    }
}

impl Source {
    fn encode(&self, mut metric: MetricEncoder<'_>, now: &IndexerStatus) -> fmt::Result {
        match self {
            Counter(read) => ConstCounter::new(read(now)).encode(metric),
            Gauge(read) => ConstGauge::new(read(now)).encode(metric),
            Counters(label, values) => family(&mut metric, label, values, |read| {
                ConstCounter::new(read(now))
            }),
            Gauges(label, values) => family(&mut metric, label, values, |read| {
                ConstGauge::new(read(now))
            }),
            States => {
                let values = STATES.map(|state| (state.name(), f64::from(state == now.state)));
                family(&mut metric, "state", &values, |value| {
                    ConstGauge::new(*value)
                })
            }
            Histogram(read) => {
                let latency = read(now);
                // The library's word for the last bucket is the largest number.
                let bounded = latency.buckets().map(|(bound, n)| (bound.min(f64::MAX), n));
                let buckets: Vec<_> = bounded.collect();
                let (sum, count) = (latency.total().as_secs_f64(), latency.count());
                metric.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
            }
        }
    }
}

fn family<T, M: EncodeMetric + TypedMetric>(
    metric: &mut MetricEncoder<'_>,
    label: &'static str,
    values: &[(&'static str, T)],
    read: impl Fn(&T) -> M,
) -> fmt::Result {
    for (value, source) in values {
        let labels = [(label, *value)];
        read(source).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

/// By what is kept.
type KeptGauges = Family<[(&'static str, &'static str); 1], GaugeValue>;

/// Writes what all metrics are now.
pub(crate) fn exposition(
    status: &StatusHandle,
    kept: &Kept,
    dispatch: Option<DispatchReport>,
    network: &str,
) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("hypernode");
    let build = [
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("network", escaped(network)),
    ];
    registry.register("build", "What runs", info(build.to_vec()));
    let indexer = registry.sub_registry_with_prefix("indexer");
    indexer.register_collector(Box::new(Indexer(status.clone())));
    let (slots, failing) = (KeptGauges::default(), KeptGauges::default());
    for (name, progress) in kept.all() {
        let label = [("what", name)];
        let slot = i64::try_from(progress.slot()).unwrap_or(i64::MAX);
        slots.get_or_create(&label).set(slot);
        failing.get_or_create(&label).set(progress.failing().into());
    }
    indexer.register(
        "kept_slot",
        "Last slot that is in what is kept beside",
        slots,
    );
    indexer.register(
        "kept_failing",
        "1 where the last step of what is kept beside failed",
        failing,
    );
    let dispatching = registry.sub_registry_with_prefix("dispatch");
    dispatching.register_collector(Box::new(Dispatch(dispatch)));
    let mut out = String::new();
    text::encode(&mut out, &registry)?;
    Ok(out)
}

/// The library writes a label's value as it is.
fn escaped(value: &str) -> String {
    let value = value.replace('\\', "\\\\");
    value.replace('"', "\\\"").replace('\n', "\\n")
}

fn info<S: EncodeLabelSet>(labels: S) -> prometheus_client::metrics::info::Info<S> {
    prometheus_client::metrics::info::Info::new(labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn names(text: &str) -> BTreeSet<&str> {
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.filter_map(|line| line.split(' ').next()).collect()
    }

    #[test]
    fn what_is_served_is_what_the_documentation_lists() {
        let text = exposition(&StatusHandle::new(), &Kept::default(), None, "a \"net\"").unwrap();
        let listed: BTreeSet<&str> = include_str!("../../../docs/metrics.md")
            .lines()
            .take_while(|line| !line.starts_with("## "))
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        assert_eq!(names(&text), listed, "{text}");
        for line in [
            "hypernode_build_info{version=\"0.1.0\",network=\"a \\\"net\\\"\"} 1",
            "hypernode_indexer_state{state=\"starting\"} 1",
            "hypernode_indexer_state{state=\"stalled\"} 0",
            "hypernode_indexer_invariant_violations_total{invariant=\"I-01,I-02\"} 0",
            "hypernode_indexer_store_seconds_bucket{le=\"+Inf\"} 0",
            "hypernode_dispatch_missed_total{fault=\"expired\"} 0",
            "hypernode_dispatch_commit_seconds_bucket{le=\"0.005\"} 0",
        ] {
            assert!(
                text.lines().any(|found| found.starts_with(line)),
                "{line}:\n{text}"
            );
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
