//! Old shapes, texts and codes of jobs, as clients in the field know them.

use serde_json::{Value, json};

use crate::contract::documented;
use crate::support::access::{Doors, Wallet};
use crate::{job, poll, submit, wanted};

#[tokio::test]
async fn what_nothing_reads_is_told_and_what_is_out_of_range_is_named() {
    let doors = Doors::open().await;
    let me = Wallet::new(1);
    let session = doors.session(&me).await;
    let mut body = wanted(&me);
    body["max_duration"] = json!(5);
    body["maxDuration"] = json!(0);
    body["requirements"] = json!({"minVRam": 80});
    let (status, told) = doors.post("/api/jobs", Some(&session), &body).await;
    assert_eq!(status, 201, "{told}");
    documented("/api/jobs", "post", 201, &told);
    assert_eq!(
        told["ignored"],
        json!(["max_duration", "requirements.minVRam"])
    );
    assert_eq!(
        told["job"]["maxDuration"],
        json!(3600),
        "0 says nothing, as ever"
    );
    let (status, told) = doors.post("/api/jobs", Some(&session), &wanted(&me)).await;
    assert_eq!((status, told.get("ignored")), (201, None));
    let huge = 1_000_000_000_000_u64;
    for (name, value, says) in [
        (
            "requirements",
            json!({"minReputation": huge}),
            "requirements.minReputation",
        ),
        (
            "requirements",
            json!({"minVRAM": huge}),
            "requirements.minVRAM",
        ),
        ("maxDuration", json!(huge), "maxDuration"),
        ("maxDuration", json!(-1), "maxDuration"),
        ("maxRetries", json!(huge), "maxRetries"),
        ("priority", json!(huge), "priority"),
    ] {
        let mut body = wanted(&me);
        body[name] = value.clone();
        let (status, told) = doors.post("/api/jobs", Some(&session), &body).await;
        assert_eq!(status, 400, "{name} {value}: {told}");
        assert!(
            told["error"]
                .as_str()
                .is_some_and(|text| text.contains(says)),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_job_that_failed_says_why_and_how_often_it_ran() {
    let doors = Doors::open().await;
    let me = Wallet::new(1);
    let session = doors.session(&me).await;
    let mut body = wanted(&me);
    body["maxRetries"] = json!(0);
    let id = submit(&doors, &session, &body).await;
    let owner = Wallet::new(2);
    let (host, _) = doors.node(&owner).await;
    assert_eq!(job(&doors, &id, None).await["attempts"], json!(0));
    poll(&doors, &host).await;
    assert_eq!(job(&doors, &id, None).await["attempts"], json!(1));
    let failed = json!({"exitCode": 3, "logs": "out of memory", "kind": "job"});
    let path = format!("/api/jobs/{id}/failure");
    assert_eq!(doors.post(&path, Some(&host), &failed).await.0, 200);
    let reason = "every attempt came to nothing; the last one: the job itself failed";
    let public = job(&doors, &id, None).await;
    assert_eq!(
        (
            &public["status"],
            &public["attempts"],
            &public["reason"],
            &public["error"]
        ),
        (&json!("failed"), &json!(1), &json!(reason), &json!(reason))
    );
    let mine = job(&doors, &id, Some(&session)).await;
    let error = format!("{reason}; its program ended with exit code 3");
    assert_eq!(
        (&mine["error"], &mine["reason"]),
        (&json!(error), &json!(reason))
    );
    documented(
        "/api/jobs/{id}",
        "get",
        200,
        &json!({"success": true, "job": mine}),
    );
}

#[tokio::test]
async fn a_job_from_submission_to_cancellation() {
    let doors = Doors::open().await;
    let me = Wallet::new(1);
    let session = doors.session(&me).await;
    let post =
        async |path: &str, token: Option<&str>, body: &Value| doors.post(path, token, body).await;

    let no_wallet = post("/api/jobs", Some(&session), &json!({"jobType": "render"})).await;
    assert_eq!(
        no_wallet,
        (400, json!({"error": "Wallet address is required"}))
    );
    let types = json!([
        "llm_inference",
        "llm_fine_tuning",
        "rag_indexing",
        "vision_pipeline",
        "render",
        "generic_compute"
    ]);
    let mut body = json!({"walletAddress": me.address(), "jobType": "mining"});
    let bad_type = post("/api/jobs", Some(&session), &body).await;
    assert_eq!(
        bad_type,
        (
            400,
            json!({"error": "Invalid job type", "validTypes": types})
        )
    );
    documented("/api/jobs", "post", 400, &bad_type.1);

    body["jobType"] = json!("llm_inference");
    let (status, told) = post("/api/jobs", Some(&session), &body).await;
    assert_eq!(
        (status, &told["message"]),
        (201, &json!("Job created successfully")),
        "{told}"
    );
    documented("/api/jobs", "post", 201, &told);
    let created = &told["job"];
    for (key, value) in [
        ("model", json!("default")),
        ("input", json!({})),
        (
            "requirements",
            json!({"minVRAM": 8, "capabilities": ["inference"]}),
        ),
        ("budget", json!(0)),
        ("maxDuration", json!(3600)),
        ("status", json!("queued")),
        ("assignedNode", Value::Null),
        ("result", Value::Null),
        ("logs", json!([])),
    ] {
        assert_eq!(created[key], value, "{key}");
    }
    assert_eq!(created["metrics"]["cost"], json!(0));
    for key in ["startTime", "endTime", "duration"] {
        assert_eq!(created["metrics"][key], Value::Null);
    }
    let id = created["jobId"].as_str().expect("an id");
    assert_eq!(id.len(), 36, "a uuid");
    assert!(
        created["createdAt"]
            .as_str()
            .is_some_and(|at| at.ends_with('Z') && at.len() == 24)
    );

    // Looked at.
    let (status, one) = doors.get(&format!("/api/jobs/{id}"), Some(&session)).await;
    assert_eq!(status, 200);
    documented("/api/jobs/{id}", "get", 200, &one);
    assert_eq!(one["job"], *created);
    for unknown in [
        "nonsense",
        "6d3f5c4b-0b29-4ac1-a1e8-4e02f39c1e9f",
        &me.address(),
    ] {
        let none = doors.get(&format!("/api/jobs/{unknown}"), None).await;
        assert_eq!(none, (404, json!({"error": "Job not found"})), "{unknown}");
    }
    let (status, listed) = doors
        .get(&format!("/api/jobs?walletAddress={}", me.address()), None)
        .await;
    assert_eq!(
        (status, &listed["count"], &listed["success"]),
        (200, &json!(1), &json!(true))
    );
    documented("/api/jobs", "get", 200, &listed);
    let (_, summary) = doors.get("/api/jobs/stats/summary", None).await;
    documented("/api/jobs/stats/summary", "get", 200, &summary);
    assert_eq!(
        (&summary["stats"]["total"], &summary["stats"]["queued"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(summary["stats"]["totalCost"], json!(0));

    // Cancelled.
    let other = doors.session(&Wallet::new(2)).await;
    let cancel = format!("/api/jobs/{id}/cancel");
    let named = json!({"walletAddress": me.address()});
    assert_eq!(
        post("/api/jobs/nonsense/cancel", Some(&session), &named).await,
        (404, json!({"error": "Job not found"}))
    );
    assert_eq!(
        post(&cancel, Some(&other), &named).await,
        (403, json!({"error": "Unauthorized"}))
    );
    let strange = json!({"walletAddress": Wallet::new(2).address()});
    assert_eq!(
        post(&cancel, Some(&session), &strange).await,
        (403, json!({"error": "Unauthorized"}))
    );
    assert_eq!(post(&cancel, None, &named).await.0, 401);
    let (status, told) = post(&cancel, Some(&session), &named).await;
    assert_eq!(
        (status, &told["message"], &told["job"]["status"]),
        (
            200,
            &json!("Job cancelled successfully"),
            &json!("cancelled")
        )
    );
    documented("/api/jobs/{id}/cancel", "post", 200, &told);
    let again = post(&cancel, Some(&session), &named).await;
    assert_eq!(
        again,
        (
            400,
            json!({"error": "Can only cancel pending or queued jobs"})
        )
    );
}

#[tokio::test]
async fn lists_are_filtered_newest_first_and_go_on_by_cursor() {
    let doors = Doors::open().await;
    let (me, other) = (Wallet::new(1), Wallet::new(2));
    let (mine, theirs) = (doors.session(&me).await, doors.session(&other).await);
    let mut ids = Vec::new();
    for n in 0..5 {
        let mut body = wanted(&me);
        body["jobType"] = json!(if n % 2 == 0 { "render" } else { "rag_indexing" });
        ids.push(submit(&doors, &mine, &body).await);
    }
    submit(&doors, &theirs, &wanted(&other)).await;
    ids.reverse();
    let listed = async |query: &str| {
        let (status, told) = doors.get(&format!("/api/jobs?{query}"), None).await;
        assert_eq!(status, 200, "{told}");
        assert_eq!(told["count"], told["jobs"].as_array().map_or(0, Vec::len));
        told
    };
    let of = |told: &Value| -> Vec<String> {
        let jobs = told["jobs"].as_array().expect("a list");
        jobs.iter()
            .map(|job| job["jobId"].as_str().expect("an id").to_owned())
            .collect()
    };
    let wallet = format!("walletAddress={}", me.address());
    assert_eq!(of(&listed(&wallet).await), ids);
    assert_eq!(listed("").await["count"], json!(6));
    assert_eq!(
        listed(&format!("{wallet}&jobType=render")).await["count"],
        json!(3)
    );
    for (query, count) in [
        ("status=queued", 6),
        ("status=completed", 0),
        ("status=nonsense", 0),
        ("walletAddress=nonsense", 0),
        ("jobType=nonsense", 0),
        ("limit=2", 2),
        ("limit=999999999999", 6),
    ] {
        assert_eq!(listed(query).await["count"], json!(count), "{query}");
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let told = listed(&format!("{wallet}&limit=2{cursor}")).await;
        seen.extend(of(&told));
        match told["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ids);
    for bad in ["limit=0", "limit=x", "cursor=x", "cursor=-1"] {
        assert_eq!(
            doors.get(&format!("/api/jobs?{bad}"), None).await.0,
            400,
            "{bad}"
        );
    }
}
