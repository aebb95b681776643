//! A listener of server-sent events.

use std::time::Duration;

use serde_json::Value;

/// An event as a browser would hand it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub name: String,
    pub id: String,
    pub data: Value,
}

/// One open stream.
pub struct Stream {
    answer: reqwest::Response,
    text: String,
}

impl Stream {
    pub fn new(answer: reqwest::Response) -> Self {
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self {
            answer,
            text: String::new(),
        }
    }

    /// The next block of lines, comments and the greeting included; `None` at the end of the stream.
    pub async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let more = tokio::time::timeout(Duration::from_secs(30), self.answer.chunk()).await;
            let more = more.expect("a stream is never silent for so long");
            let more = more.ok().flatten()?;
            self.text
                .push_str(std::str::from_utf8(&more).expect("text"));
        }
    }

    /// The next event; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| {
                let line = block.lines().find_map(|line| line.strip_prefix(name));
                line.map(str::trim).unwrap_or_default().to_owned()
            };
            let data = field("data:");
            if !data.is_empty() {
                return Some(Heard {
                    name: field("event:"),
                    id: field("id:"),
                    data: serde_json::from_str(&data).expect("JSON"),
                });
            }
        }
    }
}

impl super::Server {
    /// Opens a live stream.
    pub async fn stream(&self, query: &str) -> Stream {
        Stream::new(self.get(&format!("/api/validation/live{query}")).await)
    }
}
