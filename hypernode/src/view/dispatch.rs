//! What a running dispatcher tells: its part of the status, and its metrics.

use std::fmt;
use std::sync::Arc;

use hypernode_dispatch::facts::Progress;
use hypernode_dispatch::service::{COMMIT_MS, Counted, FAULTS, Figures};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use serde_json::{Value, json};

use crate::dispatching::Dispatching;

/// Where a dispatcher's figures are read.
#[derive(Debug, Clone)]
pub(crate) struct DispatchReport {
    figures: Arc<Figures>,
    progress: Arc<Progress>,
    key: String,
    manifests: usize,
}

impl DispatchReport {
    pub(crate) fn new(dispatching: &Dispatching) -> Self {
        Self {
            figures: Arc::clone(&dispatching.figures),
            progress: Arc::clone(&dispatching.progress),
            key: dispatching.paper.key().to_owned(),
            manifests: dispatching.catalog.iter().count(),
        }
    }

    /// Its part of the status.
    pub(crate) fn json(&self) -> Value {
        let now = self.figures.get();
        let missed: serde_json::Map<String, Value> = FAULTS
            .iter()
            .zip(now.missed)
            .map(|(word, n)| ((*word).to_owned(), n.into()))
            .collect();
        json!({
            "state": if now.working { "running" } else { "starting" },
            "as_of_slot": now.slot,
            "queued": now.queued,
            "open": now.open,
            "nodes": now.nodes,
            "day": now.day,
            "key": self.key,
            "submitted": now.submitted,
            "offers": now.offers,
            "runs": now.runs,
            "credits": now.credits,
            "stale": now.stale,
            "missed": missed,
            "manifests": self.manifests,
            "facts": {
                "acked": self.progress.acked(),
                "carried": self.progress.carried(),
                "failing": self.progress.failing(),
            },
        })
    }
}

/// The figures as Prometheus reads them; zeros where there is no dispatcher.
#[derive(Debug)]
pub(crate) struct Dispatch(pub(crate) Option<DispatchReport>);

type Gauge = (&'static str, &'static str, fn(&Counted) -> u64);

const GAUGES: [Gauge; 6] = [
    ("working", "1 while jobs are given to nodes", |now| {
        now.working.into()
    }),
    ("queued", "Jobs that wait for a node", |now| now.queued),
    ("open", "Jobs that have not ended", |now| now.open),
    ("nodes", "Nodes that are connected", |now| now.nodes),
    (
        "score_slot",
        "Slot that the scores of decisions are of",
        |now| now.slot,
    ),
    (
        "secret_day",
        "Day whose secret decisions are made with, in days since 1970",
        |now| now.day,
    ),
];

const COUNTERS: [Gauge; 5] = [
    ("submitted", "Jobs taken in", |now| now.submitted),
    ("offers", "Offers made to nodes", |now| now.offers),
    ("runs", "Runs begun", |now| now.runs),
    ("credits", "Nodes credited (I-44)", |now| now.credits),
    (
        "stale",
        "Answers refused because their fence was no longer in force (I-43)",
        |now| now.stale,
    ),
];

impl Collector for Dispatch {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        let now = match &self.0 {
            Some(report) => report.figures.get(),
            None => Counted::default(),
        };
        for (name, help, read) in GAUGES {
            let metric = to.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(read(&now) as f64).encode(metric)?;
        }
        for (name, help, read) in COUNTERS {
            let metric = to.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(read(&now)).encode(metric)?;
        }
        let facts = self.0.as_ref().map(|report| &report.progress);
        let (carried, failing) = facts.map_or((0, false), |f| (f.carried(), f.failing()));
        let help = "Messages carried into the warehouse";
        let metric = to.encode_descriptor("facts_carried", help, None, MetricType::Counter)?;
        ConstCounter::new(carried).encode(metric)?;
        let help = "1 where the last attempt to carry facts into the warehouse failed";
        let metric = to.encode_descriptor("facts_failing", help, None, MetricType::Gauge)?;
        ConstGauge::new(f64::from(failing)).encode(metric)?;
        let help = "Attempts that came to nothing, by why";
        let mut metric = to.encode_descriptor("missed", help, None, MetricType::Counter)?;
        for (word, n) in FAULTS.iter().zip(now.missed) {
            let labels = [("fault", *word)];
            ConstCounter::new(n).encode(metric.encode_family(&labels)?)?;
        }
        let help = "Time that the store took for a group of changes (I-45)";
        let mut metric =
            to.encode_descriptor("commit", help, Some(&Unit::Seconds), MetricType::Histogram)?;
        let bounds = COMMIT_MS.iter().map(|ms| *ms as f64 / 1_000.0);
        // The library's word for the last bucket is the largest number.
        let buckets: Vec<(f64, u64)> = bounds.chain([f64::MAX]).zip(now.commits).collect();
        let (sum, count) = (now.commit_micros as f64 / 1e6, now.commits.iter().sum());
        metric.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }
}
