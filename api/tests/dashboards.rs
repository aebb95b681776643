//! The dashboards over HTTP: pages, panels in each format, what is refused, and what many viewers cost.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use hypernode_analytics::panels;
use hypernode_analytics::rollup;
use serde_json::json;
use support::Server;
use support::history::{self, LAST};

#[tokio::test]
async fn panels_are_served_as_what_was_asked() {
    let Some((client, engine)) = history::engine().await else {
        return;
    };
    let server = support::serve(&engine.reader, support::network()).await;
    // Nothing is indexed yet: every page is there and says so.
    for group in panels::groups() {
        let page = server.get(&format!("/dashboards/{}", group.name)).await;
        assert_eq!(page.status(), 200);
        let html = page.text().await.expect("text");
        assert!(html.contains("simulated"), "I-17");
        assert!(!html.contains("cannot be read"), "{}", group.name);
    }

    history::write_history(&client, LAST, LAST).await;
    let mut sums = rollup::Keeper::new(client.clone());
    while sums.step().await.expect("a step").more {}
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;

    lists(&server).await;
    formats(&server).await;
    refusals(&server).await;
    pages(&server).await;
    many(&server).await;
}

async fn lists(server: &Server) {
    let list = server.json("/api/dashboards").await;
    let groups = list["groups"].as_array().expect("groups");
    assert_eq!(groups.len(), panels::groups().len());
    for group in groups {
        for panel in group["panels"].as_array().expect("panels") {
            let (group, name) = (
                panel["group"].as_str().expect("a group"),
                panel["name"].as_str().expect("a name"),
            );
            let rows = server
                .json(&format!("/api/dashboards/{group}/{name}"))
                .await;
            assert_eq!(rows["title"], panel["title"]);
            assert_eq!(rows["finality"], panel["finality"]);
            let sql = server
                .text(&format!("/api/dashboards/{group}/{name}.sql"))
                .await;
            assert_eq!(sql, panels::find(group, name).expect("a panel").text);
        }
    }
}

async fn formats(server: &Server) {
    let by_state = "/api/dashboards/jobs/by_state";
    let json = server.json(by_state).await;
    assert_eq!(json["as_of_slot"], LAST);
    assert_eq!(json["rows"][2], json!(["completed", 4]));
    assert_eq!(
        json["chart"],
        json!({ "kind": "bars", "x": "state", "y": ["jobs"], "series": null })
    );
    for address in [format!("{by_state}.csv"), format!("{by_state}?format=csv")] {
        let answer = server.get(&address).await;
        assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
        assert_eq!(answer.headers()["x-as-of-slot"], LAST.to_string());
        let csv = answer.text().await.expect("text");
        assert!(
            csv.starts_with("state,jobs\r\n") && csv.contains("\r\ncompleted,4\r\n"),
            "{csv}"
        );
    }
    // The network's decimals, unless others are named; the window is the request's.
    let paid = server.json("/api/dashboards/network/hyper_in_total").await;
    assert_eq!(
        (&paid["rows"][0], &paid["parameters"]),
        (&json!([3.8, "3800000"]), &json!({ "decimals": 6 }))
    );
    let paid = server
        .json("/api/dashboards/network/hyper_in_total?decimals=0")
        .await;
    assert_eq!(paid["rows"][0][0].as_f64(), Some(3_800_000.0));
    let flow = server.json("/api/dashboards/jobs/flow?hours=216").await;
    assert_eq!(flow["rows"].as_array().map(Vec::len), Some(216));
}

async fn refusals(server: &Server) {
    for (address, status, words) in [
        (
            "/api/dashboards/jobs/flow?hours=0",
            400,
            "hours must be a whole number from 1 to 8760",
        ),
        (
            "/api/dashboards/jobs/flow?hours=24)%20UNION%20ALL%20SELECT%201--",
            400,
            "from 1 to 8760",
        ),
        (
            "/api/dashboards/jobs/flow?days=1",
            400,
            "this panel takes: hours from 1 to 8760",
        ),
        ("/api/dashboards/jobs/flow?hours=1&hours=2", 400, "twice"),
        (
            "/api/dashboards/jobs/flow?format=xml",
            400,
            "json, csv or sql",
        ),
        (
            "/api/dashboards/indexer/lag?hours=169",
            400,
            "from 1 to 168",
        ),
        ("/api/dashboards/jobs/none", 404, "/api/dashboards"),
        ("/api/dashboards/none/flow", 404, "/api/dashboards"),
        (
            "/api/dashboards/jobs/..%2f..%2fetc%2fpasswd",
            404,
            "/api/dashboards",
        ),
        ("/dashboards/none", 404, "/dashboards"),
        ("/dashboards/jobs?hours=9999", 400, "from 1 to 8760"),
    ] {
        let answer = server.get(address).await;
        assert_eq!(answer.status().as_u16(), status, "{address}");
        let said = answer.text().await.expect("text");
        assert!(said.contains(words), "{address}: {said}");
    }
}

async fn pages(server: &Server) {
    let html = server.text("/dashboards/jobs?hours=168").await;
    for panel in &panels::groups()[1].panels {
        assert!(
            html.contains(&format!("id=\"{}\"", panel.name)),
            "{}",
            panel.name
        );
        assert!(html.contains(&format!("/api/dashboards/jobs/{}.sql", panel.name)));
    }
    assert!(
        html.contains("<svg class=\"area\"") && html.contains("<td class=\"number\">"),
        "charts and tables"
    );
    // The policy allows neither.
    assert!(!html.contains("style=") && !html.contains("<script>"));
    // A window longer than a panel allows is cut, and the page says so.
    let html = server.text("/dashboards/indexer?hours=720").await;
    assert!(html.contains("last 7 days") && !html.contains("cannot be read"));
}

/// A crowd at one panel is answered alike, by one query.
async fn many(server: &Server) {
    let asked = (0..64).map(|_| server.json("/api/dashboards/jobs/run_time?hours=47"));
    let answers = futures::future::join_all(asked).await;
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}
