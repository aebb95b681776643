//! Settlements that no fork can take back, in the order of their slots: what credits of jobs on chain follow from.

use std::fmt;
use std::str::FromStr;

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::Deserialize;

use crate::changes::NoCursor;
use crate::follow;
use crate::query::{self, Error};
use crate::watermark::Watermark;

/// Settlements of one answer, about: slots are told whole.
const MOST: u64 = 500;

/// How far somebody has come who follows settlements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The newest change of the ledger that was heeded.
    pub seq: u64,
    /// The last slot that was told.
    pub slot: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.seq, self.slot)
    }
}

impl FromStr for Place {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let (seq, slot) = text.split_once('.').ok_or(NoCursor)?;
        let number = |text: &str| text.parse().map_err(|_| NoCursor);
        Ok(Self {
            seq: number(seq)?,
            slot: number(slot)?,
        })
    }
}

/// A settlement.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Payment {
    /// The job's account.
    pub job: [u8; 32],
    /// When.
    pub slot: u64,
    /// Raw HYPER to the node's owner …
    pub operator_amount: u64,
    /// … to the treasury …
    pub treasury_amount: u64,
    /// … and to the incentive pool.
    pub incentive_amount: u64,
    /// The treasury's account, as the caller chose it.
    pub treasury: [u8; 32],
    /// The incentive pool's, likewise.
    pub incentive: [u8; 32],
    /// The account that the owner's part went to, likewise; zeros where the call is not stored.
    pub purse: [u8; 32],
    /// The node that the job was assigned to; zeros for none.
    pub node: [u8; 32],
    /// Its owner, as the assignment says.
    pub operator: [u8; 32],
}

/// Some settlements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payments {
    /// In the order of the chain.
    pub payments: Vec<Payment>,
    /// Where to go on.
    pub next: Place,
    /// There are more at once.
    pub more: bool,
}

/// Settlements after a place, in slots that are final and served; `None`: from now on, so none yet. Slots that are stored
/// late or again are told again from the first of them on: whoever follows knows what was told by the job.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn payments(client: &Client, after: Option<Place>) -> Result<Payments, Error> {
    let sql = "SELECT max(seq) FROM (SELECT seq FROM ingest_ledger UNION ALL SELECT seq FROM retractions)";
    let newest: u64 = query::row(client, "the newest change", sql).await?;
    let upto = Watermark::load(client).await?.finalized.unwrap_or(0);
    let Some(after) = after else {
        let next = Place {
            seq: newest,
            slot: upto,
        };
        return Ok(none(next));
    };
    let from = match newest < after.seq {
        // Another index than before.
        true => Place {
            seq: newest,
            slot: 0,
        },
        false => heeded(client, after).await?,
    };
    if upto <= from.slot {
        return Ok(none(from));
    }
    let values = [("after", from.slot), ("upto", upto), ("limit", MOST)];
    let sql = query::fill(include_str!("sql/payments.sql"), &values);
    let payments: Vec<Payment> = query::rows(client, "settlements", &sql).await?;
    let more = payments.len() as u64 >= MOST;
    let slot = payments
        .last()
        .filter(|_| more)
        .map_or(upto, |last| last.slot);
    Ok(Payments {
        payments,
        next: Place { slot, ..from },
        more,
    })
}

fn none(next: Place) -> Payments {
    Payments {
        payments: Vec::new(),
        next,
        more: false,
    }
}

/// The place, moved back to before what was stored late or again since.
async fn heeded(client: &Client, after: Place) -> Result<Place, Error> {
    let back = async |from: u64| Ok(from.saturating_sub(1));
    let heeded = follow::heed(client, after.seq, after.slot, back).await?;
    Ok(match heeded {
        None => after,
        Some((slot, seq)) => Place {
            seq,
            slot: slot.unwrap_or(after.slot),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = Place { seq: 7, slot: 9 };
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in ["", "7", "7.", ".9", "7.9.1", "-1.2", "x.y"] {
            assert_eq!(text.parse::<Place>(), Err(NoCursor), "{text}");
        }
    }
}
