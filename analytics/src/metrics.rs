//! The network's figures. Each is defined once: here by its meaning, in `sql/figures.sql` and the views by its query.

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::Deserialize;

use crate::query::{self, Error};
use crate::rollup;

/// The job types that the programs know, in their order on chain.
pub const JOB_TYPES: [&str; 6] = [
    "llm_inference",
    "llm_fine_tuning",
    "rag_indexing",
    "vision_pipeline",
    "render",
    "generic_compute",
];

/// Every figure of the network as of one slot. Amounts are base units of HYPER.
#[derive(Debug, Clone, PartialEq, Eq, Default, Row, Deserialize)]
pub struct Figures {
    /// Block time of the last block up to the slot, Unix seconds; 0 before the first block.
    pub as_of_time: u32,
    /// Nodes that are registered now: registered at least once and not deregistered since.
    pub nodes_registered: u64,
    /// Registered nodes whose last status is online (a registration itself sets it).
    pub nodes_active: u64,
    /// Nodes that were registered and are so no longer.
    pub nodes_departed: u64,
    /// Nodes that were registered in the last 24 hours, each once.
    pub nodes_24h: u64,
    /// The same for the last 7 days.
    pub nodes_7d: u64,
    /// Jobs that any event names, their creation seen or not.
    pub jobs_total: u64,
    /// Jobs whose creation was seen (`JobCreated`).
    pub jobs_created: u64,
    /// Jobs that wait for a node.
    pub jobs_pending: u64,
    /// Jobs assigned to a node and not ended.
    pub jobs_running: u64,
    /// Jobs with a result, whoever submitted it.
    pub jobs_completed: u64,
    /// Jobs that failed and were not completed.
    pub jobs_failed: u64,
    /// Jobs that were cancelled, neither completed nor failed.
    pub jobs_cancelled: u64,
    /// Jobs with a settlement.
    pub jobs_settled: u64,
    /// Jobs created in the last 24 hours.
    pub jobs_24h: u64,
    /// The same for the last 7 days.
    pub jobs_7d: u64,
    /// Names of the job types that occur; `job_type_counts` has their numbers.
    pub job_types: Vec<String>,
    /// Jobs of each of `job_types`.
    pub job_type_counts: Vec<u64>,
    /// Price of the jobs that were created and neither settled nor cancelled.
    pub locked: u128,
    /// Price of the completed jobs.
    pub completed_price: u128,
    /// Completed jobs whose running time is known.
    pub runs: u64,
    /// Sum of their running times, assigned to completed, milliseconds of block time.
    pub runs_ms: u128,
    /// Their 50th, 95th and 99th percentile, milliseconds: the shortest time that at least so many of them did not exceed.
    pub run_quantiles_ms: Vec<u64>,
    /// Created jobs that were ever assigned.
    pub waits: u64,
    /// Sum of their times from creation to the first assignment, milliseconds of block time.
    pub waits_ms: u128,
    /// The percentiles of these, as above.
    pub wait_quantiles_ms: Vec<u64>,
    /// Settlements (`PaymentDistributed`).
    pub payments: u64,
    /// Operator, treasury and incentive amounts of all settlements.
    pub paid_total: u128,
    /// The same for the last 24 hours.
    pub paid_24h: u128,
    /// The same for the last 7 days.
    pub paid_7d: u128,
}

impl Figures {
    /// All figures up to `as_of` (a slot): from the sums that are kept and what came after them, else from all facts.
    ///
    /// # Errors
    /// When the warehouse does not answer.
    pub async fn load(client: &Client, as_of: u64) -> Result<Self, Error> {
        match rollup::figures(client, as_of).await? {
            Some(figures) => Ok(figures),
            None => Self::of_all_facts(client, as_of).await,
        }
    }

    /// Computes all figures up to `as_of` from every fact, by their definition. Takes longer the more there are.
    ///
    /// # Errors
    /// When the warehouse does not answer.
    pub async fn of_all_facts(client: &Client, as_of: u64) -> Result<Self, Error> {
        let sql = query::fill(include_str!("sql/figures.sql"), &[("as_of", as_of)]);
        query::row(client, "the network's figures", &sql).await
    }

    /// Registered nodes that are not active.
    #[must_use]
    pub fn nodes_offline(&self) -> u64 {
        self.nodes_registered.saturating_sub(self.nodes_active)
    }

    /// Jobs of one type; 0 for a type that does not occur.
    #[must_use]
    pub fn jobs_of_type(&self, job_type: &str) -> u64 {
        self.job_types
            .iter()
            .zip(&self.job_type_counts)
            .find(|(name, _)| *name == job_type)
            .map_or(0, |(_, count)| *count)
    }

    /// Jobs of types outside [`JOB_TYPES`], unknown ones included.
    #[must_use]
    pub fn jobs_of_other_types(&self) -> u64 {
        let known: u64 = JOB_TYPES.iter().map(|name| self.jobs_of_type(name)).sum();
        self.jobs_total.saturating_sub(known)
    }

    /// Mean running time in milliseconds, 0 without one.
    #[must_use]
    pub fn mean_run_ms(&self) -> f64 {
        if self.runs == 0 {
            return 0.0;
        }
        // Tenths, by integers: a floating sum would depend on the engine's order of addition.
        let tenths = self.runs_ms.saturating_mul(10) / u128::from(self.runs);
        crate::amount::to_hyper(tenths, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_looked_up_by_name() {
        let figures = Figures {
            jobs_total: 6,
            job_types: vec!["render".into(), "unknown_9".into()],
            job_type_counts: vec![4, 2],
            ..Figures::default()
        };
        assert_eq!(figures.jobs_of_type("render"), 4);
        assert_eq!(figures.jobs_of_type("llm_inference"), 0);
        assert_eq!(figures.jobs_of_other_types(), 2);
    }

    #[test]
    fn the_mean_is_kept_to_a_tenth() {
        let figures = Figures {
            runs: 3,
            runs_ms: 4000,
            ..Figures::default()
        };
        assert_eq!(figures.mean_run_ms(), 1333.3);
        assert_eq!(Figures::default().mean_run_ms(), 0.0);
    }
}
