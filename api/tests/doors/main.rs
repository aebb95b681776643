//! The way in: who is let in over HTTP, what a browser may be made to do, how much anybody may ask for.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod bodies;
mod browsers;
mod headers;
mod limits;
mod open_dev;
mod sessions;
mod sign_in;
#[path = "../support/mod.rs"]
mod support;
mod tokens;

use reqwest::Response;
use serde_json::Value;

/// The status of a refusal and what it says.
async fn refusal(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.expect("a refusal is JSON");
    let text = body["error"].as_str().expect("a refusal says why");
    (status, text.to_owned())
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    let value = answer.headers().get(name)?;
    Some(value.to_str().expect("text"))
}

/// A header that holds a number.
fn number(answer: &Response, name: &str) -> u64 {
    let text = header(answer, name).unwrap_or_else(|| panic!("{name} is missing"));
    text.parse().expect("a number")
}
