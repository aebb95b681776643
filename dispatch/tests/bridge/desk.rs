//! A job that is submitted at the desk and created on chain: asked for, signed, taken in, run once the chain has it.

use std::sync::Arc;

use base64_simd::STANDARD;
use hypernode_accounts::KeyId;
use hypernode_accounts::limits::{Limiter, Rates};
use hypernode_dispatch::asked::Limits;
use hypernode_dispatch::bridge::write::{Clerk, CreateError, Step, read_transaction};
use hypernode_dispatch::bridge::{InputError, waiting};
use hypernode_dispatch::desk::{Desk, DeskError, JobView, Parts, Submit};
use hypernode_dispatch::job::{By, State};
use hypernode_dispatch::nodes::{Nodes, NodesConfig};
use hypernode_state::accounts::{ApiKeyCreate, GetApiKey, NewApiKey, WalletEnsure};
use hypernode_state::jobs::GetJob;
use hypernode_state::{Address, Digest, StoreExt};
use hypernode_wire::Catalog;
use serde_json::{Map, Value, json};
use solana_sdk::signature::{Keypair, Signature, Signer as _};

use crate::clerk::World;
use crate::support::{Process, now};

async fn desk(process: &Process, clerk: Option<Clerk>) -> Desk {
    let nodes = Nodes::open(process.store.clone(), Arc::new(now), NodesConfig::default());
    let desk = Desk::new(Parts {
        center: process.center.clone(),
        nodes: nodes.await.expect("nodes"),
        store: process.store.clone(),
        catalog: Arc::new(Catalog::default()),
        clock: Arc::new(now),
        limits: Limits::default(),
        limiter: Arc::new(Limiter::new(Rates::default(), 64)),
    });
    match clerk {
        Some(clerk) => desk.with_chain(clerk),
        None => desk,
    }
}

fn body(label: &str, price: u64) -> Map<String, Value> {
    let body = json!({
        "jobType": "render",
        "requirements": {"manifest": "test"},
        "input": {"scene": 1},
        "chain": {"label": label, "price": price.to_string()},
    });
    body.as_object().expect("an object").clone()
}

fn with(body: &Map<String, Value>, transaction: &str) -> Map<String, Value> {
    let mut body = body.clone();
    body["chain"]["transaction"] = json!(transaction);
    body
}

fn submit<'a>(client: &Keypair, body: &'a Map<String, Value>) -> Submit<'a> {
    Submit {
        owner: Address(client.pubkey().to_bytes()),
        key: None,
        body,
        repeat: Some("order-1"),
        counted: false,
    }
}

fn told(job: &JobView) -> Vec<u8> {
    format!("{} {}", job.id(), job.status()).into_bytes()
}

/// As a wallet signs: its own place, over the bytes that it was given.
fn sign(client: &Keypair, unsigned: &str) -> String {
    let bytes = STANDARD.decode_to_vec(unsigned).expect("base64");
    let mut whole = vec![2];
    whole.extend(Signature::default().as_ref());
    whole.extend(client.sign_message(&bytes).as_ref());
    whole.extend(bytes);
    STANDARD.encode_to_string(whole)
}

#[tokio::test]
async fn a_job_is_asked_for_signed_and_taken_in_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (world, process) = World::new(folder.path()).await;
    let desk = desk(&process, Some(world.clerk.clone())).await;
    let (client, asked) = (&world.client, body("walk-1", 1_000_000));
    assert!(Desk::lacks_signature(&asked));

    let to_sign = desk.to_sign(submit(client, &asked)).await.expect("bytes");
    let unsigned = &to_sign.unsigned;
    let message = STANDARD.decode_to_vec(&unsigned.unsigned).expect("base64");
    let (whole, signatures) = read_transaction(&unsigned.transaction).expect("a transaction");
    assert_eq!((&whole, signatures.len()), (&message, 2));
    let (step, read) = Step::read(&message, &world.clerk.programs).expect("a step");
    let Step::Create(create) = step else {
        panic!("{step:?}");
    };
    assert_eq!(
        (create.price, create.approved, create.client),
        (1_000_000, 1_000_000, client.pubkey())
    );
    assert_eq!(create.requirements_hash, to_sign.asked.requirements_hash);
    assert_eq!(read.account_keys[0].to_string(), unsigned.fee_payer);
    // Nothing is kept of what is only asked for.
    let get = |content| GetJob {
        id: unsigned.job.to_string(),
        content,
        outcome: false,
    };
    assert_eq!(
        process.store.ask(get(false)).await.expect("an answer"),
        None
    );

    let signed = with(&asked, &sign(client, &unsigned.unsigned));
    let first = desk
        .submit(submit(client, &signed), told)
        .await
        .expect("taken in");
    assert_eq!(
        String::from_utf8_lossy(&first.answer),
        format!("{} pending", unsigned.job)
    );
    assert!(!first.repeated);
    let again = desk
        .submit(submit(client, &signed), told)
        .await
        .expect("answered");
    assert!(again.repeated && again.answer == first.answer);
    let without_key = Submit {
        repeat: None,
        ..submit(client, &signed)
    };
    let again = desk.submit(without_key, told).await;
    assert!(
        matches!(again, Err(DeskError::Chain(CreateError::Taken))),
        "{again:?}"
    );
    let again = desk.to_sign(submit(client, &asked)).await;
    assert!(
        matches!(again, Err(DeskError::Chain(CreateError::Taken))),
        "{again:?}"
    );

    // It waits with its input at hand, and what is sent is kept with it.
    let job = desk.job(&unsigned.job.to_string()).await.expect("a job");
    assert!(matches!(job.job.state, State::Waiting { .. }));
    assert_eq!(
        (job.budget(), &job.content.input),
        (1_000_000, &json!({"scene": 1}))
    );
    let posted = waiting(process.store.as_ref(), unsigned.job).await;
    assert!(
        matches!(posted, Err(InputError::NotWaiting(_))),
        "its input would have it run before the chain has it: {posted:?}"
    );
    let kept = world
        .clerk
        .find("create", unsigned.job)
        .await
        .expect("an answer");
    assert!(kept.is_some_and(|kept| kept.send.is_open()));
    process.crash().await;
}

#[tokio::test]
async fn what_was_not_signed_for_is_not_taken_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let (world, process) = World::new(folder.path()).await;
    let (client, asked) = (&world.client, body("walk-1", 1_000_000));
    let off = desk(&process, None).await;
    for refused in [
        off.to_sign(submit(client, &asked)).await.map(drop),
        off.submit(submit(client, &with(&asked, "AAAA")), told)
            .await
            .map(drop),
    ] {
        assert!(matches!(refused, Err(DeskError::NoChain)), "{refused:?}");
    }

    let desk = desk(&process, Some(world.clerk.clone())).await;
    let to_sign = desk.to_sign(submit(client, &asked)).await.expect("bytes");
    let signed = sign(client, &to_sign.unsigned.unsigned);
    let mut other_input = with(&asked, &signed);
    other_input["input"] = json!({"scene": 2});
    let mut other_needs = with(&asked, &signed);
    other_needs["requirements"]["minVRAM"] = json!(8);
    for (body, field) in [
        (other_input, "requirements hash"),
        (other_needs, "requirements hash"),
        (with(&body("walk-1", 999_999), &signed), "price"),
        (with(&body("walk-2", 1_000_000), &signed), "label"),
    ] {
        let refused = desk.submit(submit(client, &body), told).await;
        let Err(DeskError::Chain(CreateError::Differs { field: named, .. })) = refused else {
            panic!("{field}: {refused:?}");
        };
        assert_eq!(named, field);
    }
    let stranger = Keypair::new_from_array([99; 32]);
    for forged in [
        sign(&stranger, &to_sign.unsigned.unsigned),
        to_sign.unsigned.transaction.clone(),
    ] {
        let refused = desk
            .submit(submit(client, &with(&asked, &forged)), told)
            .await;
        assert!(
            matches!(refused, Err(DeskError::Chain(CreateError::Unsigned))),
            "{refused:?}"
        );
    }
    // None of it used the label, or the key.
    let right = with(&asked, &signed);
    let taken = desk
        .submit(submit(client, &right), told)
        .await
        .expect("taken in");
    assert!(!taken.repeated);
    process.crash().await;
}

#[tokio::test]
async fn a_keys_cap_bounds_what_it_asks_for_on_chain() {
    let folder = tempfile::tempdir().expect("a folder");
    let (world, process) = World::new(folder.path()).await;
    let desk = desk(&process, Some(world.clerk.clone())).await;
    let (client, asked) = (&world.client, body("walk-1", 1_000_000));
    let owner = Address(client.pubkey().to_bytes());
    let to_sign = desk.to_sign(submit(client, &asked)).await.expect("bytes");
    let signed = with(&asked, &sign(client, &to_sign.unsigned.unsigned));
    let ensure = WalletEnsure {
        wallet: owner,
        at: now(),
    };
    process.store.run(ensure).await.expect("a wallet");
    for (id, cap) in [("AAAAAAAA", 999_999), ("BBBBBBBB", 1_500_000)] {
        let create = ApiKeyCreate {
            key: NewApiKey {
                id: id.to_owned(),
                secret: Digest([cap as u8; 32]),
                scopes: "jobs:write".to_owned(),
                label: String::new(),
                at: now(),
                expires_at: None,
            },
            owner,
            cap: Some(cap),
        };
        process.store.run(create).await.expect("a key");
    }
    let by = |id| Submit {
        key: Some(KeyId::parse(id).expect("an id")),
        repeat: None,
        ..submit(client, &signed)
    };
    let refused = desk.submit(by("AAAAAAAA"), told).await;
    assert!(matches!(refused, Err(DeskError::Key(_))), "{refused:?}");
    desk.submit(by("BBBBBBBB"), told).await.expect("taken in");
    let key = GetApiKey {
        id: "BBBBBBBB".to_owned(),
    };
    let key = process.store.ask(key).await.expect("an answer");
    assert_eq!(key.expect("a key").0.spent, 1_000_000);
    process.crash().await;
}

/// A creation that comes too late is no job: its client hears of it, and nothing waits for ever.
#[tokio::test]
async fn a_creation_that_is_not_taken_in_time_cancels_its_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let (world, process) = World::new(folder.path()).await;
    let desk = desk(&process, Some(world.clerk.clone())).await;
    let (client, asked) = (&world.client, body("late", 1_000_000));
    let to_sign = desk.to_sign(submit(client, &asked)).await.expect("bytes");
    let signed = with(&asked, &sign(client, &to_sign.unsigned.unsigned));
    desk.submit(submit(client, &signed), told)
        .await
        .expect("taken in");
    world.blocks.lock().expect("not poisoned").deaf = true;
    for _ in 0..20 {
        world.clerk.turn().await.expect("a turn");
        let mut blocks = world.blocks.lock().expect("not poisoned");
        blocks.block(true);
        blocks.finalize();
    }
    let job = desk
        .job(&to_sign.unsigned.job.to_string())
        .await
        .expect("a job");
    assert_eq!(job.job.state, State::Cancelled { by: By::Chain });
    let written = desk.written(job.id()).await.expect("an answer");
    assert_eq!(
        written
            .iter()
            .map(|one| (one.call, one.stage))
            .collect::<Vec<_>>(),
        [("create_job", "failed")]
    );
    assert!(
        written[0]
            .why
            .as_ref()
            .is_some_and(|why| why.contains("sign again"))
    );
    process.crash().await;
}
