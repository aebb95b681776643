//! Jobs of the chain that others took and completed, beside one's own.

use std::sync::Arc;

use hypernode_dispatch::board::{Record, Submission};
use hypernode_dispatch::bridge::{Chained, OnChainTerms};
use hypernode_dispatch::content::Content;
use hypernode_dispatch::ids::{Id, JobId};
use hypernode_dispatch::job::{Event, Pay, Stands, Terms};
use hypernode_dispatch::matching::Needs;
use hypernode_dispatch::service::Order;
use hypernode_state::jobs::GetJob;
use hypernode_state::{Address, Digest, Store, StoreExt};
use hypernode_wire::Args;
use serde_json::{Value, json};

use crate::contract::documented;
use crate::support::access::{Doors, Wallet};
use crate::{job, submit, wanted};

const CLIENT: Address = Address([7; 32]);
const PRICE: u64 = 2_500_000;

/// A job as the bridge takes it in.
fn order(number: u8, now: i64) -> Order {
    let content = Chained {
        content: Content {
            job_type: "render".to_owned(),
            model: "default".to_owned(),
            input: Value::Null,
            requirements: Value::Null,
            manifest: None,
            args: Args::new(),
        },
        chain: OnChainTerms {
            label: format!("job-{number}"),
            requirements_hash: "ab".repeat(32),
            price: PRICE.to_string(),
        },
    };
    Order {
        submission: Submission {
            id: JobId(Id::Address(Address([100 + number; 32]))),
            terms: Terms {
                owner: CLIENT,
                submitted_at: now,
                max_duration_s: 60,
                max_retries: 3,
                priority: 5,
                pay: Pay::OnChain(PRICE),
            },
            needs: Needs::default(),
            content: Digest([1; 32]),
            nonce: Vec::new(),
            waits: true,
            key: None,
        },
        kind: "render".to_owned(),
        content: serde_json::to_vec(&content).expect("json"),
        beside: Vec::new(),
    }
}

async fn kept(store: &Arc<dyn Store>, job: JobId) -> (Record, u64) {
    let whole = store.ask(GetJob {
        id: job.to_string(),
        content: false,
        outcome: false,
    });
    let kept = whole.await.expect("an answer").expect("a job").job;
    let record = serde_json::from_slice(&kept.record).expect("a record");
    (record, kept.version)
}

#[tokio::test]
async fn jobs_that_others_have_on_chain_are_told_as_what_they_are_and_crowd_out_nobodys() {
    let doors = Doors::open().await;
    let me = Wallet::new(1);
    let session = doors.session(&me).await;
    let mine = submit(&doors, &session, &wanted(&me)).await;
    let dispatch = doors.desk.center.now().expect("a dispatcher");
    let mut theirs = Vec::new();
    for number in 0..3 {
        let taken = dispatch.submit(order(number, doors.desk.now())).await;
        let id = taken.expect("taken in");
        let (stands, cost) = (Stands::Assigned, 0);
        dispatch
            .elsewhere(id, stands, cost)
            .await
            .expect("somebody has it");
        theirs.push(id);
    }
    let first = job(&doors, &theirs[0].to_string(), None).await;
    assert_eq!(
        (&first["status"], &first["metrics"]["cost"]),
        (&json!("running"), &json!(0))
    );
    assert_eq!(first["metrics"]["endTime"], Value::Null);
    for id in &theirs[..2] {
        let (record, version) = kept(&doors.store, *id).await;
        let (stands, cost) = (Stands::Completed, PRICE);
        let event = Event::Elsewhere { stands, cost };
        let told = dispatch.corrected(record, version, "render", event).await;
        told.expect("completed and paid");
    }
    let first = job(&doors, &theirs[0].to_string(), None).await;
    documented(
        "/api/jobs/{id}",
        "get",
        200,
        &json!({"success": true, "job": first}),
    );
    assert_eq!(
        (
            &first["status"],
            &first["metrics"]["cost"],
            &first["elsewhere"]
        ),
        (&json!("completed"), &json!(2.5), &json!(true)),
        "{first}"
    );
    assert_eq!(
        (&first["attempts"], &first["assignedNode"]),
        (&json!(0), &Value::Null)
    );

    // The newest of all is one's own: what others have on chain is in nobody's way.
    let list = async |query: &str| {
        let (status, told) = doors.get(&format!("/api/jobs?{query}"), None).await;
        assert_eq!(status, 200, "{told}");
        documented("/api/jobs", "get", 200, &told);
        let jobs = told["jobs"].as_array().expect("jobs").clone();
        let ids = jobs
            .iter()
            .map(|job| job["jobId"].as_str().expect("an id").to_owned());
        ids.collect::<Vec<String>>()
    };
    assert_eq!(list("limit=1").await, [mine.as_str()]);
    assert_eq!(list("status=completed").await.len(), 0);
    assert_eq!(list("status=cancelled").await.len(), 0);
    // Their client sees them all.
    let client = hypernode_accounts::PublicKey(CLIENT.0).to_string();
    assert_eq!(list(&format!("walletAddress={client}")).await.len(), 3);
    let completed = list(&format!("walletAddress={client}&status=completed")).await;
    assert_eq!(completed, [theirs[1].to_string(), theirs[0].to_string()]);
    let running = list(&format!("walletAddress={client}&status=running")).await;
    assert_eq!(running, [theirs[2].to_string()]);

    let (_, summary) = doors.get("/api/jobs/stats/summary", None).await;
    documented("/api/jobs/stats/summary", "get", 200, &summary);
    let stats = &summary["stats"];
    assert_eq!(
        (&stats["total"], &stats["queued"], &stats["elsewhere"]),
        (&json!(1), &json!(1), &json!(3)),
        "{stats}"
    );
    assert_eq!(
        (
            &stats["completed"],
            &stats["cancelled"],
            &stats["totalCost"]
        ),
        (&json!(0), &json!(0), &json!(0))
    );
}
