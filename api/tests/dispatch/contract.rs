//! Old shapes, texts and codes, as clients in the field know them.

use hypernode_schemas::openapi;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::access::{Doors, Manners, Wallet};
use crate::support::schema::check;
use crate::{job, poll, submit, wanted};

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

/// Whether an answer is as the document says.
pub(crate) fn documented(path: &str, method: &str, status: u16, body: &Value) {
    let document: Value = serde_json::from_str(openapi::TEXT).expect("the document");
    let schema = &document["paths"][path][method]["responses"][status.to_string()]["content"]["application/json"]
        ["schema"];
    let mut problems = Vec::new();
    check(&document, schema, body, path, &mut problems);
    assert!(problems.is_empty(), "{problems:#?}");
}

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

#[tokio::test]
async fn a_node_from_registration_to_its_end() {
    let doors = Doors::open().await;
    let me = Wallet::new(1);
    let session = doors.session(&me).await;
    let register = async |body: Value| {
        doors
            .post("/api/nodes/register", Some(&session), &body)
            .await
    };
    assert_eq!(
        register(json!({"gpuModel": "x"})).await,
        (400, json!({"error": "Wallet address is required"}))
    );
    // The example of the old documentation.
    let seed = json!({"walletAddress": me.address(), "gpuModel": "NVIDIA RTX 4090", "vram": 24576,
        "driverVersion": "535.129.03", "cudaVersion": "12.2", "hostOS": "Ubuntu 22.04", "cpuModel": "AMD Ryzen 9 5950X",
        "ramTotal": 65536, "location": {"country": "USA", "city": "San Francisco", "lat": 37.7749, "lon": -122.4194},
        "capabilities": ["inference", "training", "render"], "extra": true});
    let (status, told) = register(seed).await;
    assert_eq!(
        (status, &told["message"]),
        (201, &json!("Node registered successfully")),
        "{told}"
    );
    documented("/api/nodes/register", "post", 201, &told);
    let token = told["nodeToken"].as_str().expect("a token");
    assert!(
        token.starts_with("hn_") && token.len() == 46,
        "random, not its id and a time"
    );
    let node = &told["node"];
    assert_eq!(
        (&node["vram"], &node["status"]),
        (&json!(24), &json!("online"))
    );
    assert_eq!(
        (&node["jobsCompleted"], &node["totalEarned"]),
        (&json!(0), &json!(0))
    );
    assert!(
        node["reputation"]
            .as_u64()
            .is_some_and(|score| score <= 100)
    );
    let id = node["nodeId"].as_str().expect("an id").to_owned();

    let (status, told) = register(
        json!({"walletAddress": me.address(), "vram": 0, "gpuModel": "", "driverVersion": "550"}),
    )
    .await;
    assert_eq!(
        (status, &told["message"]),
        (200, &json!("Node updated successfully"))
    );
    documented("/api/nodes/register", "post", 200, &told);
    assert_eq!(told.get("nodeToken"), None);
    let node = &told["node"];
    assert_eq!(
        (&node["nodeId"], &node["vram"], &node["driverVersion"]),
        (&json!(id), &json!(24), &json!("550"))
    );

    let (status, one) = doors.get(&format!("/api/nodes/{id}"), None).await;
    assert_eq!(status, 200);
    documented("/api/nodes/{id}", "get", 200, &one);
    for path in [
        "/api/nodes/nonsense",
        "/api/nodes/6d3f5c4b-0b29-4ac1-a1e8-4e02f39c1e9f",
    ] {
        assert_eq!(
            doors.get(path, None).await,
            (404, json!({"error": "Node not found"}))
        );
    }
    for (query, count) in [
        ("", 1),
        ("?gpuModel=rtx%204090", 1),
        ("?gpuModel=a100", 0),
        ("?capability=render", 1),
        ("?capability=rend", 0),
        ("?status=online", 1),
        ("?status=offline", 0),
    ] {
        let (status, told) = doors.get(&format!("/api/nodes{query}"), None).await;
        assert_eq!((status, &told["count"]), (200, &json!(count)), "{query}");
        documented("/api/nodes", "get", 200, &told);
    }
    let (_, of_wallet) = doors
        .get(&format!("/api/nodes/wallet/{}", me.address()), None)
        .await;
    documented("/api/nodes/wallet/{wallet}", "get", 200, &of_wallet);
    assert_eq!(of_wallet["count"], json!(1));
    let none = doors.get("/api/nodes/wallet/nobody", None).await;
    assert_eq!(
        none,
        (200, json!({"success": true, "count": 0, "nodes": []}))
    );

    // Signs of life, by session and by the node's own token.
    let beat = json!({"success": true, "message": "Heartbeat received", "nextHeartbeatIn": 60000});
    let path = format!("/api/nodes/{id}/heartbeat");
    for token in [session.as_str(), token] {
        let body = json!({"status": "busy", "metrics": {"gpuUtil": 97}});
        assert_eq!(
            doors.post(&path, Some(token), &body).await,
            (200, beat.clone())
        );
        let body = json!({"walletAddress": me.address(), "status": "online"});
        assert_eq!(
            doors.post("/api/nodes/heartbeat", Some(token), &body).await,
            (200, beat.clone())
        );
    }
    let (_, one) = doors.get(&format!("/api/nodes/{id}"), None).await;
    assert_eq!(one["node"]["metrics"], json!({"gpuUtil": 97}));
    assert_eq!(doors.post(&path, None, &json!({})).await.0, 401);
    let other = doors.session(&Wallet::new(2)).await;
    assert_eq!(doors.post(&path, Some(&other), &json!({})).await.0, 403);
    let missing = doors
        .post("/api/nodes/nonsense/heartbeat", Some(&session), &json!({}))
        .await;
    assert_eq!(missing, (404, json!({"error": "Node not found"})));

    // Tables of the GPU Hosts module.
    let (_, mine) = doors
        .get(&format!("/api/nodes/mine?wallet={}", me.address()), None)
        .await;
    documented("/api/nodes/mine", "get", 200, &mine);
    assert_eq!(
        keys(&mine[0]),
        ["earned", "gpu", "hostname", "id", "lastHeartbeat", "status"]
    );
    for path in ["/api/nodes/mine", "/api/jobs/mine", "/api/gpu/hosts"] {
        assert_eq!(
            doors.get(path, None).await,
            (400, json!({"error": "wallet parameter is required"}))
        );
        assert_eq!(
            doors.get(&format!("{path}?wallet=x"), None).await,
            (200, json!([]))
        );
    }

    // Its end.
    let delete = async |token: Option<&str>, body: Value| {
        let answer = doors
            .send(Method::DELETE, &format!("/api/nodes/{id}"), token, &body)
            .await;
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.expect("JSON"),
        )
    };
    assert_eq!(
        delete(None, json!({"walletAddress": me.address()})).await.0,
        401
    );
    assert_eq!(
        delete(Some(&other), json!({"walletAddress": me.address()})).await,
        (403, json!({"error": "Unauthorized"}))
    );
    let gone = delete(Some(&session), json!({"walletAddress": me.address()})).await;
    assert_eq!(
        gone,
        (
            200,
            json!({"success": true, "message": "Node deregistered successfully"})
        )
    );
    assert_eq!(
        delete(Some(&session), json!({})).await,
        (404, json!({"error": "Node not found"}))
    );
    assert_eq!(
        doors
            .post("/api/nodes/heartbeat", Some(token), &json!({}))
            .await
            .0,
        401,
        "its token went with it"
    );
}

#[tokio::test]
async fn tokens_are_for_wallets_that_prove_themselves() {
    let doors = Doors::open().await;
    let me = Wallet::new(1);
    let body = json!({"wallet": me.address()});
    let (status, told) = doors.post("/api/nodes/issue-token", None, &body).await;
    assert_eq!(status, 401);
    assert!(
        told["error"]
            .as_str()
            .is_some_and(|text| text.contains("/api/auth/challenge")),
        "{told}"
    );
    let session = doors.session(&me).await;
    let missing = doors
        .post("/api/nodes/issue-token", Some(&session), &json!({}))
        .await;
    assert_eq!(
        missing,
        (400, json!({"error": "wallet address is required"}))
    );
    let theirs = json!({"wallet": Wallet::new(2).address()});
    assert_eq!(
        doors
            .post("/api/nodes/issue-token", Some(&session), &theirs)
            .await
            .0,
        403
    );
    let token = doors.host_token(&me, &session).await;
    assert_eq!(token.len(), 36, "a uuid, as ever");
    // A token begets no other.
    assert_eq!(
        doors
            .post("/api/nodes/issue-token", Some(&token), &body)
            .await
            .0,
        403
    );
}

#[tokio::test]
async fn machines_that_only_tell_that_they_are_there() {
    let doors = Doors::open().await;
    let me = Wallet::new(1);
    let session = doors.session(&me).await;
    let probe = json!({"wallet": me.address(), "hostname": "rig", "os": "Linux", "ip": "10.1.2.3",
        "gpus": [{"name": "RTX 4090", "memory_mb": 24564, "driver": "535.1"}]});
    let register = async |token: Option<&str>, body: &Value| {
        doors.post("/api/gpu/register", token, body).await
    };
    assert_eq!(register(None, &probe).await.0, 401);
    assert_eq!(
        register(Some(&session), &json!({"hostname": "rig"})).await,
        (400, json!({"error": "wallet is required"}))
    );
    let nameless = json!({"wallet": me.address()});
    assert_eq!(
        register(Some(&session), &nameless).await,
        (400, json!({"error": "hostname is required"}))
    );
    assert_eq!(
        register(Some(&session), &probe).await,
        (200, json!({"ok": true}))
    );
    let (token, _) = doors.node(&me).await;
    assert_eq!(
        register(Some(&token), &probe).await,
        (200, json!({"ok": true}))
    );
    let (_, hosts) = doors
        .get(&format!("/api/gpu/hosts?wallet={}", me.address()), None)
        .await;
    documented("/api/gpu/hosts", "get", 200, &hosts);
    assert_eq!(
        (&hosts[0]["hostname"], &hosts[0]["gpus"][0]["memory_mb"]),
        (&json!("rig"), &json!(24564))
    );
    assert!(
        !hosts.to_string().contains("10.1.2.3"),
        "an address is nobody's business"
    );
    let (_, all) = doors.get("/api/gpu/hosts/all", None).await;
    documented("/api/gpu/hosts/all", "get", 200, &all);
    assert_eq!(all["total"], json!(1));
}

#[tokio::test]
async fn the_old_matchmaker_answers_by_its_formula() {
    let doors = Doors::open().await;
    let session = doors.session(&Wallet::new(1)).await;
    let job = json!({"jobId": "x", "jobType": "render", "requirements": {"gpuModel": "RTX 4090", "vramMin": 16}, "price": 1});
    for path in ["/api/matchmaker/match", "/internal/matchmaker/match"] {
        let none = doors.post(path, Some(&session), &job).await;
        assert_eq!(none, (200, json!({"success": false, "reason": "no_match"})));
        let failed = doors.post(path, Some(&session), &json!({})).await;
        assert_eq!(failed, (500, json!({"error": "Matchmaking failed"})));
        assert_eq!(doors.post(path, None, &job).await.0, 401);
    }
    let owner = Wallet::new(2);
    let (token, node) = doors.node(&owner).await;
    let (status, told) = doors
        .post("/api/matchmaker/match", Some(&session), &job)
        .await;
    assert_eq!((status, &told["success"]), (200, &json!(true)), "{told}");
    documented("/api/matchmaker/match", "post", 200, &told);
    let found = &told["match"];
    assert_eq!(
        (&found["nodeId"], &found["operator"], &found["vram"]),
        (&json!(node), &json!(owner.address()), &json!(24))
    );
    // 0.4 × 364/1000 + 0.4 × 0/1 + 0.2: the prior, and nothing run yet.
    assert_eq!(found["score"], json!(0.3456));
    let mut other = job.clone();
    other["requirements"]["vramMin"] = json!(80);
    assert_eq!(
        doors
            .post("/api/matchmaker/match", Some(&session), &other)
            .await
            .1["success"],
        json!(false)
    );
    let mut drawn = job.clone();
    drawn["algorithm"] = json!("draw");
    assert_eq!(
        doors
            .post("/api/matchmaker/match", Some(&session), &drawn)
            .await
            .1["match"]["nodeId"],
        json!(node)
    );
    drawn["algorithm"] = json!("best");
    assert_eq!(
        doors
            .post("/api/matchmaker/match", Some(&session), &drawn)
            .await
            .0,
        400
    );
    // One that runs something has no place for more.
    submit(&doors, &session, &wanted(&Wallet::new(1))).await;
    poll(&doors, &token).await;
    assert_eq!(
        doors
            .post("/api/matchmaker/match", Some(&session), &job)
            .await
            .1["success"],
        json!(false)
    );
}

#[tokio::test]
async fn where_everything_is_open_a_name_is_believed() {
    let doors = Doors::with(Manners {
        open_dev: true,
        ..Manners::default()
    })
    .await;
    let (me, host) = (Wallet::new(1), Wallet::new(2));
    let (status, told) = doors.post("/api/jobs", None, &wanted(&me)).await;
    assert_eq!(status, 201, "{told}");
    let id = told["job"]["jobId"].as_str().expect("an id").to_owned();
    let body = json!({"walletAddress": host.address(), "vram": 24});
    let (status, told) = doors.post("/api/nodes/register", None, &body).await;
    assert_eq!(status, 201, "{told}");
    let node = told["node"]["nodeId"].clone();
    assert_eq!(doors.post("/api/nodes/heartbeat", None, &body).await.0, 200);
    let mut given = Value::Null;
    for _ in 0..20 {
        let path = format!("/api/jobs/available?wallet={}", host.address());
        given = doors.get(&path, None).await.1["job"].clone();
        if !given.is_null() {
            break;
        }
    }
    assert_eq!(given["jobId"], json!(id));
    let result = json!({"nodeId": node, "result": 42});
    let (status, told) = doors
        .post(&format!("/api/jobs/{id}/result"), None, &result)
        .await;
    assert_eq!(
        (status, &told["job"]["status"]),
        (200, &json!("completed")),
        "{told}"
    );
    assert_eq!(job(&doors, &id, None).await["result"], json!(42));
    let deleted = doors
        .send(
            Method::DELETE,
            &format!("/api/nodes/{}", node.as_str().expect("an id")),
            None,
            &json!({}),
        )
        .await;
    assert_eq!(deleted.status(), 403, "whose it is must be known");
    let another = json!({"walletAddress": me.address()});
    let submitted = submit_open(&doors, &another).await;
    let wrong = json!({"walletAddress": host.address()});
    let cancel = format!("/api/jobs/{submitted}/cancel");
    assert_eq!(
        doors.post(&cancel, None, &wrong).await,
        (403, json!({"error": "Unauthorized"}))
    );
    assert_eq!(doors.post(&cancel, None, &json!({})).await.0, 403);
    assert_eq!(doors.post(&cancel, None, &another).await.0, 200);
}

async fn submit_open(doors: &Doors, body: &Value) -> String {
    let mut body = body.clone();
    body["jobType"] = json!("render");
    let (status, told) = doors.post("/api/jobs", None, &body).await;
    assert_eq!(status, 201, "{told}");
    told["job"]["jobId"].as_str().expect("an id").to_owned()
}
