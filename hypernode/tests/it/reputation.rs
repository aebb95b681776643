//! Scores of a running instance, and their audit from chain alone.

use std::time::Duration;

use crate::browser::Browser;
use crate::support::{Instance, run, sql, stderr, stdout, text, wait_for};

/// The audit's exit code, its last line, and all that it printed.
fn audit(instance: &Instance, node: &str, slot: u64) -> (Option<i32>, String, String) {
    let slot = slot.to_string();
    let output = run(&[
        "audit",
        "--data",
        text(&instance.data),
        "--node",
        node,
        "--slot",
        &slot,
    ]);
    let said = stdout(&output);
    let last = said.lines().last().unwrap_or_default().to_owned();
    (output.status.code(), last, said + &stderr(&output))
}

// I-35.
#[test]
fn a_score_is_found_on_chain_and_one_without_its_evidence_is_refuted() {
    let data = tempfile::tempdir().expect("a folder");
    let instance = Instance::start(data.path(), &[]);
    // Evidence is of final blocks: 31 slots behind. Between scores and their checkpoint the view has scores of a later slot.
    let best = "SELECT node_id, score, as_of_slot FROM reputation \
        WHERE score > 500 AND as_of_slot >= (SELECT max(as_of_slot) FROM reputation_scores) ORDER BY score DESC LIMIT 1";
    let row = wait_for("a score", Duration::from_secs(120), || {
        let row = sql(data.path(), best);
        (!row.is_empty()).then_some(row)
    });
    let mut cells = row.split('\t');
    let node = cells.next().expect("a node").to_owned();
    let score: u64 = cells
        .next()
        .and_then(|score| score.parse().ok())
        .expect("a score");
    let slot: u64 = cells
        .next()
        .and_then(|slot| slot.parse().ok())
        .expect("a slot");

    let told = instance.get(&format!("/api/nodes/{node}/reputation?slot={slot}"));
    assert_eq!(
        (&told["score"], &told["finality"]),
        (&score.into(), &"finalized".into()),
        "{told}"
    );
    let (code, last, all) = audit(&instance, &node, slot);
    assert_eq!(code, Some(0), "{all}");
    assert!(
        last.starts_with("MATCH ") && last.contains(&format!("score={score}")),
        "{all}"
    );
    // Before its registration it was nobody.
    let (code, last, all) = audit(&instance, &node, 1);
    assert_eq!(code, Some(0), "{all}");
    assert!(last.contains("score=364"), "{all}");

    let condition = format!("node = base58Decode('{node}') AND slot <= {slot}");
    let job = sql(
        data.path(),
        &format!(
            "SELECT base58Encode(job) FROM reputation_evidence WHERE {condition} ORDER BY job LIMIT 1"
        ),
    );
    let delete = format!(
        "ALTER TABLE reputation_evidence DELETE WHERE job = base58Decode('{job}') SETTINGS mutations_sync = 2"
    );
    let deleted = run(&["sql", "--write", "--data", text(data.path()), &delete]);
    assert!(deleted.status.success(), "{}", stderr(&deleted));
    let (code, last, all) = audit(&instance, &node, slot);
    assert_eq!(code, Some(1), "{all}");
    assert!(last.starts_with("MISMATCH "), "{all}");
    assert!(all.contains(&job), "the job {job} is named: {all}");
    assert_eq!(instance.stop(), Some(0));

    // The next start counts what there is, and makes everything anew.
    let instance = Instance::start(data.path(), &[]);
    wait_for("the score again", Duration::from_secs(120), || {
        let told = instance.get(&format!("/api/nodes/{node}/reputation?slot={slot}"));
        (told["score"] == score).then_some(())
    });
    let (code, _, all) = audit(&instance, &node, slot);
    assert_eq!(code, Some(0), "{all}");
    assert_eq!(instance.stop(), Some(0));
}

// I-37. A day of block time passes in ten seconds.
#[test]
fn days_end_and_jobs_expire_while_one_watches() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let instance = Instance::start(&data, &["--set", "localnet.clock=8640"]);
    let under = "SELECT base58Encode(node) FROM reputation_evidence WHERE kind = 'expired' AND node IN \
                 (SELECT node FROM reputation_paths WHERE (day, last_slot) IN (SELECT day, last_slot FROM reputation_roots)) \
                 AND slot <= (SELECT max(last_slot) FROM reputation_roots) ORDER BY slot LIMIT 1";
    let node = wait_for(
        "a job that expired on a day that is over",
        Duration::from_secs(180),
        || {
            let node = sql(&data, under);
            (!node.is_empty()).then_some(node)
        },
    );
    let told = instance.get("/api/validation/roots");
    let newest = told["roots"].as_array().and_then(|all| all.last());
    let newest = newest.expect("a root");
    assert_eq!(newest["last_slot"], told["as_of_slot"], "{told}");
    let slot = told["as_of_slot"].as_u64().expect("a slot") + 1;
    // A root is there before the first slot of the next day is judged.
    let proof = wait_for("the next slot", Duration::from_secs(60), || {
        let proof = instance.get(&format!("/api/nodes/{node}/reputation/proof?slot={slot}"));
        proof["error"].is_null().then_some(proof)
    });
    let days = proof["roots"].as_array().map_or(0, Vec::len);
    assert!(days > 0, "{proof}");

    let (code, last, all) = audit(&instance, &node, slot);
    assert_eq!(code, Some(0), "{all}");
    assert!(last.starts_with("MATCH "), "{all}");
    assert!(all.contains(&format!("roots       of {days} day")), "{all}");

    let mut browser = Browser::start(&folder.path().join("profile"));
    browser.open(&format!("{}/?node={node}", instance.endpoint("api")));
    browser.until(
        "the page's script",
        "!document.querySelector('#recompute button').hidden",
    );
    browser.evaluate("document.querySelector('#recompute button').click()");
    browser.until("a verdict", "document.querySelector('.verdict') !== null");
    let verdict = browser.text("document.querySelector('#recompute [role=status]').innerText");
    assert!(verdict.starts_with("MATCH"), "{verdict}");
    assert!(verdict.contains("Held against the roots of"), "{verdict}");
    assert_eq!(browser.complaints, [""; 0]);
    drop(browser);

    // What a closed day said of the node is changed: the score may stay, the root does not.
    let change = format!(
        "ALTER TABLE reputation_evidence UPDATE units = units - 1 WHERE node = base58Decode('{node}') AND kind = 'expired' \
         AND slot <= {slot} SETTINGS mutations_sync = 2"
    );
    let changed = run(&["sql", "--write", "--data", text(&data), &change]);
    assert!(changed.status.success(), "{}", stderr(&changed));
    let (code, _, all) = audit(&instance, &node, slot);
    assert_eq!(code, Some(1), "{all}");
    assert!(all.contains("differs     root of day"), "{all}");
    assert_eq!(instance.stop(), Some(0));
}
