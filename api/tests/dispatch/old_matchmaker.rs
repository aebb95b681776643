//! The old matchmaker, and a server that believes names as the old one did.

use reqwest::Method;
use serde_json::{Value, json};

use crate::contract::documented;
use crate::support::access::{Doors, Manners, Wallet};
use crate::{job, poll, submit, wanted};

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
