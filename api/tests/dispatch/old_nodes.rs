//! Old shapes, texts and codes of nodes and hosts.

use reqwest::Method;
use serde_json::{Value, json};

use crate::contract::documented;
use crate::support::access::{Doors, Wallet};

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
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
