//! Proxies that the environment names are not asked: they would choose the address themselves.

use std::process::Command;

use hypernode_guard::{Limits, Request};

use crate::support::{Server, settle};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const CHILD: &str = "HYPERNODE_GUARD_CHILD";

/// Runs only as the child of the test below.
#[tokio::test]
async fn child_calls() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let site = Server::answering(OK).await;
    let answer = site
        .connector(Limits::default())
        .call(&Request::get(site.url("/")))
        .await;
    assert_eq!(answer.expect("an answer").remote, site.address);
    println!("called without a proxy");
}

#[tokio::test]
async fn proxies_of_the_environment_are_not_asked() {
    let proxy = Server::answering(OK).await;
    let at = format!("http://{}", proxy.address);
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    child.args(["--exact", "proxies::child_calls", "--nocapture"]);
    child.env(CHILD, "1");
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        child.env(name, &at);
    }
    let done = tokio::task::spawn_blocking(move || child.output()).await;
    let done = done.expect("a thread").expect("a child");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(said.contains("called without a proxy"), "{said}");
    settle().await;
    assert_eq!(proxy.accepted(), 0);
}
