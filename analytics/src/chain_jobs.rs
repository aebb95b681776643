//! Where jobs stand on chain, by the canonical events in force: what dispatch compares its own jobs with.

use std::fmt::Write as _;

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::Deserialize;

use crate::query::{self, Error, literals};

/// Most jobs of one question.
pub const MAX_JOBS: usize = 500;

/// The first bytes of `create_job`.
const CREATE_JOB: [u8; 8] = [0xb2, 0x82, 0xd9, 0x6e, 0x64, 0x1b, 0x52, 0x77];

/// Where a job stands on chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnChain {
    /// Its account.
    pub job: [u8; 32],
    /// How it came; `None`: nothing in force says that it did.
    pub created: Option<Created>,
    /// Somebody has it, or had it.
    pub assigned: bool,
    /// Its result was handed in.
    pub completed: bool,
    /// It failed.
    pub failed: bool,
    /// Its price was paid.
    pub paid: bool,
    /// Its client cancelled it.
    pub cancelled: bool,
}

impl OnChain {
    /// Whether it waits for somebody to take it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let is_taken = self.assigned || self.completed || self.failed || self.paid;
        self.created.is_some() && !is_taken && !self.cancelled
    }
}

/// How a job came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Who created it.
    pub client: [u8; 32],
    /// Its string on chain: no name, two clients may use one.
    pub label: String,
    /// Canonical job type.
    pub job_type: String,
    /// Raw HYPER.
    pub price: u64,
    /// Block time, Unix seconds.
    pub at: i64,
    /// The hash that its client gave, as it was written; `None` where the creating call is not stored.
    pub requirements_hash: Option<String>,
}

#[derive(Row, Deserialize)]
struct Standing {
    job: [u8; 32],
    created: u64,
    assigned: u64,
    completed: u64,
    failed: u64,
    paid: u64,
    cancelled: u64,
    requester: [u8; 32],
    label: String,
    job_type: String,
    price: u64,
    at: i64,
    slot: u64,
    tx_index: u32,
    outer_ix: u16,
    inner_ix: i32,
}

/// Where a call stands: slot, transaction, outer and inner instruction.
type Place = (u64, u32, u16, i32);

#[derive(Row, Deserialize)]
struct Call {
    slot: u64,
    tx_index: u32,
    outer_ix: u16,
    inner_ix: i32,
    /// In hex.
    data: String,
}

/// Where these jobs stand, at most [`MAX_JOBS`] of them; what the ledger does not vouch for yet counts for nothing. A job
/// that nothing speaks of is not among the answers.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn standing(client: &Client, jobs: &[[u8; 32]]) -> Result<Vec<OnChain>, Error> {
    let jobs = jobs.get(..MAX_JOBS).unwrap_or(jobs);
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let sql = query::plain(include_str!("sql/chain_jobs.sql")).replace("{jobs}", &literals(jobs));
    let standing: Vec<Standing> = query::rows(client, "jobs on chain", &sql).await?;
    let hashes = hashes(client, &standing).await?;
    let on_chain = standing.into_iter().map(|row| {
        let place = (row.slot, row.tx_index, row.outer_ix, row.inner_ix);
        let hash = hashes.iter().find(|(of, _)| *of == place);
        OnChain {
            job: row.job,
            assigned: row.assigned > 0,
            completed: row.completed > 0,
            failed: row.failed > 0,
            paid: row.paid > 0,
            cancelled: row.cancelled > 0,
            created: (row.created > 0).then(|| Created {
                client: row.requester,
                label: row.label,
                job_type: row.job_type,
                price: row.price,
                at: row.at,
                requirements_hash: hash.map(|(_, hash)| hash.clone()),
            }),
        }
    });
    Ok(on_chain.collect())
}

/// Jobs that were created since then (Unix seconds) and that nobody has taken, in the order of their accounts: those after
/// `after`, at most [`MAX_JOBS`].
///
/// # Errors
/// When the warehouse does not answer.
pub async fn open_since(
    client: &Client,
    since: i64,
    after: Option<[u8; 32]>,
) -> Result<Vec<[u8; 32]>, Error> {
    #[derive(Row, Deserialize)]
    struct Open {
        job: [u8; 32],
    }
    let after = literals(&[after.unwrap_or_default()]);
    let since = since.clamp(0, i64::from(u32::MAX)).unsigned_abs();
    let values = [("since", since), ("limit", MAX_JOBS as u64)];
    let sql =
        query::fill(include_str!("sql/chain_jobs_open.sql"), &values).replace("{after}", &after);
    let open: Vec<Open> = query::rows(client, "open jobs on chain", &sql).await?;
    Ok(open.into_iter().map(|open| open.job).collect())
}

/// A node of the chain, by its latest registration.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct ChainNode {
    /// Its owner.
    pub owner: [u8; 32],
    /// Its string on chain.
    pub label: String,
}

/// The node of an account; `None` where none was registered, or it was deregistered since.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn node(client: &Client, account: [u8; 32]) -> Result<Option<ChainNode>, Error> {
    let sql = query::plain(include_str!("sql/chain_node.sql"));
    let sql = sql.replace("{node}", &literals(&[account]));
    let found: Vec<ChainNode> = query::rows(client, "a node on chain", &sql).await?;
    Ok(found.into_iter().next())
}

/// The hashes that the creating calls carry.
async fn hashes(client: &Client, standing: &[Standing]) -> Result<Vec<(Place, String)>, Error> {
    let mut places = String::new();
    for row in standing.iter().filter(|row| row.created > 0) {
        let comma = if places.is_empty() { "" } else { ", " };
        let _ = write!(
            places,
            "{comma}({}, {}, {}, {})",
            row.slot, row.tx_index, row.outer_ix, row.inner_ix
        );
    }
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let sql = query::plain(include_str!("sql/chain_job_calls.sql")).replace("{places}", &places);
    let calls: Vec<Call> = query::rows(client, "calls that created jobs", &sql).await?;
    let hashes = calls.into_iter().filter_map(|call| {
        let place = (call.slot, call.tx_index, call.outer_ix, call.inner_ix);
        Some((place, requirements_hash(&hex::decode(&call.data).ok()?)?))
    });
    Ok(hashes.collect())
}

/// The hash among the arguments of `create_job(job_id, job_type, price, requirements_hash)`.
fn requirements_hash(data: &[u8]) -> Option<String> {
    let arguments = data.strip_prefix(&CREATE_JOB)?;
    let (_label, rest) = text(arguments)?;
    let (hash, _) = text(rest.get(9..)?)?;
    std::str::from_utf8(hash).ok().map(str::to_owned)
}

/// A borsh string at the beginning of `bytes`, and what follows.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(label: &str, hash: &str) -> Vec<u8> {
        let mut data = CREATE_JOB.to_vec();
        data.extend((label.len() as u32).to_le_bytes());
        data.extend(label.as_bytes());
        data.push(3);
        data.extend(7_u64.to_le_bytes());
        data.extend((hash.len() as u32).to_le_bytes());
        data.extend(hash.as_bytes());
        data
    }

    #[test]
    fn the_hash_is_read_from_the_call_and_from_nothing_else() {
        let data = call("job-1", "ab12");
        assert_eq!(requirements_hash(&data).as_deref(), Some("ab12"));
        for length in 0..data.len() {
            assert_eq!(requirements_hash(&data[..length]), None, "{length}");
        }
        let mut other = data.clone();
        other[0] ^= 1;
        assert_eq!(requirements_hash(&other), None);
        let mut long = CREATE_JOB.to_vec();
        long.extend(u32::MAX.to_le_bytes());
        assert_eq!(requirements_hash(&long), None);
    }
}
