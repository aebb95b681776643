//! Status codes, headers, limits: what holds for every route.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use hypernode_analytics::reputation::Keeper;
use hypernode_api::paths;
use serde_json::{Value, json};
use support::history::{self, LAST, signature};

#[tokio::test]
async fn answers_keep_the_manners_that_clients_know() {
    let Some((client, engine)) = history::engine().await else {
        return;
    };
    history::write_history(&client, LAST, 5).await;
    let mut scores = Keeper::new(client.clone(), Vec::new());
    while scores.step().await.expect("a step").slot.is_some() {}
    let server = support::serve(&engine.reader, support::network()).await;
    headers_are_on_every_answer(&server).await;
    tags_save_the_way(&server, &client).await;
    bad_questions_are_told_what_is_allowed(&server).await;
    unknown_routes_and_bodies(&server).await;
    origins(&server).await;
    many_at_once(&server).await;
}

async fn headers_are_on_every_answer(server: &support::Server) {
    // Decisions are told by a server that dispatches.
    let told_here =
        |path: &&str| !path.starts_with("/api/dispatch/") && !path.ends_with("/explain");
    for path in paths().into_iter().filter(told_here) {
        let path = path
            .replace("{signature}", &signature(5, 1))
            .replace("{name}", "jobs_completed")
            .replace("{id}", &history::base58("node-1"))
            .replace("{group}", "jobs")
            .replace("{panel}", "hyper_paid");
        let answer = server.get(&path).await;
        assert_eq!(answer.status(), 200, "{path}");
        let headers = answer.headers();
        assert!(headers.contains_key("x-as-of-slot"), "{path}");
        // Digest, reputation and the network's panels are of final facts whatever is asked.
        let finality = match path.as_str() {
            "/api/index/digest" | "/api/validation/roots" => "finalized",
            path if path.starts_with("/api/nodes/") => "finalized",
            path if path.starts_with("/api/dashboards/") => "finalized",
            _ => "confirmed",
        };
        assert_eq!(headers["x-finality"], finality, "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{path}"
        );
        if headers["content-type"] == "application/json"
            && path != "/openapi.json"
            && path != "/internal/status"
            && path != "/api/dashboards"
        {
            let slot = headers["x-as-of-slot"].to_str().expect("text").to_owned();
            let body: Value = answer.json().await.expect("JSON");
            assert_eq!(body["as_of_slot"].to_string(), slot, "{path}");
            assert_eq!(body["finality"], finality, "{path}");
        }
    }
}

async fn tags_save_the_way(server: &support::Server, client: &hypernode_warehouse::Client) {
    let ask = async |known: &str| {
        let address = format!("{}/api/metrics", server.base);
        server
            .web
            .get(address)
            .header("If-None-Match", known)
            .send()
            .await
            .expect("an answer")
    };
    let first = server.get("/api/metrics").await;
    let tag = first.headers()["etag"].to_str().expect("text").to_owned();
    let body = first.bytes().await.expect("a body");
    assert_eq!(
        server
            .get("/api/metrics")
            .await
            .bytes()
            .await
            .expect("a body"),
        body,
        "one slot, one answer"
    );

    let known = ask(&tag).await;
    assert_eq!(known.status(), 304);
    assert_eq!(known.headers()["x-as-of-slot"], "8");
    assert!(known.bytes().await.expect("a body").is_empty());
    assert_eq!(ask("\"other\"").await.status(), 200);

    let finalized = server.get("/api/metrics?finality=finalized").await;
    assert_ne!(finalized.headers()["etag"], tag.as_str());
    let health = server.get("/api/metrics/health").await;
    assert!(
        !health.headers().contains_key("etag"),
        "its time is the present"
    );

    history::publish(client, LAST + 1, LAST + 4, 5).await;
    // The slot is followed while answers are asked for; a busy machine takes its time.
    let begun = std::time::Instant::now();
    let moved = loop {
        let answer = ask(&tag).await;
        if answer.status() == 200 || begun.elapsed().as_secs() > 30 {
            break answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    assert_eq!(
        (moved.status().as_u16(), &moved.headers()["x-as-of-slot"]),
        (200, &"12".parse().expect("a value"))
    );
    let finalized_again = server.get("/api/metrics?finality=finalized").await;
    assert_eq!(
        finalized_again.headers()["etag"],
        finalized.headers()["etag"],
        "finalized stood still"
    );
}

async fn bad_questions_are_told_what_is_allowed(server: &support::Server) {
    for (path, text) in [
        (
            "/api/metrics?finality=processed",
            "finality must be confirmed or finalized",
        ),
        ("/?finality=", "finality must be confirmed or finalized"),
        (
            "/api/metrics/validation?limit=many",
            "limit must be a whole number from 1 on; more than 500 gives 500",
        ),
        (
            "/api/nodes/not-an-address/reputation",
            "a node's id is the address of its account: 32 bytes in base58",
        ),
        (
            "/api/nodes/11111111111111111111111111111111/reputation?slot=-1",
            "slot must be a whole number",
        ),
        (
            "/api/nodes/11111111111111111111111111111111/reputation/proof?page=0",
            "page must be a whole number from 1 on",
        ),
        (
            "/api/metrics/validation?limit=0",
            "limit must be a whole number from 1 on; more than 500 gives 500",
        ),
        (
            "/api/index/changes?cursor=99999999999999",
            "this index has given no such cursor: is it another one? begin again with cursor=0",
        ),
        (
            "/api/validation/roots?from=today",
            "from must be a day: a whole number of days since 1970",
        ),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status(), 400, "{path}");
        assert_eq!(
            answer.json::<Value>().await.expect("JSON"),
            json!({ "error": text }),
            "{path}"
        );
    }
    let future = server
        .get("/api/nodes/11111111111111111111111111111111/reputation?slot=9999999")
        .await;
    assert_eq!(future.status(), 404);
    let told = future.json::<Value>().await.expect("JSON")["error"].to_string();
    assert!(told.contains("scores are known for slots 1 to"), "{told}");
    assert_eq!(
        server
            .get("/api/metrics/validation?limit=100000")
            .await
            .status(),
        200
    );
}

async fn unknown_routes_and_bodies(server: &support::Server) {
    let not_found = json!({ "error": "Endpoint not found" });
    for path in [
        "/nothing",
        "/api/",
        "/api/metrics/",
        "/web/",
        "/tx/",
        "/..%2f",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(
            answer.json::<Value>().await.expect("JSON"),
            not_found,
            "{path}"
        );
    }
    let post = async |path: &str, body: String| {
        let request = server
            .web
            .post(format!("{}{path}", server.base))
            .header("content-type", "application/json; charset=utf-8");
        let answer = request.body(body).send().await.expect("an answer");
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.expect("JSON"),
        )
    };
    assert_eq!(
        post("/api/metrics", "{}".into()).await,
        (404, not_found.clone())
    );
    // Nobody may post where no secret is set, whatever it is.
    assert_eq!(
        post("/api/metrics/update", "{\"type\":1}".into()).await.0,
        401
    );
    assert_eq!(post("/nothing", String::new()).await, (404, not_found));
    let broken = (500, json!({ "error": "Internal server error" }));
    for body in ["{", "{\"a\":}", "7", "\"text\"", "{} {}"] {
        assert_eq!(post("/nothing", body.into()).await, broken, "{body}");
    }
    assert_eq!(post("/nothing", "[".repeat(100_000)).await, broken, "depth");
    assert_eq!(
        post("/nothing", format!("[\"{}\"]", "a".repeat(300_000)))
            .await
            .0,
        413
    );
}

async fn origins(server: &support::Server) {
    let ask = async |method: reqwest::Method, path: &str| {
        let request = server
            .web
            .request(method, format!("{}{path}", server.base))
            .header("Origin", "https://page.example");
        request
            .header("Access-Control-Request-Method", "GET")
            .send()
            .await
            .expect("an answer")
    };
    for method in [reqwest::Method::GET, reqwest::Method::OPTIONS] {
        let answer = ask(method.clone(), "/api/metrics").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(
            answer.headers()["access-control-allow-origin"],
            "*",
            "{method}"
        );
    }
    for path in ["/internal/status", "/metrics"] {
        let own = ask(reqwest::Method::GET, path).await;
        assert_eq!(own.status(), 200, "{path}");
        assert!(
            !own.headers().contains_key("access-control-allow-origin"),
            "{path} is not for pages from elsewhere"
        );
    }
    let head = ask(reqwest::Method::HEAD, "/api/metrics").await;
    assert_eq!(head.status(), 200);
    assert!(head.headers().contains_key("etag"));
}

async fn many_at_once(server: &support::Server) {
    let asked = (0..200).map(|_| server.json("/api/metrics"));
    let answers = futures::future::join_all(asked).await;
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn without_an_engine_the_documented_words_are_said() {
    let nobody = history::unreachable();
    let server = support::serve(&nobody, support::network()).await;
    for (path, text) in [
        ("/api/metrics", "Failed to fetch metrics"),
        ("/api/metrics/health", "Failed to fetch metrics"),
        ("/api/metrics/validation", "Failed to fetch validation data"),
        ("/api/metrics/nodes", "Failed to fetch node metrics"),
        ("/api/metrics/jobs", "Failed to fetch job metrics"),
        ("/api/metrics/current", "Failed to get metrics"),
        ("/internal/metrics/current", "Failed to get metrics"),
        ("/api/validation", "Failed to get validation data"),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status(), 500, "{path}");
        assert_eq!(
            answer.json::<Value>().await.expect("JSON"),
            json!({ "error": text }),
            "{path}"
        );
    }
    let health = server.get("/health").await;
    assert_eq!(health.status(), 503);
    let body: Value = health.json().await.expect("JSON");
    assert_eq!(
        (&body["status"], &body["as_of_slot"]),
        (&json!("unhealthy"), &Value::Null)
    );
    assert_eq!(
        server.get("/internal/status").await.status(),
        200,
        "the operator is answered all the same"
    );
    let page = server.get("/").await;
    assert_eq!(page.status(), 500);
}

#[tokio::test]
async fn a_stop_ends_the_server_and_frees_its_port() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let stop = tokio_util::sync::CancellationToken::new();
    let state = hypernode_api::ApiState::new(
        history::unreachable(),
        support::network(),
        std::sync::Arc::new(support::Told),
    );
    let serving = tokio::spawn(hypernode_api::serve(listener, None, state, stop.clone()));
    // A connection that says nothing must not hold up the stop.
    let idle = tokio::net::TcpStream::connect(address)
        .await
        .expect("a connection");
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    stop.cancel();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(6), serving).await;
    ended
        .expect("in time")
        .expect("no panic")
        .expect("no error");
    drop(idle);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    tokio::net::TcpListener::bind(address)
        .await
        .expect("the port is free");
}
