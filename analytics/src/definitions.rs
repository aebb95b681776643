//! The definitions of the network's figures: `figures.toml`, typed.

use std::sync::LazyLock;

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::{Deserialize, Serialize};

use crate::metrics::Figures;
use crate::newest;
use crate::query::{self, Error, fill};

const TEXT: &str = include_str!("../figures.toml");
/// Where every statement of evidence says how far it goes.
const UP_TO: &str = "slot <= ";
/// Transactions that a statement of evidence asks for.
const EVIDENCE: usize = 20;

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// What it is asked for by.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// `nodes`, `jobs`, `payments`, `base units` (of HYPER) or `ms`.
    pub unit: String,
    /// What it counts, in a sentence.
    pub meaning: String,
    /// The query over all facts that it is; `{as_of}` stands for the slot.
    sql: String,
    /// The query for the newest transactions behind it.
    evidence: String,
}

/// A transaction behind a figure.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct Evidence {
    /// Its slot.
    pub slot: u64,
    /// Its signature, base58.
    pub signature: String,
    /// The job or node that it is about, base58.
    pub about: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    figure: Vec<Definition>,
}

static ALL: LazyLock<Vec<Definition>> = LazyLock::new(|| match toml::from_str::<File>(TEXT) {
    Ok(file) => file.figure,
    // The file is part of the program, and a test reads it.
    Err(error) => {
        tracing::error!(%error, "figures.toml cannot be read");
        Vec::new()
    }
});

/// Every figure, in the file's order.
#[must_use]
pub fn all() -> &'static [Definition] {
    &ALL
}

impl Definition {
    /// The figure of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|figure| figure.name == name)
    }

    /// The query that it is, at slot `as_of`.
    #[must_use]
    pub fn sql(&self, as_of: u64) -> String {
        fill(self.sql.trim(), &[("as_of", as_of)])
    }

    /// The query for the newest transactions behind it.
    #[must_use]
    pub fn evidence_sql(&self, as_of: u64) -> String {
        fill(self.evidence.trim(), &[("as_of", as_of)])
    }

    /// The newest transactions behind it, at most twenty, newest first.
    ///
    /// # Errors
    /// When the warehouse does not answer.
    pub async fn evidence(&self, client: &Client, as_of: u64) -> Result<Vec<Evidence>, Error> {
        let sql = self.evidence_sql(as_of);
        let mut found = Vec::new();
        for from in newest::reaches(as_of) {
            let bounded = sql.replacen(UP_TO, &format!("slot >= {from} AND {UP_TO}"), 1);
            found = query::rows(client, "what a figure rests on", &bounded).await?;
            if found.len() >= EVIDENCE {
                break;
            }
        }
        Ok(found)
    }

    /// Its value among `figures`.
    #[must_use]
    pub fn value(&self, figures: &Figures) -> Option<u128> {
        let quantile =
            |of: &[u64], place: usize| of.get(place).map_or(0, |value| u128::from(*value));
        let mean = |sum: u128, of: u64| sum.checked_div(u128::from(of)).unwrap_or(0);
        let (run, wait) = (&figures.run_quantiles_ms, &figures.wait_quantiles_ms);
        Some(match self.name.as_str() {
            "nodes_registered" => figures.nodes_registered.into(),
            "nodes_active" => figures.nodes_active.into(),
            "nodes_departed" => figures.nodes_departed.into(),
            "nodes_24h" => figures.nodes_24h.into(),
            "nodes_7d" => figures.nodes_7d.into(),
            "jobs_total" => figures.jobs_total.into(),
            "jobs_created" => figures.jobs_created.into(),
            "jobs_pending" => figures.jobs_pending.into(),
            "jobs_running" => figures.jobs_running.into(),
            "jobs_completed" => figures.jobs_completed.into(),
            "jobs_failed" => figures.jobs_failed.into(),
            "jobs_cancelled" => figures.jobs_cancelled.into(),
            "jobs_settled" => figures.jobs_settled.into(),
            "jobs_24h" => figures.jobs_24h.into(),
            "jobs_7d" => figures.jobs_7d.into(),
            "locked" => figures.locked,
            "completed_price" => figures.completed_price,
            "payments" => figures.payments.into(),
            "paid_total" => figures.paid_total,
            "paid_24h" => figures.paid_24h,
            "paid_7d" => figures.paid_7d,
            "run_p50" => quantile(run, 0),
            "run_p95" => quantile(run, 1),
            "run_p99" => quantile(run, 2),
            "run_mean" => mean(figures.runs_ms, figures.runs),
            "wait_p50" => quantile(wait, 0),
            "wait_p95" => quantile(wait, 1),
            "wait_p99" => quantile(wait, 2),
            "wait_mean" => mean(figures.waits_ms, figures.waits),
            _ => return None,
        })
    }
}

/// `docs/figures.md`, as it must be.
#[must_use]
pub fn document() -> String {
    let mut text = String::from(
        "# The network's figures\n\n\
         Made from `analytics/figures.toml`, the one place where they are defined; a test says when this page is not. Each is of\n\
         finalized or confirmed chain facts alone, up to the slot that the answer names (`as_of_slot`). Windows end at that slot's\n\
         block time. `GET /api/validation/figures/{name}` gives value, query and the newest transactions behind it; paste the query\n\
         into `hypernode sql` to compute the value again from all facts.\n\n\
         | name | unit | what it is |\n|---|---|---|\n",
    );
    for figure in all() {
        text.push_str(&format!(
            "| `{}` | {} | {} |\n",
            figure.name, figure.unit, figure.meaning
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_has_a_value_and_a_name_of_its_own() {
        assert!(all().len() > 20, "the file is read");
        let figures = Figures::default();
        for figure in all() {
            assert_eq!(figure.value(&figures), Some(0), "{}", figure.name);
            assert_eq!(Definition::named(&figure.name), Some(figure));
            assert!(figure.sql(7).contains('7') && !figure.sql(7).contains('{'));
            let evidence = figure.evidence_sql(7);
            assert!(!evidence.contains('{'));
            assert!(
                evidence.ends_with(&format!("LIMIT {EVIDENCE}")),
                "{evidence}"
            );
            assert_eq!(evidence.matches(UP_TO).count(), 1, "{evidence}");
        }
        assert_eq!(Definition::named("; DROP TABLE blocks"), None);
    }

    #[test]
    fn the_document_is_made_from_the_file() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/figures.md");
        if std::env::var_os("HYPERNODE_WRITE").is_some() {
            std::fs::write(path, document()).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(path).unwrap_or_default(),
            document(),
            "run with HYPERNODE_WRITE=1 to write it"
        );
    }
}
