//! A root over the evidence of each day that is over, and each node's path to it (I-37).

use std::collections::VecDeque;

use clickhouse::Row;
use hypernode_score::tree::{Day, Hash, Leaf, Tree, node_hash};
use hypernode_score::{Key, constants::VERSION};
use hypernode_warehouse::Client;
use serde::{Deserialize, Serialize};
use serde_big_array::BigArray;
use sha2::{Digest as _, Sha256};

use crate::query::{self, Error};

/// Paths that are written at once.
const AT_ONCE: usize = 8_192;

/// SHA-256 of the parts, one after the other.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The root of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct Root {
    /// Since 1970, of block time.
    pub day: i32,
    /// The first slot whose evidence it holds.
    pub first_slot: u64,
    /// The last one.
    pub last_slot: u64,
    /// Nodes that evidence began to count of.
    pub nodes: u64,
    /// Pieces of evidence.
    pub evidence: u64,
    /// Version of the definition.
    pub version: u32,
    /// The root.
    pub root: Hash,
}

/// How a node's evidence of a day leads to the day's root.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct NodePath {
    /// The node.
    pub node: Key,
    /// The day.
    pub day: i32,
    /// The node's place among those of the day, from 0.
    pub place: u64,
    /// Its pieces of evidence.
    pub evidence: u64,
    /// The root over them.
    pub root: Hash,
    /// What it is hashed with on the way up.
    pub path: Vec<Hash>,
    /// Last slot of the day.
    pub last_slot: u64,
}

#[derive(Row, Deserialize)]
struct EvidenceRow {
    node: Key,
    requester: Key,
    day: i32,
    kind: i8,
    program: Key,
    job: Key,
    units: u64,
    slot: u64,
    #[serde(with = "BigArray")]
    signature: [u8; 64],
}

impl EvidenceRow {
    fn hash(&self) -> Hash {
        let leaf = Leaf {
            node: self.node,
            requester: self.requester,
            day: self.day,
            kind: self.kind.unsigned_abs(),
            program: self.program,
            job: self.job,
            units: self.units,
            slot: self.slot,
            signature: self.signature,
        };
        leaf.hash(sha256)
    }
}

/// One node of a day, before the day's tree stands.
struct Branch {
    node: Key,
    evidence: u64,
    root: Hash,
}

/// Closes a day: stores the paths of its nodes, then its root. Every slot of it must have been judged.
pub(super) async fn close(
    client: &Client,
    day: i32,
    first_slot: u64,
    last_slot: u64,
) -> Result<(), Error> {
    let branches = branches(client, first_slot, last_slot).await?;
    let leaves = branches
        .iter()
        .map(|of| node_hash(sha256, &of.node, of.evidence, &of.root));
    let tree = Tree::new(sha256, leaves.collect());
    for (chunk, nodes) in branches.chunks(AT_ONCE).enumerate() {
        let rows = nodes.iter().enumerate().map(|(index, of)| {
            let place = chunk * AT_ONCE + index;
            NodePath {
                node: of.node,
                day,
                place: place as u64,
                evidence: of.evidence,
                root: of.root,
                path: tree.path(place),
                last_slot,
            }
        });
        let rows: Vec<NodePath> = rows.collect();
        query::insert(client, "paths of a day", "reputation_paths", &rows).await?;
    }
    let nodes = branches.len() as u64;
    let header = Day {
        version: VERSION,
        day,
        first_slot,
        last_slot,
        nodes,
    };
    let root = Root {
        day,
        first_slot,
        last_slot,
        nodes,
        evidence: branches.iter().map(|of| of.evidence).sum(),
        version: VERSION,
        root: header.root(sha256, &tree.root()),
    };
    query::insert(client, "the root of a day", "reputation_roots", &[root]).await
}

/// The nodes that slots brought evidence of, in order, each with the root over its own.
async fn branches(client: &Client, first: u64, last: u64) -> Result<Vec<Branch>, Error> {
    let sql = format!(
        "SELECT node, requester, day, toInt8(kind) AS kind, program, job, units, slot, signature \
         FROM reputation_evidence FINAL WHERE slot BETWEEN {first} AND {last} \
         ORDER BY node, requester, day, kind, program, job"
    );
    let mut rows = query::stream::<EvidenceRow>(client, "evidence of a day", &sql)?;
    let mut branches: Vec<Branch> = Vec::new();
    let mut of: Option<(Key, Vec<Hash>)> = None;
    let grown = |(node, leaves): (Key, Vec<Hash>)| Branch {
        node,
        evidence: leaves.len() as u64,
        root: Tree::new(sha256, leaves).root(),
    };
    while let Some(row) = rows.next().await? {
        match &mut of {
            Some((node, leaves)) if *node == row.node => leaves.push(row.hash()),
            _ => branches.extend(of.replace((row.node, vec![row.hash()])).map(grown)),
        }
    }
    branches.extend(of.map(grown));
    Ok(branches)
}

/// Days before `today` that have no root, oldest first, each with its last slot; and the last slot of those that have one.
/// A root of `today` is one too early: the block that ended the day was taken back.
pub(super) async fn due(
    client: &Client,
    today: i64,
) -> Result<(VecDeque<(i32, u64)>, Option<u64>), Error> {
    if let Some(root) = newest(client).await?
        && i64::from(root.day) >= today
    {
        for table in ["reputation_roots", "reputation_paths"] {
            let sql = format!(
                "ALTER TABLE {table} DELETE WHERE day >= {today} SETTINGS mutations_sync = 2"
            );
            query::execute_background(client, "taking roots back", &sql).await?;
        }
    }
    let closed = newest(client).await?.map(|root| root.last_slot);
    let after = closed.map_or_else(String::new, |slot| format!("AND slot > {slot}"));
    // No step goes beyond the end of a day.
    let sql = format!(
        "SELECT toInt32(intDiv(block_time, 86400)) AS day, max(slot) AS last FROM reputation_checkpoints \
         WHERE intDiv(block_time, 86400) < {today} {after} GROUP BY day ORDER BY last"
    );
    let days: Vec<(i32, u64)> = query::rows(client, "days without a root", &sql).await?;
    Ok((days.into(), closed))
}

/// The newest root.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn newest(client: &Client) -> Result<Option<Root>, Error> {
    Ok(select(client, "ORDER BY day DESC LIMIT 1").await?.pop())
}

/// The roots of days `from..=to`, at most `most`, oldest first.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn between(client: &Client, from: i32, to: i32, most: u64) -> Result<Vec<Root>, Error> {
    let what = format!("WHERE day BETWEEN {from} AND {to} ORDER BY day LIMIT {most}");
    select(client, &what).await
}

/// The roots of days that were over at a slot, oldest first.
pub(super) async fn until(client: &Client, slot: u64) -> Result<Vec<Root>, Error> {
    select(
        client,
        &format!("WHERE last_slot <= {slot} ORDER BY last_slot"),
    )
    .await
}

/// A node's paths on these days.
pub(super) async fn paths(
    client: &Client,
    node: &Key,
    days: &[i32],
) -> Result<Vec<NodePath>, Error> {
    if days.is_empty() {
        return Ok(Vec::new());
    }
    let days: Vec<String> = days.iter().map(ToString::to_string).collect();
    let sql = format!(
        "SELECT node, day, place, evidence, root, path, last_slot FROM reputation_paths FINAL \
         WHERE node = {} AND day IN ({}) ORDER BY last_slot",
        query::literal(node),
        days.join(", ")
    );
    query::rows(client, "paths", &sql).await
}

async fn select(client: &Client, what: &str) -> Result<Vec<Root>, Error> {
    let sql = format!(
        "SELECT day, first_slot, last_slot, nodes, evidence, version, root FROM reputation_roots FINAL {what}"
    );
    query::rows(client, "roots", &sql).await
}
