//! A job's whole way on a simulated network, whose programs are executed: created, taken, handed in, paid.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt as _};
use hypernode_dispatch::bridge::write::send::{Send, Stage};
use hypernode_dispatch::bridge::write::signer::{Book, Caps, Policy};
use hypernode_dispatch::bridge::write::{
    Clerk, HttpRpc, NotSigned, Owners, Plan, Programs, Rpc as _, Wanted, read_transaction,
};
use hypernode_dispatch::ids::{Id, JobId, NodeId};
use hypernode_localnet::svm::genesis::faucet;
use hypernode_localnet::svm::instructions::{node_address, register_node};
use hypernode_localnet::{Localnet, Options};
use hypernode_schemas::localnet;
use hypernode_state::Address;
use serde_json::{Value, json};
use solana_sdk::hash::hashv;
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::message::{Message, VersionedMessage};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::{Keypair, Signature, Signer as _};
use solana_sdk::transaction::VersionedTransaction;

use crate::chain::Chain;
use crate::clerk::Own;
use crate::support::{Process, now, order, store};

const SEED: u64 = 7;
const PRICE: u64 = 2_000_000;

/// An actor of the network: on localnet their keys are no secret.
fn actor(role: &str, number: u8) -> Keypair {
    let parts: [&[u8]; 4] = [
        b"hypernode-localnet actor",
        &SEED.to_le_bytes(),
        role.as_bytes(),
        &[number],
    ];
    Keypair::new_from_array(hashv(&parts).to_bytes())
}

#[derive(Debug)]
struct Owner(Keypair);

impl Owners for Owner {
    fn sign<'a>(
        &'a self,
        _: NodeId,
        owner: &'a Pubkey,
        _: &'a str,
        message: &'a [u8],
    ) -> BoxFuture<'a, Result<Signature, NotSigned>> {
        assert_eq!(*owner, self.0.pubkey());
        let signature = self.0.sign_message(message);
        async move { Ok(signature) }.boxed()
    }
}

async fn ask(url: &str, method: &str, params: Value) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let answer = reqwest::Client::new()
        .post(url)
        .json(&body)
        .send()
        .await
        .expect("an answer");
    let mut answer: Value = answer.json().await.expect("JSON");
    assert!(answer.get("error").is_none(), "{method}: {answer}");
    answer["result"].take()
}

/// Sends what one key signs, and waits until it is in a block.
async fn send(url: &str, rpc: &HttpRpc, key: &Keypair, instruction: Instruction) {
    let (hash, _) = rpc.blockhash().await.expect("a blockhash");
    let message = Message::new_with_blockhash(&[instruction], Some(&key.pubkey()), &hash);
    let message = VersionedMessage::Legacy(message);
    let transaction = VersionedTransaction::try_new(message, &[key]).expect("signed");
    let bytes = bincode::serialize(&transaction).expect("bytes");
    let text = base64_simd::STANDARD.encode_to_string(bytes);
    let config = json!({"encoding": "base64"});
    let signature = ask(url, "sendTransaction", json!([text, config])).await;
    let signature = signature.as_str().expect("a signature").to_owned();
    let began = Instant::now();
    loop {
        if let Some(status) = rpc.status(&signature).await.expect("an answer") {
            assert_eq!(status.error, None);
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "not taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn transfer(from: &Pubkey, to: &Pubkey, lamports: u64) -> Instruction {
    let mut data = vec![2, 0, 0, 0];
    data.extend(lamports.to_le_bytes());
    Instruction {
        program_id: Pubkey::default(),
        accounts: vec![AccountMeta::new(*from, true), AccountMeta::new(*to, false)],
        data,
    }
}

/// What a purse holds, and what its delegate may still move.
async fn purse(url: &str, address: &Pubkey) -> (u64, u64) {
    let config = json!({"encoding": "base64", "commitment": "finalized"});
    let account = ask(url, "getAccountInfo", json!([address.to_string(), config])).await;
    let text = account["value"]["data"][0].as_str().expect("data");
    let data = base64_simd::STANDARD.decode_to_vec(text).expect("base64");
    let number = |at: usize| u64::from_le_bytes(data[at..at + 8].try_into().expect("eight"));
    (number(64), number(121))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_created_taken_handed_in_and_paid_by_real_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let net = Localnet::start(Options {
        geyser: ([127, 0, 0, 1], 0).into(),
        rpc: ([127, 0, 0, 1], 0).into(),
        slot_ms: 25,
        seed: SEED,
        rate: 0.0,
        ..Options::new(folder.path().join("net"))
    });
    let net = net.await.expect("a network");
    let url = net.rpc_url();
    let rpc = HttpRpc::new(&url).expect("a client");
    let programs = Programs {
        job_receipt: Pubkey::new_from_array(localnet::program_id("job_receipt")),
        mint: Pubkey::new_from_array(localnet::mint()),
        treasury: Pubkey::new_from_array(localnet::treasury()),
        incentive: Pubkey::new_from_array(localnet::incentive_pool()),
    };
    let sender = Own::with(Keypair::new_from_array([21; 32]), folder.path(), |sender| {
        Policy {
            programs,
            sender,
            caps: Caps {
                lamports: 1_000_000,
                hyper: PRICE,
            },
        }
    });
    let (client, owner) = (actor("client", 3), actor("owner", 5));
    let faucet = faucet();
    let fund = transfer(&faucet.pubkey(), &sender.pubkey(), 1_000_000_000);
    send(&url, &rpc, &faucet, fund).await;
    let register = register_node(&owner.pubkey(), "gpu-5", &"0".repeat(64), "DE");
    send(&url, &rpc, &owner, register).await;
    let account = node_address(&owner.pubkey(), "gpu-5").expect("an address");
    let node = NodeId(Id::Address(Address(account.to_bytes())));

    let process = Process::start(store(folder.path()), Arc::new(Chain::new(Vec::new())), 0);
    let clerk = Clerk {
        store: process.store.clone(),
        endpoints: vec![Arc::new(rpc.clone())],
        sender,
        owners: Arc::new(Owner(owner.insecure_clone())),
        programs,
        most_price: u64::MAX,
        center: process.center.clone(),
        clock: Arc::new(now),
    };
    let wanted = Wanted {
        client: Address(client.pubkey().to_bytes()),
        label: "walk-1".to_owned(),
        job_type: "render".to_owned(),
        price: PRICE,
        requirements_hash: "ab".repeat(32),
    };
    let unsigned = clerk.unsigned(&wanted).await.expect("unsigned");
    let (message, _) = read_transaction(&unsigned.transaction).expect("a transaction");
    let mut signed = vec![2];
    signed.extend(Signature::default().as_ref());
    signed.extend(client.sign_message(&message).as_ref());
    signed.extend(&message);
    let signed = base64_simd::STANDARD.encode_to_string(signed);
    let ready = clerk.ready(&wanted, &signed).await.expect("ready");
    let order = clerk.order(order(), &wanted, ready).expect("an order");
    let dispatch = process.center.clone().wait().await.expect("a dispatcher");
    let job = dispatch.submit(order).await.expect("accepted");

    let operator = owner.pubkey().to_string();
    let plans = [
        Plan::Assign {
            node,
            operator: operator.clone(),
            label: "gpu-5".to_owned(),
        },
        Plan::Submit {
            node,
            operator: operator.clone(),
            result_hash: "cd".repeat(32),
        },
        Plan::Settle {
            client: client.pubkey().to_string(),
            operator,
        },
    ];
    // The creation first: nothing waits for it but the chain itself.
    carry(&clerk, job, &["create"]).await;
    for plan in plans {
        clerk.plan(job, plan, Send::planned()).await.expect("kept");
    }
    let before = purse(&url, &programs.purse(&client.pubkey())).await;
    carry(&clerk, job, &["assign", "submit", "settle"]).await;
    let (held, may_move) = purse(&url, &programs.purse(&client.pubkey())).await;
    assert_eq!((before.0 - held, before.1), (PRICE * 95 / 100, PRICE));
    assert_eq!(
        may_move,
        PRICE * 5 / 100,
        "what is nobody's stays with the client"
    );
    assert_eq!(
        purse(&url, &programs.purse(&owner.pubkey())).await.0,
        PRICE * 80 / 100
    );
    assert_eq!(purse(&url, &programs.treasury).await.0, PRICE * 10 / 100);
    process.crash().await;
    net.shutdown().await;
}

/// Turns until these are final.
async fn carry(clerk: &Clerk, job: JobId, words: &[&str]) {
    let began = Instant::now();
    for word in words {
        loop {
            if let Err(error) = clerk.turn().await {
                assert!(began.elapsed() < Duration::from_secs(60), "{error}");
            }
            let kept = clerk
                .find(word, job)
                .await
                .expect("an answer")
                .expect("kept");
            match kept.send.stage {
                Stage::Finalized { .. } => break,
                Stage::Failed { why } => panic!("{word}: {why}"),
                _ => assert!(
                    began.elapsed() < Duration::from_secs(60),
                    "{word}: {kept:?}"
                ),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The signer of other tests, with another key and policy.
impl Own {
    fn with(
        key: Keypair,
        folder: &std::path::Path,
        policy: impl FnOnce(Pubkey) -> Policy,
    ) -> Arc<Self> {
        let policy = policy(key.pubkey());
        let book = Book::open(&folder.join("signed.jsonl")).expect("a book");
        Arc::new(Self {
            key,
            policy,
            book: Mutex::new(book),
        })
    }

    fn pubkey(&self) -> Pubkey {
        self.key.pubkey()
    }
}
