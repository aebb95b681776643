//! HNR-1 of every node, from finalized facts (docs/reputation.md): evidence is derived and stored as the chain becomes
//! final, scores are computed from it by SQL.

mod accounts;
mod answer;
mod evidence;
mod keeper;
mod proof;
mod top;

pub(crate) use accounts::write as write_accounts;
pub use accounts::{BadAccounts, base58, parse as fee_accounts};
pub use answer::{At, Reputation, at};
pub use hypernode_score::FeeAccounts;
pub use hypernode_score::constants::VERSION;
pub use keeper::{Keeper, Step};
pub use proof::{DayEvidence, JobEvidence, MAX_PAGE, Proof, proof};
pub use top::{MAX_TOP, Ranked, top};

/// The statement that computes scores, of the nodes for which `nodes` holds, at a slot and its day. `nodes` is a condition
/// in SQL over `node`: never a stranger's text.
#[must_use]
pub fn scores_sql(as_of: u64, today: i64, nodes: &str) -> String {
    include_str!("../sql/scores.sql")
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("{as_of}", &as_of.to_string())
        .replace("{today}", &today.to_string())
        .replace("{nodes}", nodes)
}

/// A key as a literal of SQL.
fn literal(key: &[u8; 32]) -> String {
    format!("unhex('{}')", hex::encode(key))
}

#[cfg(test)]
mod tests {
    use hypernode_score::BASE;

    #[test]
    fn the_statement_holds_the_published_weights() {
        let sql = super::scores_sql(7, 8, "true")
            .split_whitespace()
            .collect::<String>();
        let base: Vec<String> = BASE.iter().map(ToString::to_string).collect();
        assert!(sql.contains(&format!("[{}]ASbase", base.join(","))));
        assert!(!sql.contains('{'), "{sql}");
    }
}
