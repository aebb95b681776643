//! `hypernode digest`: what this indexer holds, as one hash.

use hypernode_analytics::digest::{self, At, Digest};

use crate::cli::DigestArgs;
use crate::config;
use crate::exit::{Failure, Outcome};
use crate::out::say;
use crate::reach::Reached;

pub(crate) async fn run(args: &DigestArgs) -> Outcome {
    let settings = config::load(&args.common)?;
    let reached = Reached::open(&settings, false).await?;
    let found = digest::at(&reached.client, args.slot).await;
    reached.close().await;
    match found.map_err(|error| Failure::Broke(error.into()))? {
        At::Known(digest) => {
            print(&digest, args.json);
            Ok(())
        }
        At::Outside(None) => Err(Failure::No(
            "no digest yet: it covers finalized blocks only, some 13 s after they are seen".into(),
        )),
        At::Outside(Some((first, last))) => Err(Failure::No(format!(
            "the digest is known for slots {first} to {last}"
        ))),
    }
}

fn print(digest: &Digest, json: bool) {
    if !json {
        say!(
            "slot {}  {} leaves  {}",
            digest.slot,
            digest.leaves,
            hex::encode(digest.digest)
        );
        return;
    }
    let headers: Vec<_> = digest
        .headers
        .iter()
        .map(|(before, text)| serde_json::json!({"leaves_before": before, "text": text}))
        .collect();
    let peaks: Vec<String> = digest.peaks.iter().map(hex::encode).collect();
    say!(
        "{}",
        serde_json::json!({
            "version": 1,
            "slot": digest.slot,
            "digest": hex::encode(digest.digest),
            "leaves": digest.leaves,
            "last_block_slot": digest.last_slot,
            "last_leaf": hex::encode(digest.leaf),
            "peaks": peaks,
            "headers": headers,
        })
    );
}
