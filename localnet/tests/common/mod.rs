//! Shared by the tests of a running localnet: starting it, speaking JSON-RPC and Geyser to it.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "each test binary uses its own part"
)]

use std::{path::Path, time::Duration};

use futures::{Stream, StreamExt};
use hypernode_localnet::{Localnet, Options};
use serde_json::{Value, json};
use yellowstone_grpc_client::GeyserGrpcClient;
use yellowstone_grpc_proto::{
    prelude::{SubscribeRequest, SubscribeUpdate, subscribe_update::UpdateOneof},
    tonic::Status,
};

/// Options for a test: any free ports, short slots.
pub fn options(dir: &Path) -> Options {
    Options {
        geyser: ([127, 0, 0, 1], 0).into(),
        rpc: ([127, 0, 0, 1], 0).into(),
        slot_ms: 20,
        seed: 7,
        rate: 100.0,
        ..Options::new(dir.to_path_buf())
    }
}

pub async fn start(dir: &Path) -> Localnet {
    Localnet::start(options(dir)).await.unwrap()
}

/// Waits for a slot.
pub async fn reach(net: &Localnet, slot: u64) {
    let mut tip = net.chain().watch();
    let reached = tip.wait_for(|tip| tip.0 >= slot);
    tokio::time::timeout(Duration::from_secs(60), reached)
        .await
        .expect("slots go on")
        .unwrap();
}

/// An HTTP client.
pub fn http() -> reqwest::Client {
    // A second call finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// Calls a method and gives the whole answer.
pub async fn call(url: &str, method: &str, params: Value) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let client = http();
    let text = client
        .post(url)
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Calls a method that must succeed.
pub async fn rpc(url: &str, method: &str, params: Value) -> Value {
    let mut answer = call(url, method, params).await;
    assert!(answer.get("error").is_none(), "{method}: {answer}");
    answer["result"].take()
}

/// Subscribes with the client that indexers use.
pub async fn subscribe(
    url: &str,
    request: SubscribeRequest,
) -> impl Stream<Item = Result<SubscribeUpdate, Status>> + Unpin + use<> {
    let mut client = GeyserGrpcClient::build_from_shared(url.to_owned())
        .unwrap()
        .max_decoding_message_size(64 << 20)
        .connect()
        .await
        .unwrap();
    Box::pin(client.subscribe_once(request).await.unwrap())
}

/// The next update that is not a ping.
pub async fn next(
    stream: &mut (impl Stream<Item = Result<SubscribeUpdate, Status>> + Unpin),
) -> Result<UpdateOneof, Status> {
    loop {
        let update = tokio::time::timeout(Duration::from_secs(30), stream.next())
            .await
            .expect("the stream goes on")
            .expect("the stream has not ended")?;
        match update.update_oneof {
            Some(UpdateOneof::Ping(_)) | None => {}
            Some(other) => return Ok(other),
        }
    }
}
