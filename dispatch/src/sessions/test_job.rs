//! The job by which a new host shows that it runs what it is sent: five seconds of sleep, for nothing.

use hypernode_accounts::{NoRandomness, random_bytes};
use hypernode_state::{Address, Digest, UnixMs};
use hypernode_wire::Args;
use serde_json::{Map, Value};
use sha2::Digest as _;

use crate::board::Submission;
use crate::content::Content;
use crate::ids::{JobId, NodeId};
use crate::job::{Pay, Terms};
use crate::matching::Needs;
use crate::service::Order;

/// Its kind, and its manifest.
pub const TEST: &str = "test";
/// Longest run in seconds: old programs stop a command then.
const LONGEST_S: u32 = 300;

/// The test job of a node, listed as its wallet's.
pub(super) fn order(node: NodeId, wallet: Address, at: UnixMs) -> Result<Order, NoRandomness> {
    let content = Content {
        job_type: TEST.to_owned(),
        model: "default".to_owned(),
        input: Value::Object(Map::new()),
        requirements: Value::Object(Map::new()),
        manifest: Some(TEST.to_owned()),
        args: Args::new(),
    };
    // A struct of texts and maps with texts as keys: it can be written.
    let content = serde_json::to_vec(&content).unwrap_or_default();
    Ok(Order {
        submission: Submission {
            id: JobId::uuid(u128::from_be_bytes(random_bytes()?)),
            terms: Terms {
                owner: wallet,
                submitted_at: at,
                max_duration_s: LONGEST_S,
                max_retries: 0,
                priority: 5,
                pay: Pay::Nothing,
            },
            needs: Needs {
                node: Some(node),
                ..Needs::default()
            },
            content: Digest(sha2::Sha256::digest(&content).into()),
            nonce: Vec::new(),
            waits: false,
            key: None,
        },
        kind: TEST.to_owned(),
        content,
        beside: Vec::new(),
    })
}
