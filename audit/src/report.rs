//! The outcome of an audit, for people and for programs.

use std::fmt::{self, Write as _};

use chrono::DateTime;
use hypernode_score::{FeeAccounts, Totals};
use serde_json::{Value, json};

use crate::chain::Seen;
use crate::difference::{Difference, evidence_json};
use crate::idls::UsedIdl;
use crate::keys::{Key, show_key};
use crate::network::Network;
use crate::published::Published;
use crate::recompute::Figures;

/// Rows of a table that people read.
const MOST_ROWS: usize = 20;

/// Who described the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(String),
    /// The API's answer.
    Api,
}

/// What was audited, from what, and what came out.
#[derive(Debug, Clone)]
pub struct Report {
    pub(crate) node: Key,
    pub(crate) owner: Option<Key>,
    pub(crate) slot: u64,
    pub(crate) seen: Seen,
    pub(crate) source: Source,
    pub(crate) network: Network,
    pub(crate) idls: Vec<UsedIdl>,
    pub(crate) published: Published,
    pub(crate) figures: Figures,
    pub(crate) differences: Vec<Difference>,
    /// Signatures, transactions, jobs, requests.
    pub(crate) looked_at: [u64; 4],
    pub(crate) notes: Vec<String>,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {path}"),
            Self::Api => f.write_str("the API's answer"),
        }
    }
}

impl Report {
    /// Whether what is published is what the chain says.
    #[must_use]
    pub fn matches(&self) -> bool {
        self.differences.is_empty()
    }

    /// What differs; nothing if it matches.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// What the chain says.
    #[must_use]
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// The last line: MATCH or MISMATCH, and of what.
    #[must_use]
    pub fn verdict(&self) -> String {
        let Totals { good, bad } = self.figures.score.evidence;
        let (node, slot) = (show_key(&self.node), self.slot);
        let (score, theirs) = (self.figures.score.value, &self.published);
        match self.differences.first() {
            None => format!("MATCH node={node} slot={slot} score={score} good={good} bad={bad}"),
            Some(first) => {
                let more = match self.differences.len() - 1 {
                    0 => String::new(),
                    more => format!(" (and {more} more)"),
                };
                format!(
                    "MISMATCH node={node} slot={slot} published score={} good={} bad={}, recomputed score={score} good={good} bad={bad}: {}{more}",
                    theirs.score,
                    theirs.good,
                    theirs.bad,
                    first.short()
                )
            }
        }
    }

    /// Everything but the last line, for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Writing into a string cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let owner = self.owner.as_ref();
        let owner = owner.map_or_else(|| "none: not registered".to_owned(), show_key);
        writeln!(
            out,
            "node        {}  {}",
            show_key(&self.node),
            self.published.label
        )?;
        writeln!(out, "owner       {owner}")?;
        writeln!(
            out,
            "slot        {} (block {} of {}, day {})",
            self.slot,
            self.seen.slot,
            time(self.seen.time),
            hypernode_score::day(self.seen.time)
        )?;
        writeln!(
            out,
            "network     genesis {}, as {} says",
            self.network.genesis, self.source
        )?;
        for idl in &self.idls {
            writeln!(
                out,
                "  program   {:<16} {}  IDL {} from slot {}, {}",
                idl.label,
                show_key(&idl.id),
                hex::encode(idl.sha256),
                idl.from_slot,
                idl.origin
                    .as_deref()
                    .unwrap_or("not needed: it gives no evidence")
            )?;
        }
        for accounts in &self.network.fee_accounts {
            writeln!(
                out,
                "  fees      slots {}: treasury {}, incentive pool {}",
                slots(accounts),
                show_key(&accounts.treasury),
                show_key(&accounts.incentive)
            )?;
        }
        if self.network.fee_accounts.is_empty() {
            writeln!(out, "  fees      no accounts: no settlement counts")?;
        }
        if self.network.start_slot > 0 {
            let start = self.network.start_slot;
            writeln!(
                out,
                "  start     slot {start}: what lies before it does not count"
            )?;
        }
        let [signatures, transactions, jobs, requests] = self.looked_at;
        writeln!(
            out,
            "looked at   {signatures} signatures, {transactions} transactions, {jobs} jobs, in {requests} requests"
        )?;
        if let Some(newest) = self.published.roots.last() {
            let (days, day, root) = (self.published.roots.len(), newest.day.day, newest.root);
            writeln!(
                out,
                "roots       of {days} days that are over; the newest, of day {day}: {}",
                hex::encode(root)
            )?;
        }
        for note in &self.notes {
            writeln!(out, "note        {note}")?;
        }
        self.tables(out)
    }

    fn tables(&self, out: &mut String) -> fmt::Result {
        if !self.figures.requesters.is_empty() {
            writeln!(
                out,
                "\n{:<46}{:>12}{:>12}",
                "requester, after decay and cap", "good", "bad"
            )?;
        }
        for (requester, of) in self.figures.requesters.iter().take(MOST_ROWS) {
            writeln!(
                out,
                "{:<46}{:>12}{:>12}",
                show_key(requester),
                of.good,
                of.bad
            )?;
        }
        if let Some(more) = self.figures.requesters.len().checked_sub(MOST_ROWS + 1) {
            writeln!(out, "and {} more (--json lists all)", more + 1)?;
        }
        let Totals { good, bad } = self.figures.score.evidence;
        let theirs = &self.published;
        writeln!(
            out,
            "\n{:<22}{:>12}{:>12}{:>12}",
            "", "score", "good", "bad"
        )?;
        for (who, score, good, bad) in [
            ("published", theirs.score, theirs.good, theirs.bad),
            (
                "from the chain",
                u64::from(self.figures.score.value),
                good,
                bad,
            ),
        ] {
            writeln!(out, "{who:<22}{score:>12}{good:>12}{bad:>12}")?;
        }
        for difference in self.differences.iter().take(MOST_ROWS * 5) {
            writeln!(out, "differs     {difference}")?;
        }
        if let Some(more) = self.differences.len().checked_sub(MOST_ROWS * 5 + 1) {
            writeln!(out, "and {} more differences (--json lists all)", more + 1)?;
        }
        Ok(())
    }

    /// Everything, for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let totals = |of: &Totals| json!({"good": of.good.to_string(), "bad": of.bad.to_string()});
        let requesters = self.figures.requesters.iter().map(|(requester, of)| {
            let mut row = totals(of);
            row["requester"] = json!(show_key(requester));
            row
        });
        let [signatures, transactions, jobs, requests] = self.looked_at;
        let Totals { good, bad } = self.figures.score.evidence;
        let figures = |registered, score: u64, good: u64, bad: u64| json!({"registered": registered, "score": score, "good": good.to_string(), "bad": bad.to_string()});
        let theirs = &self.published;
        json!({
            "match": self.matches(),
            "verdict": self.verdict(),
            "node": show_key(&self.node),
            "label": theirs.label,
            "owner": self.owner.as_ref().map(show_key),
            "slot": self.slot,
            "block": self.seen.slot,
            "block_time": self.seen.time,
            "day": hypernode_score::day(self.seen.time),
            "network": self.network_json(),
            "looked_at": {"signatures": signatures, "transactions": transactions, "jobs": jobs, "requests": requests},
            "published": figures(theirs.registered, theirs.score, theirs.good, theirs.bad),
            "recomputed": figures(self.figures.registered, u64::from(self.figures.score.value), good, bad),
            "requesters": requesters.collect::<Vec<_>>(),
            "evidence": self.figures.evidence.iter().map(evidence_json).collect::<Vec<_>>(),
            "differences": self.differences.iter().map(Difference::json).collect::<Vec<_>>(),
            "roots": self.published.roots.iter().map(|of| {
                json!({"day": of.day.day, "last_slot": of.day.last_slot, "root": hex::encode(of.root)})
            }).collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }

    fn network_json(&self) -> Value {
        let idls = self.idls.iter().map(|idl| {
            json!({
                "label": idl.label, "id": show_key(&idl.id), "from_slot": idl.from_slot,
                "sha256": hex::encode(idl.sha256), "origin": idl.origin,
            })
        });
        let accounts = self.network.fee_accounts.iter().map(|accounts| {
            json!({
                "first_slot": accounts.first_slot,
                "last_slot": Some(accounts.last_slot).filter(|last| *last != u64::MAX),
                "treasury": show_key(&accounts.treasury),
                "incentive": show_key(&accounts.incentive),
            })
        });
        json!({
            "source": self.source.to_string(),
            "genesis": self.network.genesis,
            "start_slot": self.network.start_slot,
            "idls": idls.collect::<Vec<_>>(),
            "fee_accounts": accounts.collect::<Vec<_>>(),
        })
    }
}

fn slots(accounts: &FeeAccounts) -> String {
    match accounts.last_slot {
        u64::MAX => format!("from {}", accounts.first_slot),
        last => format!("{} to {last}", accounts.first_slot),
    }
}

fn time(seconds: i64) -> String {
    let time = DateTime::from_timestamp(seconds, 0);
    time.map_or_else(
        || format!("{seconds} s"),
        |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}
