//! What the matchmaker asks of all nodes at once.

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::Deserialize;

use super::keeper;
use crate::query::{self, Error};

/// Evidence of one unit.
const UNIT_BITS: u32 = 20;

/// What the chain says of a registered node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its account.
    pub node: [u8; 32],
    /// HNR-1.
    pub score: u16,
    /// Units of evidence, good and bad, rounded down.
    pub evidence: u32,
    /// Raw HYPER.
    pub stake: u64,
}

#[derive(Row, Deserialize)]
struct Found {
    node_id: String,
    score: u16,
    evidence: u64,
    stake: u64,
}

/// The newest final slot that was judged; `None` before there is one.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn judged(client: &Client) -> Result<Option<u64>, Error> {
    Ok(keeper::newest(client).await?.map(|kept| kept.slot))
}

/// Every registered node with evidence or stake. Scores are of the newest final slot that was judged.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn standings(client: &Client) -> Result<Vec<Standing>, Error> {
    let sql = query::plain(include_str!("../sql/standings.sql"));
    let found: Vec<Found> = query::rows(client, "what is known of nodes", &sql).await?;
    let standing = |found: Found| {
        let mut node = [0; 32];
        five8::decode_32(&found.node_id, &mut node).ok()?;
        Some(Standing {
            node,
            score: found.score,
            evidence: u32::try_from(found.evidence >> UNIT_BITS).unwrap_or(u32::MAX),
            stake: found.stake,
        })
    };
    Ok(found.into_iter().filter_map(standing).collect())
}
