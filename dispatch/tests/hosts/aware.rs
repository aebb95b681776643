//! Lease-aware hosts: offers, leases, keys, logs, and sessions that go on on another socket.

use std::time::Duration;

use ed25519_dalek::{Signer as _, SigningKey};
use hypernode_dispatch::job::{Cause, State};
use hypernode_dispatch::matching::Needs;
use hypernode_dispatch::sessions::{Close, Piece, SessionsConfig};
use hypernode_state::accounts::{HostKeyAdd, HostKeyRevoke, WalletEnsure};
use hypernode_state::{Address, StoreExt};
use hypernode_wire::SignAnswer;
use serde_json::{Value, json};

use crate::support::{Hall, Job, Line, OWNER, WALLET, aware_info, now, quick, v1_info};

#[tokio::test]
async fn an_offer_is_taken_run_renewed_streamed_and_paid() {
    let hall = Hall::open().await;
    let (mut line, registered) = hall.aware(&hall.token().await).await;
    assert!(
        registered["session"]
            .as_str()
            .is_some_and(|secret| secret.len() == 43)
    );
    assert_eq!(registered["heartbeat_interval_ms"], 15_000);
    let job = hall.submit(1, Job::default()).await;
    let offer = line.hear_a("offer").await;
    assert_eq!(
        (&offer["summary"]["manifest"], &offer["summary"]["pay"]),
        (&json!("nap"), &json!("1000000"))
    );
    line.say(json!({"type": "reject", "job": offer["job"], "fence": offer["fence"], "reason": "not now"}));
    let (name, fence) = line.take().await;
    assert_eq!((name.as_str(), fence), (job.to_string().as_str(), 2));

    let (_, mut live) = hall
        .hub
        .logs()
        .follow(job, hall.nodes.of_wallet(WALLET)[0].node.id);
    let named = |mut frame: Value| {
        frame["job"] = name.clone().into();
        frame["fence"] = fence.into();
        frame
    };
    line.say(named(json!({"type": "log", "chunk": "one\n", "seq": 0})));
    line.say(named(
        json!({"type": "log", "chunk": "two\n", "seq": 1, "stream": "stderr"}),
    ));
    line.say(named(
        json!({"type": "progress", "permille": 400, "message": "loading"}),
    ));
    let piece = live.recv().await.expect("live");
    assert!(matches!(&*piece, Piece::Output { text, stderr: false, .. } if text == "one\n"));
    // Three leases' time, renewed by heartbeats.
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        line.say(json!({"type": "heartbeat", "nodeId": registered["nodeId"], "running": [named(json!({}))]}));
        let lease = line.hear_a("lease").await;
        assert!(
            lease["until_ms"]
                .as_i64()
                .is_some_and(|until| until > now())
        );
        line.hear_a("ack").await;
    }
    let tail = hall.hub.logs().tail(job).expect("it runs");
    assert_eq!(
        (tail.output.len(), tail.progress),
        (2, Some((400, Some("loading".to_owned()))))
    );
    line.say(named(json!({"type": "job_result", "id": name, "status": "completed", "exitCode": 0, "result": {"a": 1}})));
    assert_eq!(line.hear_a("ack").await["message"], "Job result received");
    let (record, kept) = hall.kept(job).await;
    assert!(
        matches!(record.job.state, State::Completed { cost, .. } if cost >= 60_000),
        "{:?}",
        record.job.state
    );
    assert_eq!(
        (kept.logs.as_str(), kept.result),
        ("one\ntwo\n", json!({"a": 1}))
    );
    assert_eq!(hall.hub.logs().tail(job), None);
}

#[tokio::test]
async fn stale_fences_and_second_results_count_for_nothing() {
    let hall = Hall::open().await;
    let (mut line, _) = hall.aware(&hall.token().await).await;
    let job = hall.submit(1, Job::default()).await;
    let (name, fence) = line.take().await;
    let result = |fence: u64| json!({"type": "job_result", "id": name, "fence": fence, "status": "completed"});
    let refused = json!({"type": "error", "message": "Job not found"});
    line.say(result(fence + 1));
    assert_eq!(line.hear().await, refused);
    line.say(json!({"type": "job_result", "id": name, "status": "completed"}));
    assert!(
        line.hear().await["message"]
            .as_str()
            .is_some_and(|text| text.contains("fence"))
    );
    assert!(matches!(hall.state(job).await, State::Leased(_)));
    line.say(result(fence));
    line.hear_a("ack").await;
    line.say(result(fence));
    assert_eq!(line.hear().await, refused);
    // A fence of an attempt that was lost: the lease ran out, and the next attempt is under way.
    let job = hall.submit(2, Job::default()).await;
    let (name, old) = line.take().await;
    line.hear_a("job_cancel").await;
    let (_, fence) = line.take().await;
    assert!(fence > old);
    line.say(
        json!({"type": "heartbeat", "nodeId": null, "running": [{"job": name, "fence": old}]}),
    );
    assert_eq!(line.hear().await["type"], "job_cancel");
    line.say(json!({"type": "job_result", "id": name, "fence": old, "status": "completed"}));
    assert_eq!(line.hear_a("error").await, refused);
    assert!(matches!(hall.state(job).await, State::Leased(_)));
}

#[tokio::test]
async fn a_broken_connection_resumes_within_the_grace_and_loses_its_jobs_after_it() {
    let hall = Hall::open().await;
    let token = hall.token().await;
    let (mut line, registered) = hall.aware(&token).await;
    let job = hall.submit(1, Job::default()).await;
    let (name, fence) = line.take().await;
    line.cut();
    let mut back = hall.line();
    let resume = registered["session"].clone();
    back.say(json!({"type": "register", "proto": 1, "token": token, "resume": resume, "hostInfo": aware_info()}));
    let again = back.hear_a("registered").await;
    assert_eq!(again["nodeId"], registered["nodeId"]);
    assert_ne!(
        again["session"], registered["session"],
        "a secret opens one session"
    );
    // Longer than the grace: the job is its own still.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(matches!(hall.state(job).await, State::Leased(_)));
    back.say(
        json!({"type": "log", "job": name, "fence": fence, "chunk": "still here\n", "seq": 9}),
    );
    back.say(json!({"type": "job_result", "id": name, "fence": fence, "status": "completed"}));
    back.hear_a("ack").await;
    assert_eq!(hall.kept(job).await.1.logs, "still here\n");

    let job = hall.submit(2, Job::default()).await;
    back.take().await;
    let (mut other, _) = hall.aware(&hall.token().await).await;
    back.cut();
    let begun = std::time::Instant::now();
    other.take().await;
    assert!(
        begun.elapsed() >= Duration::from_millis(400),
        "before the grace was over"
    );
    assert!(
        begun.elapsed() < Duration::from_millis(1_600),
        "{:?}",
        begun.elapsed()
    );
    assert!(matches!(hall.state(job).await, State::Leased(_)));
}

#[tokio::test]
async fn a_secret_with_another_nodes_token_or_key_opens_nothing() {
    let hall = Hall::with(SessionsConfig {
        idle_ms: 60_000,
        grace_ms: 10_000,
        ..quick()
    })
    .await;
    let token = hall.token().await;
    let (line, registered) = hall.aware(&token).await;
    let (other_line, _) = hall.aware(&hall.token().await).await;
    let foreign = hall.token().await;
    let (foreign_line, _) = hall.aware(&foreign).await;
    let resume = registered["session"].clone();
    let invalid = json!({"type": "error", "message": "Invalid token"});
    let unused = hall.token().await;
    let key = bs58::encode([11; 32]).into_string();
    for beside in [
        json!({"token": foreign}),
        json!({"token": unused}),
        json!({"token": "no such token"}),
        json!({"key": key}),
        json!({"token": token, "key": key}),
    ] {
        let mut frame =
            json!({"type": "register", "proto": 1, "resume": resume, "hostInfo": aware_info()});
        for (name, value) in beside.as_object().expect("an object") {
            frame[name] = value.clone();
        }
        let mut back = hall.line();
        back.say(frame);
        assert_eq!(back.hear().await, invalid, "{beside}");
    }
    assert!(line.is_open(), "whoever has the node keeps it");
    // With the node's own token it opens it.
    line.cut();
    let mut back = hall.line();
    back.say(json!({"type": "register", "proto": 1, "token": token, "resume": resume, "hostInfo": aware_info()}));
    let again = back.hear_a("registered").await;
    assert_eq!(again["nodeId"], registered["nodeId"]);
    // Not once the node's token is revoked, even within the grace.
    back.cut();
    hall.nodes.revoke(&token).await.expect("it is there");
    let mut back = hall.line();
    back.say(json!({"type": "register", "proto": 1, "token": token, "resume": again["session"], "hostInfo": aware_info()}));
    assert_eq!(back.hear().await, invalid);
    drop((other_line, foreign_line));
}

#[tokio::test]
async fn a_run_that_was_kept_and_never_told_is_told_when_the_dispatcher_begins_anew() {
    let hall = Hall::open().await;
    let mut old = hall.host(&hall.token().await, v1_info()).await;
    hall.lose();
    let job = hall.submit_unheard(1, Job::default()).await;
    let frame = old.hear_a("job").await;
    assert_eq!(frame["id"], job.to_string());
    assert_eq!(hall.kept(job).await.0.job.fence, 1, "the same attempt");
    old.say(json!({"type": "job_result", "id": frame["id"], "status": "completed", "logs": ""}));
    old.hear_a("ack").await;
    hall.until(job, |state| matches!(state, State::Completed { .. }))
        .await;
    old.cut();

    let (mut line, _) = hall.aware(&hall.token().await).await;
    let job = hall.submit(2, Job::default()).await;
    let offer = line.hear_a("offer").await;
    hall.lose();
    line.say(json!({"type": "accept", "job": offer["job"], "fence": offer["fence"]}));
    let given = line.hear_a("job").await;
    assert_eq!(
        (&given["id"], &given["fence"]),
        (&json!(job.to_string()), &offer["fence"])
    );
    line.say(json!({"type": "job_result", "id": given["id"], "fence": given["fence"], "status": "completed"}));
    line.hear_a("ack").await;
    let record = hall.kept(job).await.0;
    assert!(matches!(record.job.state, State::Completed { .. }));
    assert_eq!((record.job.fence, record.job.runs), (1, 1));
}

#[tokio::test]
async fn a_key_that_is_revoked_ends_the_open_connection_and_opens_no_other() {
    let hall = Hall::with(SessionsConfig {
        key_ms: 100,
        idle_ms: 60_000,
        ..quick()
    })
    .await;
    let key = SigningKey::from_bytes(&[12; 32]);
    let at = now();
    let wallet = WALLET;
    let ensured = WalletEnsure { wallet, at };
    hall.store.run(ensured).await.expect("kept");
    let public = Address(key.verifying_key().to_bytes());
    let link = HostKeyAdd {
        key: public,
        owner: WALLET,
        node: None,
        label: String::new(),
        at,
    };
    hall.store.run(link).await.expect("linked");
    let (mut line, registered) = prove(&hall, &key, None, now()).await;
    assert_eq!(registered["type"], "registered", "{registered}");
    hall.store
        .run(HostKeyRevoke { key: public, at })
        .await
        .expect("revoked");
    let invalid = json!({"type": "error", "message": "Invalid token"});
    assert_eq!(line.hear().await, invalid);
    assert_eq!(line.ended().await, Close::Revoked);
    assert_eq!(prove(&hall, &key, None, now()).await.1, invalid);
}

#[tokio::test]
async fn numbers_out_of_range_are_bounded_or_named_and_what_is_unknown_is_passed_over() {
    let hall = Hall::open().await;
    let (mut line, _) = hall.aware(&hall.token().await).await;
    let job = hall.submit(1, Job::default()).await;
    let (name, fence) = line.take().await;
    let progress = |permille: Value| json!({"type": "progress", "job": name, "fence": fence, "permille": permille, "mood": "good"});
    line.say(progress(json!(1_000_000_000_000_u64)));
    for odd in [json!(1e30), json!(-1), json!("half"), Value::Null] {
        line.say(progress(odd.clone()));
        let answer = line.hear_a("error").await;
        let text = answer["message"].as_str().expect("a text");
        assert!(text.contains("permille"), "{odd}: {text}");
    }
    let tail = hall.hub.logs().tail(job).expect("it runs");
    assert_eq!(tail.progress, Some((1_000, None)));
    line.say(
        json!({"type": "progress", "job": name, "fence": 1_000_000_000_000_u64, "permille": 5}),
    );
    let answer = line.hear_a("error").await;
    assert!(
        answer["message"]
            .as_str()
            .is_some_and(|text| text.contains("fence")),
        "{answer}"
    );
}

/// Registers with a key; the answer to the proof.
async fn prove(hall: &Hall, key: &SigningKey, token: Option<&str>, ts: i64) -> (Line, Value) {
    let mut line = hall.line();
    let public = bs58::encode(key.verifying_key().to_bytes()).into_string();
    let mut frame =
        json!({"type": "register", "proto": 1, "key": public, "hostInfo": aware_info()});
    if let Some(token) = token {
        frame["token"] = token.into();
    }
    line.say(frame);
    let challenge = line.hear_a("challenge").await;
    let text = |name: &str| challenge[name].as_str().expect("text").to_owned();
    let signed = format!("HN-NODE-v1|{}|{}|{ts}", text("hub"), text("nonce"));
    let signature = bs58::encode(key.sign(signed.as_bytes()).to_bytes()).into_string();
    line.say(json!({"type": "auth", "signature": signature, "ts": ts}));
    let answer = line.hear().await;
    (line, answer)
}

#[tokio::test]
async fn a_key_is_proven_and_its_owner_links_it_to_a_node_on_chain() {
    let hall = Hall::open().await;
    let key = SigningKey::from_bytes(&[11; 32]);
    let (_, nobody) = prove(&hall, &key, None, now()).await;
    assert_eq!(nobody, json!({"type": "error", "message": "Invalid token"}));
    let (_, off) = prove(&hall, &key, None, now() - 3_600_000).await;
    assert!(
        off["message"]
            .as_str()
            .is_some_and(|text| text.contains("NTP")),
        "{off}"
    );
    let token = hall.token().await;
    let (line, first) = prove(&hall, &key, Some(&token), now()).await;
    assert_eq!(first["type"], "registered");
    line.cut();

    let chain = Address([42; 32]);
    hall.store
        .run(WalletEnsure {
            wallet: WALLET,
            at: now(),
        })
        .await
        .expect("kept");
    let link = HostKeyAdd {
        key: Address(key.verifying_key().to_bytes()),
        owner: WALLET,
        node: Some(chain),
        label: String::new(),
        at: now(),
    };
    hall.store.run(link).await.expect("linked");
    let (mut line, linked) = prove(&hall, &key, None, now()).await;
    assert_eq!(linked["nodeId"], chain.to_string());
    assert_eq!(hall.nodes.len(), 1, "it is the node that it was");
    let job = hall.submit(1, Job::default()).await;
    line.take().await;
    let State::Leased(lease) = hall.state(job).await else {
        panic!("leased");
    };
    assert_eq!(lease.node.to_string(), chain.to_string());

    // A host with an owner's key signs what it is asked to.
    let asked = {
        let hub = hall.hub.clone();
        tokio::spawn(async move { hub.sign(lease.node, "AAAA".to_owned()).await })
    };
    let sign = line.hear_a("sign").await;
    line.say(json!({"type": "signed", "request": sign["request"], "bytes": "BBBB"}));
    let answer = asked.await.expect("no panic").expect("an answer");
    assert_eq!(answer, SignAnswer::Bytes("BBBB".to_owned()));
}

#[tokio::test]
async fn free_jobs_go_to_sandboxed_hosts_and_to_the_submitters_own() {
    let hall = Hall::open().await;
    let free = |home| Job {
        manifest: None,
        needs: Needs {
            free: Some(home),
            ..Needs::default()
        },
        ..Job::default()
    };
    let mut bare = hall.line();
    let mut info = aware_info();
    info["sandboxed"] = false.into();
    bare.say(
        json!({"type": "register", "proto": 1, "token": hall.token().await, "hostInfo": info}),
    );
    bare.hear_a("registered").await;
    hall.submit(1, free(OWNER)).await;
    assert!(
        bare.is_quiet(300).await,
        "a stranger's free job on a bare host"
    );
    let own = hall.submit(2, free(WALLET)).await;
    let (name, _) = bare.take().await;
    assert_eq!(name, own.to_string());
    let (mut boxed, _) = hall.aware(&hall.token().await).await;
    let offer = boxed.hear_a("offer").await;
    assert_eq!(offer["summary"].get("manifest"), None);
    boxed.say(json!({"type": "accept", "job": offer["job"], "fence": offer["fence"]}));
    let frame = boxed.hear_a("job").await;
    assert_eq!(
        frame["free"],
        json!({"jobType": "generic_compute", "model": "default",
        "input": {"prompt": "$(reboot)", "seconds": 0}})
    );
}

#[tokio::test]
async fn both_sides_drain() {
    let hall = Hall::open().await;
    let (mut line, _) = hall.aware(&hall.token().await).await;
    let job = hall.submit(1, Job::default()).await;
    let (name, fence) = line.take().await;
    line.say(json!({"type": "drain"}));
    line.hear_a("ack").await;
    hall.submit(2, Job::default()).await;
    assert!(line.is_quiet(300).await, "who drains gets nothing new");
    let (mut other, _) = hall.aware(&hall.token().await).await;
    other.hear_a("offer").await;

    // The server's own: who runs something is waited for.
    let hub = hall.hub.clone();
    let stop = tokio::spawn(async move { hub.stop("update", Duration::from_secs(10)).await });
    assert_eq!(line.hear_a("drain").await["reason"], "update");
    assert_eq!(other.ended().await, Close::Stopping);
    line.say(json!({"type": "job_result", "id": name, "fence": fence, "status": "completed"}));
    line.hear_a("ack").await;
    assert_eq!(line.ended().await, Close::Stopping);
    stop.await.expect("no panic");
    assert!(matches!(hall.state(job).await, State::Completed { .. }));
    assert!(
        hall.hub
            .seat("192.0.2.9".parse().expect("an address"))
            .is_err()
    );
}

#[tokio::test]
async fn a_job_that_fails_everywhere_is_poison() {
    let hall = Hall::open().await;
    let mut lines = Vec::new();
    for _ in 0..3 {
        lines.push(hall.aware(&hall.token().await).await.0);
    }
    let job = hall
        .submit(
            1,
            Job {
                retries: 9,
                ..Job::default()
            },
        )
        .await;
    let hosts = lines.into_iter().map(|mut line| {
        tokio::spawn(async move {
            loop {
                let offer = line.hear().await;
                match offer["type"].as_str() {
                    Some("offer") => {
                        line.say(
                            json!({"type": "accept", "job": offer["job"], "fence": offer["fence"]}),
                        );
                    }
                    Some("job") => line.say(
                        json!({"type": "job_result", "id": offer["id"], "fence": offer["fence"],
                        "status": "failed", "exitCode": 1}),
                    ),
                    _ => {}
                }
            }
        })
    });
    let hosts: Vec<_> = hosts.collect();
    let state = hall
        .until(job, |state| matches!(state, State::Dead { .. }))
        .await;
    assert_eq!(
        state,
        State::Dead {
            cause: Cause::Poison
        }
    );
    hosts.iter().for_each(tokio::task::JoinHandle::abort);
}
