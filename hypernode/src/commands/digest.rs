//! `hypernode digest`: what this indexer holds, as one hash.

use hypernode_analytics::digest::{self, At, Digest, DigestText};

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
    say!("{}", serde_json::json!(DigestText::new(Some(digest))));
}
