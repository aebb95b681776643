//! The input of a job that its client created on chain, over HTTP.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hypernode_dispatch::asked::Limits;
use hypernode_dispatch::board::{Config, Submission};
use hypernode_dispatch::bridge::{Body, Chained, Inbox, OnChainTerms};
use hypernode_dispatch::content::Content;
use hypernode_dispatch::ids::{Id, JobId};
use hypernode_dispatch::job::{Pay, Terms};
use hypernode_dispatch::matching::Needs;
use hypernode_dispatch::matching::seed::DaySecret;
use hypernode_dispatch::service::{Order, Setup, keep_at_work};
use hypernode_state::{Address, Digest};
use hypernode_wire::{Args, Catalog};
use serde_json::{Value, json};
use support::access::{Doors, Wallet};

fn now() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    now.as_millis().try_into().expect("not yet so late")
}

fn input() -> Value {
    json!({"requirements": {"manifest": "test", "minVRAM": 8}, "input": {"n": 1.0}})
}

/// A job as the bridge hands it over.
fn order(owner: Address, hash: String) -> Order {
    let kind = "render".to_owned();
    let content = Chained {
        content: Content {
            job_type: kind.clone(),
            model: "default".to_owned(),
            input: Value::Null,
            requirements: Value::Null,
            manifest: None,
            args: Args::new(),
        },
        chain: OnChainTerms {
            label: "job-1".to_owned(),
            requirements_hash: hash,
            price: "5".to_owned(),
        },
    };
    let terms = Terms {
        owner,
        submitted_at: now(),
        max_duration_s: 60,
        max_retries: 3,
        priority: 5,
        pay: Pay::OnChain(5),
    };
    Order {
        submission: Submission {
            id: JobId(Id::Address(Address([9; 32]))),
            terms,
            needs: Needs::default(),
            content: Digest([1; 32]),
            nonce: Vec::new(),
            waits: true,
            key: None,
        },
        kind,
        content: serde_json::to_vec(&content).expect("json"),
        beside: Vec::new(),
    }
}

#[tokio::test]
async fn an_input_is_taken_from_its_client_if_it_has_the_hash() {
    let doors = Doors::open().await;
    let store = Arc::clone(&doors.store);
    let (center, work) = keep_at_work(move || Setup {
        config: Config::default(),
        store: Arc::clone(&store),
        holder: None,
        figures: Arc::default(),
        results: Arc::default(),
        secret: DaySecret::new(1, [1; 32]),
        signer: Arc::new(|_| [0; 64]),
        clock: Arc::new(now),
    });
    let work = tokio::spawn(work);
    let inbox = Inbox {
        store: Arc::clone(&doors.store),
        catalog: Arc::new(Catalog::default()),
        limits: Limits::default(),
        center: center.clone(),
    };
    let server = support::serve_state(doors.state.clone().with_inbox(inbox)).await;
    let doors = Doors { server, ..doors };
    let client = Wallet::new(1);
    let key: hypernode_accounts::PublicKey = client.address().parse().expect("a key");
    let body: Body = serde_json::from_value(input()).expect("a body");
    let hash = body.hash().expect("a hash");
    let dispatch = center.clone().wait().await.expect("a dispatcher");
    let job = dispatch
        .submit(order(Address(key.0), hash.clone()))
        .await
        .expect("accepted");
    let path = format!("/api/jobs/{job}/input");
    let (token, other) = (
        doors.session(&client).await,
        doors.session(&Wallet::new(2)).await,
    );

    let post =
        async |path: &str, token: Option<&str>, body: Value| doors.post(path, token, &body).await;
    assert_eq!(post(&path, None, input()).await.0, 401);
    assert_eq!(
        post(&path, Some(&other), input()).await.0,
        403,
        "another's job"
    );
    for unknown in [
        "nothing",
        &JobId::uuid(1).to_string(),
        &JobId(Id::Address(Address([8; 32]))).to_string(),
    ] {
        let answer = post(&format!("/api/jobs/{unknown}/input"), Some(&token), input()).await;
        assert_eq!(
            answer,
            (404, json!({"error": "Job not found"})),
            "{unknown}"
        );
    }
    for none in [
        json!({}),
        json!([]),
        json!({"requirements": {}, "input": 1, "more": 2}),
    ] {
        assert_eq!(
            post(&path, Some(&token), none.clone()).await.0,
            400,
            "{none}"
        );
    }
    let wrong = json!({"requirements": {}, "input": 1});
    let given: Body = serde_json::from_value(wrong.clone()).expect("a body");
    let (status, refused) = post(&path, Some(&token), wrong).await;
    let text = refused["error"].as_str().expect("a text");
    assert_eq!(status, 422);
    assert!(
        text.contains(&hash) && text.contains(&given.hash().expect("a hash")),
        "{text}"
    );
    // Written otherwise, it is the same object.
    let same = json!({"input": {"n": 1}, "requirements": {"minVRAM": 8, "manifest": "test"}});
    let (status, taken) = post(&path, Some(&token), same).await;
    assert_eq!(
        (status, &taken["job"]["status"]),
        (200, &json!("queued")),
        "{taken}"
    );
    assert_eq!(post(&path, Some(&token), input()).await.0, 409);
    work.abort();
}
