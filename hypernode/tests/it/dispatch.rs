//! A decision of the matchmaker as anybody meets it: told, signed, made again; and what a forged one comes to.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hypernode_dispatch::board::{Config, Submission};
use hypernode_dispatch::days::{Days, day_of};
use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::{Manner, Outcome, Pay, Terms};
use hypernode_dispatch::key::Key;
use hypernode_dispatch::matching::{Needs, NodeFacts, Runs};
use hypernode_dispatch::service::{Clock, Order, Setup, Told, start};
use hypernode_state::sqlite::{Options, SqliteStore};
use hypernode_state::{Address, Digest};
use serde_json::{Value, json};

use crate::support::{Instance, block_on, run, sql, stderr, stdout, text, wait_for};

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(now.expect("after 1970").as_millis()).expect("not yet so late")
}

fn facts(number: u128) -> NodeFacts {
    NodeFacts {
        id: NodeId::uuid(number),
        owner: Address([9; 32]),
        online: true,
        model: "NVIDIA GeForce RTX 4090".to_owned(),
        vram_mb: 24_576,
        capabilities: Vec::new(),
        reputation: 364,
        evidence: 0,
        stake: 0,
        completed: 0,
        failed: 0,
        rtt_ms: 20,
        ask: 10_000 * u64::try_from(number).expect("small"),
        slots: 1,
        running: 0,
        sandboxed: false,
        runs: Runs::Manifests,
    }
}

/// A dispatcher at work in the data directory before the instance: seven nodes, one job, run and paid.
async fn a_job_s_life(data: &Path) -> JobId {
    let store = SqliteStore::open(data.join("state.db"), Options::default()).expect("a store");
    let store = Arc::new(store);
    let clock: Clock = Arc::new(now);
    let days = Days::open(store.clone(), clock.clone())
        .await
        .expect("days");
    let key = Key::open(data).expect("a key");
    let setup = Setup {
        config: Config::default(),
        store,
        holder: Some(key.public()),
        figures: Arc::default(),
        results: Arc::default(),
        secret: days.secret(),
        signer: key.signer(),
        clock,
    };
    let (dispatch, work) = start(setup).await.expect("starts");
    let work = tokio::spawn(work);
    let mut frames = Vec::new();
    for n in 1..=7 {
        let connected = dispatch.connect(facts(n), Manner::Silent).await;
        frames.push((NodeId::uuid(n), connected.expect("connected")));
    }
    let job = JobId::uuid(77);
    let order = Order {
        submission: Submission {
            id: job,
            terms: Terms {
                owner: Address([3; 32]),
                submitted_at: now(),
                max_duration_s: 60,
                max_retries: 1,
                priority: 5,
                pay: Pay::UpTo(1_000_000),
            },
            needs: Needs::default(),
            content: Digest([5; 32]),
            nonce: b"mine".to_vec(),
            waits: false,
            key: None,
        },
        kind: "llm_inference".to_owned(),
        content: b"{\"prompt\":\"nobody else's business\"}".to_vec(),
        beside: Vec::new(),
    };
    dispatch.submit(order).await.expect("accepted");
    let told = async |frames: &mut [(NodeId, tokio::sync::mpsc::Receiver<Told>)]| loop {
        for (node, frames) in frames.iter_mut() {
            if let Ok(Told::Run { fence, .. }) = frames.try_recv() {
                return (*node, fence);
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let (node, fence) = told(&mut frames).await;
    let ended = dispatch
        .ended(node, job, Some(fence), Outcome::Completed, b"{}".to_vec())
        .await;
    ended.expect("heard");
    drop((dispatch, frames));
    work.await.expect("no panic").expect("in order");
    job
}

fn replay(args: &[&str]) -> (Option<i32>, String) {
    let mut all = vec!["replay-match"];
    all.extend(args);
    let output = run(&all);
    (output.status.code(), stdout(&output) + &stderr(&output))
}

#[test]
fn a_decision_is_told_signed_and_made_again_and_a_forged_one_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let job = block_on(a_job_s_life(&data)).to_string();
    let mode = std::fs::metadata(data.join("dispatch.key"))
        .expect("the key")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let instance = Instance::start(&data, &[]);
    let status = wait_for("the dispatcher", Duration::from_secs(30), || {
        let status = instance.get("/internal/status")["roles"]["dispatch"].clone();
        (status["state"] == "running").then_some(status)
    });
    let key = instance.get("/api/dispatch/key")["key"].clone();
    assert_eq!(status["key"], key);

    // Hosts find their socket, and are told what it is.
    let ws = instance.endpoint("ws");
    assert!(ws.starts_with("ws://") && ws.ends_with("/ws"), "{ws}");
    let plain = instance.get("/ws");
    assert!(
        plain["error"]
            .as_str()
            .is_some_and(|text| text.contains("WebSocket")),
        "{plain}"
    );

    // The commit: of today, and ahead of tomorrow. Nothing is told of a day that is not over.
    let days = instance.get("/api/dispatch/days");
    let today = day_of(now());
    let listed: Vec<(u64, bool, bool)> = days["days"]
        .as_array()
        .expect("days")
        .iter()
        .map(|day| {
            let number = day["day"].as_u64().expect("a day");
            (number, day["ahead"] == true, day["secret"].is_null())
        })
        .collect();
    assert_eq!(
        listed,
        [
            (u64::from(today) + 1, true, true),
            (u64::from(today), false, true)
        ]
    );

    let told = instance.get(&format!("/api/jobs/{job}/explain"));
    let decision = &told["decisions"][0];
    assert_eq!((&told["key"], &decision["secret"]), (&key, &Value::Null));
    let receipt = &decision["receipt"];
    assert_eq!(receipt["commitment"], days["days"][1]["commitment"]);
    assert_eq!(receipt["candidates"].as_array().map(Vec::len), Some(5));
    assert!(receipt["candidates"][0]["partial"]["reputation"].is_u64());
    assert!(!told.to_string().contains("business"), "nothing private");
    let unknown = instance.get("/api/jobs/00000000-0000-4000-8000-000000000000/explain");
    assert_eq!(unknown["error"], "Job not found");

    // Anybody makes it again: from the running instance, by address, and from a file.
    let (code, said) = replay(&["--job", &job, "--data", text(&data)]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("seed unverified") && said.contains("MATCH"),
        "{said}"
    );
    let api = instance.endpoint("api");
    let (code, said) = replay(&["--job", &job, "--api", &api, "--json"]);
    assert_eq!(code, Some(0), "{said}");
    let said: Value = serde_json::from_str(&said).expect("JSON only");
    assert_eq!(said["verdict"], "MATCH");
    assert_eq!(
        said["decisions"][0]["replayed"]["chosen"],
        receipt["chosen"]
    );
    let file = folder.path().join("told.json");
    let from_file = |told: &Value, more: &[&str]| {
        std::fs::write(&file, serde_json::to_string_pretty(told).expect("JSON")).expect("written");
        let mut args = vec!["--file", text(&file)];
        args.extend(more);
        replay(&args)
    };
    assert_eq!(from_file(&told, &[]).0, Some(0));

    // Forged: another choice, another secret than the one committed to, another key.
    let mut forged = told.clone();
    let other = receipt["candidates"].as_array().expect("candidates");
    let other = other.iter().find(|one| one["node"] != receipt["chosen"]);
    forged["decisions"][0]["receipt"]["chosen"] = other.expect("another")["node"].clone();
    let (code, said) = from_file(&forged, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("MISMATCH") && said.contains("hash"), "{said}");
    let mut forged = told.clone();
    forged["decisions"][0]["secret"] = json!("00".repeat(32));
    let (code, said) = from_file(&forged, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("committed to"), "{said}");
    let stranger = "4Nd1mYvFQpCbkGvqXw7rYQZHfn9Uoyzq8xVxkL2mT1hS";
    let (code, said) = from_file(&told, &["--key", stranger]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("signature"), "{said}");
    assert_eq!(replay(&["--job", "nonsense"]).0, Some(2));

    // What happened is in the warehouse, once.
    let rows = wait_for("the facts", Duration::from_secs(30), || {
        let sent = instance.get("/internal/status")["roles"]["dispatch"]["facts"].clone();
        (sent["acked"].as_u64()? > 0).then(|| {
            sql(&data, "SELECT arrayStringConcat(groupArray(state), ' ') FROM (SELECT state FROM dispatch_jobs ORDER BY seq)")
        })
    });
    assert_eq!(rows, "leased completed");
    let metrics = block_on(async {
        let answer = reqwest::get(format!("{api}/metrics"))
            .await
            .expect("an answer");
        answer.text().await.expect("text")
    });
    assert!(
        metrics.contains("hypernode_dispatch_working 1"),
        "{metrics}"
    );
    let top = run(&["top", "--once", "--data", text(&data)]);
    assert!(
        stdout(&top).contains("dispatch       running"),
        "{}",
        stdout(&top)
    );
    assert_eq!(instance.stop(), Some(0));
}

#[test]
fn settings_of_dispatch_are_checked_before_anything_starts() {
    let check = |set: &str| {
        let output = run(&["config", "check", "--set", set]);
        (output.status.code(), stderr(&output))
    };
    for (set, named) in [
        ("dispatch.algorithm=luck", "draw, reputation_weighted"),
        ("dispatch.min_reputation=1001", "from 0 to 1000"),
        ("dispatch.most_opn=1", "did you mean dispatch.most_open"),
        ("dispatch.manifests=/nowhere.json", "/nowhere.json"),
    ] {
        let (code, said) = check(set);
        assert_eq!(code, Some(2), "{set}: {said}");
        assert!(said.contains("dispatch.") && said.contains(named), "{said}");
    }
}

/// Beside an instance that indexes: the dispatcher alone, over the same ClickHouse, with a data directory of its own.
#[test]
fn the_dispatcher_runs_alone_beside_an_indexer() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, own) = (folder.path().join("data"), folder.path().join("own"));
    for folder in [&data, &own] {
        std::fs::create_dir(folder).expect("a folder");
    }
    let lacks = run(&[
        "dispatch",
        "--data",
        text(&own),
        "--genesis",
        &"1".repeat(32),
    ]);
    assert_eq!(lacks.status.code(), Some(2));
    assert!(
        stderr(&lacks).contains("clickhouse.url"),
        "{}",
        stderr(&lacks)
    );

    let indexing = Instance::start(&data, &["--set", "dispatch.enabled=false"]);
    let status = indexing.get("/internal/status")["roles"].clone();
    assert!(status["dispatch"].is_null(), "{status}");
    wait_for("the tables", Duration::from_secs(60), || {
        (indexing.get("/api/metrics")["as_of_slot"].as_u64()? > 0).then_some(())
    });
    let credentials = std::fs::read_to_string(data.join("clickhouse.credentials"));
    let credentials: Value = serde_json::from_str(&credentials.expect("a file")).expect("JSON");
    let of = |name: &str| credentials[name].as_str().expect("a text").to_owned();
    let sets = [
        format!("clickhouse.url={}", of("url")),
        format!("clickhouse.user={}", of("user")),
        format!("clickhouse.password={}", of("password")),
        format!("clickhouse.database={}", of("database")),
        format!(
            "network.genesis={}",
            indexing.run["genesis"].as_str().expect("a hash")
        ),
    ];
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let alone = Instance::start_as("dispatch", &own, &sets);
    let roles = wait_for("the dispatcher", Duration::from_secs(30), || {
        let roles = alone.get("/internal/status")["roles"].clone();
        (roles["dispatch"]["state"] == "running").then_some(roles)
    });
    assert!(
        roles["indexer"].is_null() && roles["api"].is_object(),
        "{roles}"
    );
    assert_eq!(
        alone.get("/api/dispatch/days")["days"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    assert!(
        alone.get("/api/metrics")["as_of_slot"]
            .as_u64()
            .expect("a slot")
            > 0
    );
    // Scores of the chain reach it, from what the other one judged.
    wait_for("scores", Duration::from_secs(60), || {
        let dispatch = alone.get("/internal/status")["roles"]["dispatch"].clone();
        (dispatch["as_of_slot"].as_u64()? > 0).then_some(())
    });
    assert_eq!(alone.stop(), Some(0));
    assert_eq!(indexing.stop(), Some(0));
}
