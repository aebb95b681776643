//! A job of the chain in a running instance: created there by its client, waiting here, queued by its input.

use std::time::Duration;

use hypernode_dispatch::bridge::Body;
use hypernode_localnet::svm::instructions::{cancel_job, create_job, job_address};
use serde_json::{Value, json};
use solana_sdk::hash::hashv;
use solana_sdk::signature::{Keypair, Signer as _};

use crate::access::{post, sign_in};
use crate::accounts::send;
use crate::support::{Instance, wait_for};

/// A client among the network's actors: on localnet their keys are no secret.
fn client() -> Keypair {
    let seed = 7_u64.to_le_bytes();
    let parts: [&[u8]; 4] = [b"hypernode-localnet actor", &seed, b"client", &[3]];
    Keypair::new_from_array(hashv(&parts).to_bytes())
}

// I-57.
#[test]
fn a_job_created_on_chain_waits_here_for_the_input_that_has_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let settings = [
        "--set",
        "localnet.seed=7",
        "--set",
        "localnet.rate=0",
        "--set",
        "chain.write=true",
    ];
    let instance = Instance::start(&data, &settings);
    let client = client();
    let input = json!({"requirements": {"manifest": "test"}, "input": {"walk": 1}});
    let body: Body = serde_json::from_value(input.clone()).unwrap();
    let hash = body.hash().unwrap();
    let create = |label: &str| create_job(&client.pubkey(), label, 4, 1_000_000, &hash);
    send(&instance, &client, create("walk-1"));
    send(&instance, &client, create("walk-2"));
    let token = sign_in(&instance, &client);
    let path = |label: &str| {
        let job = job_address(&client.pubkey(), label).unwrap();
        format!("/api/jobs/{job}/input")
    };
    let ask = |label: &str, body: &Value| post(&instance, &path(label), Some(&token), body);
    let wrong = json!({"requirements": {}, "input": {}});
    let limit = Duration::from_secs(60);
    for label in ["walk-1", "walk-2"] {
        let refused = wait_for("a job that waits", limit, || {
            let (status, answer) = ask(label, &wrong);
            (status != 404).then_some((status, answer))
        });
        assert_eq!(refused.0, 422, "{}", refused.1);
        let text = refused.1["error"].as_str().unwrap();
        assert!(text.contains(&hash), "{text}");
    }
    let stranger = sign_in(&instance, &Keypair::new());
    assert_eq!(
        post(&instance, &path("walk-1"), Some(&stranger), &input).0,
        403
    );
    let (status, taken) = ask("walk-1", &input);
    assert_eq!(
        (status, &taken["job"]["status"]),
        (200, &json!("queued")),
        "{taken}"
    );
    assert_eq!(ask("walk-1", &input).0, 409);
    // What its client cancels on chain waits for nothing here.
    let job = job_address(&client.pubkey(), "walk-2").unwrap();
    send(&instance, &client, cancel_job(&job, &client.pubkey()));
    let said = wait_for("the cancellation", limit, || {
        let (status, answer) = ask("walk-2", &wrong);
        (status == 409).then_some(answer)
    });
    assert!(
        said["error"].as_str().unwrap().contains("cancelled"),
        "{said}"
    );
    // The signer has a key of its own, which nobody else reads.
    use std::os::unix::fs::PermissionsExt as _;
    for file in ["chain.key", "signed.jsonl"] {
        let about = std::fs::metadata(data.join(file)).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o600, "{file}");
    }
    assert_eq!(instance.stop(), Some(0));
}
