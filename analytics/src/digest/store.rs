//! Leaves and checkpoints as they are stored, and the digest at a slot.

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::{Deserialize, Serialize};

use super::encoding::Hash;
use super::header::headers_hash;
use super::range::Range;
use crate::query::{self, Error};

/// A leaf's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Row, Serialize, Deserialize)]
pub(super) struct Leaf {
    pub(super) number: u64,
    pub(super) slot: u64,
    pub(super) leaf: Hash,
}

/// How far the keeper has come.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    pub(super) count: u64,
    pub(super) slot: u64,
    pub(super) blockhash: Hash,
    pub(super) peaks: Vec<Hash>,
    #[serde(rename = "retraction")]
    pub(super) seq: u64,
}

/// A header's row.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
pub(super) struct HeaderRow {
    pub(super) number: u32,
    pub(super) leaves_before: u64,
    pub(super) text: String,
}

/// Leaves that are read to answer for one slot: more than a keeper ever writes between two checkpoints.
const MOST_LEAVES: u64 = 65_536;

/// The digest of everything up to a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// The slot asked for.
    pub slot: u64,
    /// Slot of the newest block at or before it.
    pub last_slot: u64,
    /// Its leaf.
    pub leaf: Hash,
    /// Leaves so far.
    pub leaves: u64,
    /// Peaks over them.
    pub peaks: Vec<Hash>,
    /// Headers in force so far, each with the number of leaves before it.
    pub headers: Vec<(u64, String)>,
    /// The digest.
    pub digest: Hash,
}

/// The same as people and programs read it: hashes in hex.
#[derive(Debug, Clone, Serialize)]
pub struct DigestText {
    version: u32,
    slot: Option<u64>,
    digest: Option<String>,
    leaves: u64,
    last_block_slot: Option<u64>,
    last_leaf: Option<String>,
    peaks: Vec<String>,
    headers: Vec<HeaderText>,
}

#[derive(Debug, Clone, Serialize)]
struct HeaderText {
    leaves_before: u64,
    text: String,
}

impl DigestText {
    /// That of a digest; `None`: of a warehouse that has none yet.
    #[must_use]
    pub fn new(digest: Option<&Digest>) -> Self {
        let hash = |of: fn(&Digest) -> &Hash| digest.map(|digest| hex::encode(of(digest)));
        let peaks = digest.map_or(&[][..], |digest| &digest.peaks);
        let headers = digest.map_or(&[][..], |digest| &digest.headers);
        Self {
            version: super::VERSION,
            slot: digest.map(|digest| digest.slot),
            digest: hash(|digest| &digest.digest),
            leaves: digest.map_or(0, |digest| digest.leaves),
            last_block_slot: digest.map(|digest| digest.last_slot),
            last_leaf: hash(|digest| &digest.leaf),
            peaks: peaks.iter().map(hex::encode).collect(),
            headers: headers
                .iter()
                .map(|(before, text)| HeaderText {
                    leaves_before: *before,
                    text: text.clone(),
                })
                .collect(),
        }
    }

    /// The slot it is of; `None` where there is none yet.
    #[must_use]
    pub fn slot(&self) -> Option<u64> {
        self.slot
    }

    /// The digest in hex.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Leaves so far.
    #[must_use]
    pub fn leaves(&self) -> u64 {
        self.leaves
    }
}

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// The digest.
    Known(Box<Digest>),
    /// Slots that can be asked for; `None`: none yet.
    Outside(Option<(u64, u64)>),
}

/// The digest at `slot`; `None`: at the newest slot that has one.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn at(client: &Client, slot: Option<u64>) -> Result<At, Error> {
    let Some(newest) = newest(client).await? else {
        return Ok(At::Outside(None));
    };
    let first = first_slot(client).await?.unwrap_or(newest.slot);
    let slot = slot.unwrap_or(newest.slot);
    if slot < first || slot > newest.slot {
        return Ok(At::Outside(Some((first, newest.slot))));
    }
    let before = checkpoint(client, &format!("WHERE slot <= {slot}")).await?;
    let (mut range, mut last) = match before {
        Some(kept) => (resume(&kept)?, Some((kept.slot, None))),
        None => (Range::default(), None),
    };
    let count = range.count();
    let more: Vec<Leaf> = query::rows(
        client,
        "the digest's leaves",
        &format!(
            "SELECT number, slot, leaf FROM digest_leaves WHERE number >= {count} AND slot <= {slot} ORDER BY number \
             LIMIT {MOST_LEAVES}"
        ),
    )
    .await?;
    for leaf in more {
        range.append(leaf.leaf);
        last = Some((leaf.slot, Some(leaf.leaf)));
    }
    let (last_slot, leaf) = match last {
        Some((slot, Some(leaf))) => (slot, leaf),
        Some((slot, None)) => (slot, leaf_at(client, range.count() - 1).await?),
        None => return Ok(At::Outside(Some((first, newest.slot)))),
    };
    let mut headers = headers(client).await?;
    // The first one holds for every leaf.
    headers.retain(|header| header.leaves_before < range.count() || header.number == 0);
    let headers: Vec<(u64, String)> = headers
        .into_iter()
        .map(|header| (header.leaves_before, header.text))
        .collect();
    let header = headers_hash(headers.iter().map(|(from, text)| (*from, text.as_str())));
    Ok(At::Known(Box::new(Digest {
        slot,
        last_slot,
        leaf,
        leaves: range.count(),
        digest: range.digest(&header),
        peaks: range.peaks().to_vec(),
        headers,
    })))
}

pub(super) fn resume(kept: &Checkpoint) -> Result<Range, Error> {
    Range::resume(kept.count, kept.peaks.clone()).ok_or(Error::Shape {
        what: "the digest's checkpoint",
        problem: "peaks that do not fit its count",
    })
}

pub(super) async fn newest(client: &Client) -> Result<Option<Checkpoint>, Error> {
    checkpoint(client, "").await
}

async fn checkpoint(client: &Client, filter: &str) -> Result<Option<Checkpoint>, Error> {
    let sql = format!(
        "SELECT count, slot, blockhash, peaks, retraction FROM digest_checkpoints {filter} \
         ORDER BY count DESC LIMIT 1"
    );
    Ok(query::rows(client, "the digest's checkpoint", &sql)
        .await?
        .pop())
}

async fn first_slot(client: &Client) -> Result<Option<u64>, Error> {
    let sql = "SELECT slot FROM digest_leaves WHERE number = 0 LIMIT 1";
    Ok(query::rows(client, "the digest's first leaf", sql)
        .await?
        .pop())
}

async fn leaf_at(client: &Client, number: u64) -> Result<Hash, Error> {
    let sql =
        format!("SELECT number, slot, leaf FROM digest_leaves WHERE number = {number} LIMIT 1");
    let leaf: Leaf = query::row(client, "a leaf of the digest", &sql).await?;
    Ok(leaf.leaf)
}

/// Every header, in order.
pub(super) async fn headers(client: &Client) -> Result<Vec<HeaderRow>, Error> {
    let sql = "SELECT number, leaves_before, text FROM digest_headers ORDER BY number";
    query::rows(client, "the digest's headers", sql).await
}
