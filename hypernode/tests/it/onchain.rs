//! A job on chain from its request to its pay: submitted over HTTP, signed by its client, run and signed by its node's owner on a
//! host, settled, seen by the index, credited, and counted by a reputation that the audit finds on chain. docs/jobs.md has the
//! same walk for people.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Instance, run, sql, stderr, stdout, text, wait_for};

/// What the job pays, in HYPER.
const PRICE: f64 = 2.5;
const HOST_KEY: &str = "a host of this walk";

fn doubles() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../dispatch/tests/doubles")
}

/// Whether the doubles can run; with `CI=true` they must.
fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").output().is_ok();
    assert!(
        found || std::env::var_os("CI").is_none(),
        "python3 is needed for the doubles"
    );
    if !found {
        eprintln!("skipped: there is no python3 to run the doubles with");
    }
    found
}

/// An actor's key, in a file.
fn key(folder: &Path, role: &str, number: &str) -> PathBuf {
    let printed = run(&["localnet", "key", role, number]);
    assert!(printed.status.success(), "{}", stderr(&printed));
    let file = folder.join(format!("{role}-{number}.json"));
    std::fs::write(&file, stdout(&printed)).expect("written");
    file
}

fn walk(args: &[&str]) -> Output {
    let script = doubles().join("onchain.py");
    let walked = Command::new("python3").arg(script).args(args).output();
    walked.expect("python3 runs")
}

/// The last line that it printed.
fn told(output: &Output) -> Value {
    let text = stdout(output);
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|_| panic!("{text}{}", stderr(output)))
}

/// A host double, ended when dropped.
struct Host(Child);

impl Host {
    fn start(ws: &str, owner: &Path) -> Self {
        let mut child = Command::new("python3")
            .arg(doubles().join("host.py"))
            .args(["aware", "--endpoint", ws, "--key", HOST_KEY, "--slots", "2"])
            .args(["--heartbeat", "2", "--owner-key", text(owner)])
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs");
        // What is not read would hold it up.
        if let Some(out) = child.stdout.take() {
            std::thread::spawn(move || {
                BufReader::new(out)
                    .lines()
                    .map_while(Result::ok)
                    .for_each(drop);
            });
        }
        Self(child)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

// I-35, I-44, I-57, I-58.
#[test]
fn a_job_on_chain_moves_earnings_and_a_reputation_that_the_audit_finds() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    // Nobody else acts, and slots come faster than on a real network.
    let sets = [
        "chain.write=true",
        "localnet.rate=0",
        "localnet.slot_ms=150",
    ];
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let instance = Instance::start(&data, &sets);
    let (api, rpc, ws) = (
        instance.endpoint("api"),
        instance.endpoint("rpc"),
        instance.endpoint("ws"),
    );
    let (owner, client) = (
        key(folder.path(), "owner", "5"),
        key(folder.path(), "client", "3"),
    );

    // A node on chain, and the host that its owner lets speak for it.
    let registered = walk(&[
        "register",
        "--api",
        &api,
        "--rpc",
        &rpc,
        "--owner",
        text(&owner),
    ]);
    let registered = told(&registered);
    let node = registered["node"].as_str().expect("an account").to_owned();
    let wallet = registered["owner"].as_str().expect("a wallet").to_owned();
    let link = |owner: &Path, node: &str, more: &[&str]| {
        let host = ["--host-key", HOST_KEY];
        let mut args = vec![
            "link",
            "--api",
            &api,
            "--owner",
            text(owner),
            "--node",
            node,
        ];
        args.extend(host.iter().chain(more));
        told(&walk(&args))
    };
    assert_eq!(link(&owner, &node, &[]), json!({"success": true}));
    let anothers = link(&client, &node, &["--once"]);
    assert_eq!(anothers["status"], 403, "{anothers}");
    let unknown = link(&owner, &wallet, &["--once"]);
    assert_eq!(unknown["status"], 404, "{unknown}");
    let before = format!("/api/nodes/{node}/reputation");
    let before = wait_for(
        "the node's registration to be final",
        Duration::from_secs(60),
        || {
            let told = instance.get(&before);
            told["score"].as_u64()
        },
    );
    assert_eq!(before, 364, "nothing is known of it");
    let _host = Host::start(&ws, &owner);
    let mine = format!("/api/nodes/mine?wallet={wallet}");
    wait_for("the host", Duration::from_secs(30), || {
        let mine = instance.get(&mine);
        (mine[0]["id"] == node.as_str()).then_some(())
    });

    // Asked for, signed, sent, taken, run, handed in.
    let price = PRICE.to_string();
    let submit = [
        "submit",
        "--api",
        &api,
        "--wallet",
        text(&client),
        "--label",
        "walk-1",
        "--price",
        &price,
    ];
    let walked = walk(&submit);
    let ended = told(&walked);
    let first: Value = serde_json::from_str(stdout(&walked).lines().next().unwrap_or_default())
        .expect("what it is to sign");
    let document: Value = serde_json::from_str(hypernode_schemas::openapi::TEXT).expect("JSON");
    let documented = &document["components"]["schemas"]["JobToSign"]["properties"]["chain"];
    let documented = documented["properties"].as_object().expect("properties");
    let given = first["toSign"].as_object().expect("an object");
    assert!(
        documented.keys().all(|key| given.contains_key(key)),
        "{given:?}"
    );
    assert_eq!(documented.len(), given.len(), "{given:?}");
    let job = &ended["ended"];
    assert_eq!(
        (&job["status"], &job["assignedNode"]),
        (&json!("completed"), &json!(node)),
        "{ended}"
    );
    assert_eq!(job["metrics"]["cost"], PRICE, "{ended}");
    let job = job["jobId"].as_str().expect("an account").to_owned();

    // The chain has all of it, in its order; what it distributed is what the node earned, once that is final.
    let facts = format!(
        "SELECT arrayStringConcat(groupArray(toString(kind)), ' ') FROM (SELECT kind FROM canonical_events WHERE job = \
         base58Decode('{job}') ORDER BY slot, tx_index, outer_ix, inner_ix, ordinal)"
    );
    let whole = "JobCreated JobAssigned JobCompleted PaymentDistributed";
    wait_for("the settlement", Duration::from_secs(60), || {
        (sql(&data, &facts) == whole).then_some(())
    });
    let earned = wait_for("the credit", Duration::from_secs(60), || {
        let earned = instance.get(&mine)[0]["earned"].as_f64();
        earned.filter(|earned| *earned > 0.0)
    });
    assert!((earned - PRICE * 0.8).abs() < 1e-9, "{earned}");

    let shown = instance.get(&format!("/api/jobs/{job}"))["job"]["chain"].clone();
    let calls = shown["transactions"].as_array().map(|all| {
        let each = all.iter();
        each.map(|one| one["call"].as_str().unwrap_or_default())
            .collect::<Vec<_>>()
    });
    assert_eq!(
        calls.as_deref(),
        Some(&["create_job", "assign_job", "submit_result", "settle_job"][..]),
        "{shown}"
    );
    let settled = shown["transactions"][3]["signature"]
        .as_str()
        .expect("a signature");
    let found = instance.rpc(
        "getTransaction",
        &json!([settled, {"maxSupportedTransactionVersion": 0, "commitment": "confirmed"}]),
    );
    assert!(found["meta"]["err"].is_null(), "{found}");

    // Its reputation moves, and is found on chain by whoever looks.
    let reputation = format!("/api/nodes/{node}/reputation");
    let (score, slot) = wait_for("the reputation", Duration::from_secs(60), || {
        let told = instance.get(&reputation);
        let score = told["score"].as_u64().filter(|score| *score > before)?;
        Some((score, told["as_of_slot"].as_u64()?))
    });
    let slot = slot.to_string();
    let audit = [
        "audit",
        "--data",
        text(&data),
        "--node",
        &node,
        "--slot",
        &slot,
    ];
    let audited = run(&audit);
    let said = stdout(&audited);
    let last = said.lines().last().unwrap_or_default();
    assert_eq!(audited.status.code(), Some(0), "{said}{}", stderr(&audited));
    assert!(
        last.starts_with("MATCH ") && last.contains(&format!("score={score}")),
        "{said}"
    );

    // A second one of the same label is none; the desk says so before anything is signed.
    let again = told(&walk(&submit));
    assert_eq!(again["status"], 409, "{again}");
    assert_eq!(instance.stop(), Some(0));
}
