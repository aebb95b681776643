//! Transactions over a real store and a chain whose endpoint loses answers: none twice, all in the end, nobody forged.

use std::sync::{Arc, Mutex};

use futures::future::{BoxFuture, FutureExt as _};
use hypernode_dispatch::bridge::write::send::{Send, Stage};
use hypernode_dispatch::bridge::write::signer::{Book, Caps, ChildError, Policy};
use hypernode_dispatch::bridge::write::{
    CONSUMER, Clerk, CreateError, NotSigned, Owners, Plan, Planner, Programs, Sender, Step, Tried,
    Wanted, forget, read_transaction, write_transaction,
};
use hypernode_dispatch::ids::{Id, JobId, NodeId};
use hypernode_dispatch::service::TOPIC;
use hypernode_state::outbox::ListConsumers;
use hypernode_state::{Address, StoreExt};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::{Keypair, Signature, Signer as _};

use crate::chain::Chain;
use crate::ledger::{Blocks, Endpoint};
use crate::support::{Process, now, store};

fn programs() -> Programs {
    let key = |n: u8| Pubkey::new_from_array([n; 32]);
    Programs {
        job_receipt: key(11),
        mint: key(12),
        treasury: key(13),
        incentive: key(14),
    }
}

fn keypair(n: u8) -> Keypair {
    Keypair::new_from_array([n; 32])
}

/// A signer within this process: the same policy, the same book.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) key: Keypair,
    pub(crate) policy: Policy,
    pub(crate) book: Mutex<Book>,
}

impl Own {
    fn open(folder: &std::path::Path) -> Arc<Self> {
        let key = keypair(21);
        let policy = Policy {
            programs: programs(),
            sender: key.pubkey(),
            caps: Caps {
                lamports: 100_000_000,
                hyper: 1_000_000_000,
            },
        };
        let book = Book::open(&folder.join("signed.jsonl")).expect("a book");
        Arc::new(Self {
            key,
            policy,
            book: Mutex::new(book),
        })
    }
}

impl Sender for Own {
    fn key(&self) -> Pubkey {
        self.key.pubkey()
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Signature, ChildError>> {
        let mut book = self.book.lock().expect("not poisoned");
        let signed = match self.policy.judge(message, &book, 20_000) {
            Ok(entry) => {
                book.write(&entry).expect("written");
                Ok(self.key.sign_message(message))
            }
            Err(refused) => Err(ChildError::Refused(refused.to_string())),
        };
        async move { signed }.boxed()
    }
}

/// An owner who is there now and then.
#[derive(Debug)]
struct Owner {
    key: Keypair,
    turns: Mutex<u32>,
}

impl Owners for Owner {
    fn sign<'a>(
        &'a self,
        _: NodeId,
        _: &'a Pubkey,
        request: &'a str,
        message: &'a [u8],
    ) -> BoxFuture<'a, Result<Signature, NotSigned>> {
        let mut turns = self.turns.lock().expect("not poisoned");
        *turns += 1;
        assert!(request.contains(':'), "the request says what it is for");
        let answer = match *turns % 3 {
            0 => Err(NotSigned::Away),
            _ => Ok(self.key.sign_message(message)),
        };
        async move { answer }.boxed()
    }
}

pub(crate) struct World {
    pub(crate) clerk: Clerk,
    pub(crate) blocks: Arc<Mutex<Blocks>>,
    pub(crate) client: Keypair,
}

impl World {
    pub(crate) async fn new(folder: &std::path::Path) -> (Self, Process) {
        let chain = Arc::new(Chain::new(Vec::new()));
        let process = Process::start(store(folder), chain, 0);
        let blocks = Arc::new(Mutex::new(Blocks::default()));
        blocks.lock().expect("not poisoned").tried.held = Some(1_000_000_000);
        let clerk = Clerk {
            store: process.store.clone(),
            endpoints: vec![Arc::new(Endpoint {
                blocks: blocks.clone(),
                programs: programs(),
            })],
            sender: Own::open(folder),
            owners: Arc::new(Owner {
                key: keypair(31),
                turns: Mutex::new(0),
            }),
            programs: programs(),
            most_price: 5_000_000,
            center: process.center.clone(),
            clock: Arc::new(now),
        };
        process.center.clone().wait().await.expect("a dispatcher");
        let client = keypair(41);
        (
            Self {
                clerk,
                blocks,
                client,
            },
            process,
        )
    }

    fn wanted(&self, label: &str) -> Wanted {
        Wanted {
            client: Address(self.client.pubkey().to_bytes()),
            label: label.to_owned(),
            job_type: "render".to_owned(),
            price: 1_000_000,
            requirements_hash: "ab".repeat(32),
        }
    }

    /// The transaction as the client's wallet gives it back.
    fn signed_by_client(&self, unsigned: &str) -> String {
        let (message, _) = read_transaction(unsigned).expect("a transaction");
        let (_, whole) = Step::read(&message, &programs()).expect("a step");
        let mine = self.client.sign_message(&message);
        let mut bytes = vec![2];
        bytes.extend(Signature::default().as_ref());
        bytes.extend(mine.as_ref());
        bytes.extend(&message);
        assert_eq!(whole.account_keys[1], self.client.pubkey());
        base64_simd::STANDARD.encode_to_string(bytes)
    }
}

fn job(clerk: &Clerk, client: &Keypair, label: &str) -> JobId {
    let job = clerk
        .programs
        .job(&client.pubkey(), label)
        .expect("an address");
    JobId(Id::Address(Address(job.to_bytes())))
}

/// Assignment, result and settlement, for a job whose creation was kept.
async fn plan_all(world: &World, label: &str) -> JobId {
    let (clerk, client) = (&world.clerk, &world.client);
    let job = job(clerk, client, label);
    let node = NodeId(Id::Address(Address([5; 32])));
    let operator = keypair(31).pubkey().to_string();
    let plans = [
        Plan::Assign {
            node,
            operator: operator.clone(),
            label: "gpu".to_owned(),
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
    for plan in plans {
        assert!(
            clerk
                .plan(job, plan.clone(), Send::planned())
                .await
                .expect("kept")
        );
        assert!(!clerk.plan(job, plan, Send::planned()).await.expect("known"));
    }
    job
}

/// The creation, kept with its order in one unit.
async fn create(world: &World, label: &str) {
    let wanted = world.wanted(label);
    let unsigned = world.clerk.unsigned(&wanted).await.expect("unsigned");
    let signed = world.signed_by_client(&unsigned.transaction);
    let ready = world.clerk.ready(&wanted, &signed).await.expect("ready");
    let order = world
        .clerk
        .order(crate::support::order(), &wanted, ready)
        .expect("an order");
    let dispatch = world.clerk.center.now().expect("a dispatcher");
    let job = dispatch.submit(order).await.expect("accepted");
    assert_eq!(job, unsigned.job);
    assert!(
        world
            .clerk
            .find("create", job)
            .await
            .expect("an answer")
            .is_some()
    );
    let again = world.clerk.ready(&wanted, &signed).await;
    assert!(matches!(again, Err(CreateError::Taken)), "{again:?}");
}

/// I-58.
#[tokio::test]
async fn answers_that_are_lost_make_no_transaction_twice_and_none_is_lost() {
    for seed in 0..6 {
        let folder = tempfile::tempdir().expect("a folder");
        let (world, process) = World::new(folder.path()).await;
        world.blocks.lock().expect("not poisoned").block(true);
        create(&world, "one").await;
        let job = plan_all(&world, "one").await;
        {
            let mut blocks = world.blocks.lock().expect("not poisoned");
            for _ in 0..seed * 7 {
                blocks.below(2);
            }
            blocks.loses = 4;
        }
        for turn in 0..400 {
            // Whatever fails is begun again by another process.
            let _ = world.clerk.clone().turn().await;
            let mut blocks = world.blocks.lock().expect("not poisoned");
            blocks.block(false);
            if blocks.below(9) == 0 {
                let depth = usize::try_from(blocks.below(3)).expect("small");
                blocks.fork(depth);
            }
            if blocks.below(4) > 0 {
                blocks.finalize();
            }
            if turn > 300 {
                blocks.loses = 0;
                blocks.block(true);
                blocks.finalize();
                blocks.finalize();
            }
        }
        let steps = {
            let blocks = world.blocks.lock().expect("not poisoned");
            for (signature, bytes) in &blocks.sent {
                assert_eq!(bytes.len(), 1, "{signature} was sent as other bytes");
            }
            blocks.stays()
        };
        let words: Vec<&str> = steps
            .iter()
            .map(|step| match step {
                Step::Create(_) => "create",
                Step::Assign { .. } => "assign",
                Step::Submit { .. } => "submit",
                Step::Settle { .. } => "settle",
            })
            .collect();
        let of = |word| words.iter().filter(|w| **w == word).count();
        let created = world
            .clerk
            .find("create", job)
            .await
            .expect("an answer")
            .expect("kept");
        // A creation that was not taken in time is given up: its client has to sign again.
        assert_eq!(
            of("create"),
            usize::from(matches!(created.send.stage, Stage::Finalized { .. }))
        );
        for word in ["assign", "submit", "settle"] {
            let kept = world
                .clerk
                .find(word, job)
                .await
                .expect("an answer")
                .expect("kept");
            assert!(
                matches!(kept.send.stage, Stage::Finalized { .. }),
                "seed {seed}, {word}: {kept:?}"
            );
            assert_eq!(of(word), 1, "seed {seed}: {words:?}");
        }
        let place = |word| words.iter().position(|w| *w == word);
        assert!(
            place("assign") < place("submit") && place("submit") < place("settle"),
            "{words:?}"
        );
        process.crash().await;
    }
}

#[tokio::test]
async fn what_a_client_signed_is_compared_field_by_field() {
    let folder = tempfile::tempdir().expect("a folder");
    let (world, process) = World::new(folder.path()).await;
    let wanted = world.wanted("one");
    let unsigned = world.clerk.unsigned(&wanted).await.expect("unsigned");
    let signed = world.signed_by_client(&unsigned.transaction);
    let others = [
        (
            "client",
            Wanted {
                client: Address([9; 32]),
                ..wanted.clone()
            },
        ),
        (
            "label",
            Wanted {
                label: "two".to_owned(),
                ..wanted.clone()
            },
        ),
        (
            "job type",
            Wanted {
                job_type: "llm_inference".to_owned(),
                ..wanted.clone()
            },
        ),
        (
            "price",
            Wanted {
                price: 999_999,
                ..wanted.clone()
            },
        ),
        (
            "requirements hash",
            Wanted {
                requirements_hash: "ac".repeat(32),
                ..wanted.clone()
            },
        ),
    ];
    for (name, other) in others {
        let refused = world.clerk.ready(&other, &signed).await;
        let Err(CreateError::Differs { field, .. }) = refused else {
            panic!("{name}: {refused:?}");
        };
        assert_eq!(field, name);
    }
    let refused = world.clerk.ready(&wanted, &unsigned.transaction).await;
    assert!(matches!(refused, Err(CreateError::Unsigned)), "{refused:?}");
    for bytes in ["", "AAAA", &"A".repeat(2_000)] {
        let refused = world.clerk.ready(&wanted, bytes).await;
        assert!(refused.is_err(), "{refused:?}");
    }
    // What the chain would say is said before anything is signed.
    let purse = programs().purse(&world.client.pubkey()).to_string();
    for (tried, says) in [
        (Some("BlockhashNotFound"), "ask for the bytes again"),
        (Some("AccountNotFound"), "dispatcher's key"),
        (
            Some("{\"InstructionError\":[0,\"InvalidAccountData\"]}"),
            "InstructionError",
        ),
        (None, purse.as_str()),
    ] {
        world.blocks.lock().expect("not poisoned").tried = Tried {
            error: tried.map(str::to_owned),
            held: Some(wanted.price - 1),
        };
        let refused = world.clerk.ready(&wanted, &signed).await;
        let said = refused.expect_err("refused").to_string();
        assert!(said.contains(says), "{said}");
    }
    world.blocks.lock().expect("not poisoned").tried = Tried {
        error: None,
        held: Some(wanted.price),
    };
    world.clerk.ready(&wanted, &signed).await.expect("ready");
    for odd in [
        Wanted {
            label: String::new(),
            ..wanted.clone()
        },
        Wanted {
            label: "x".repeat(33),
            ..wanted.clone()
        },
        Wanted {
            price: 0,
            ..wanted.clone()
        },
    ] {
        assert!(world.clerk.unsigned(&odd).await.is_err(), "{odd:?}");
    }
    let dear = Wanted {
        price: 5_000_001,
        ..wanted
    };
    let refused = world.clerk.unsigned(&dear).await.expect_err("refused");
    let (price, most) = (5_000_001, 5_000_000);
    assert!(
        matches!(refused, CreateError::Price { price: p, most: m } if (p, m) == (price, most)),
        "{refused}"
    );
    let refused = world
        .clerk
        .ready(&dear, &signed)
        .await
        .expect_err("refused");
    assert!(matches!(refused, CreateError::Price { .. }), "{refused}");
    process.crash().await;
}

/// One purse lets one key move one sum: a later creation must not take from an earlier one what it counts on.
#[tokio::test]
async fn what_is_approved_covers_the_clients_other_open_jobs() {
    let folder = tempfile::tempdir().expect("a folder");
    let (world, process) = World::new(folder.path()).await;
    let second = world.wanted("two");
    let before = world.clerk.unsigned(&second).await.expect("unsigned");
    let signed = world.signed_by_client(&before.transaction);
    create(&world, "one").await;
    // In which order blocks would take the two is not known.
    let refused = world.clerk.ready(&second, &signed).await;
    assert!(matches!(refused, Err(CreateError::Underway)), "{refused:?}");
    world.clerk.turn().await.expect("a turn");
    world.blocks.lock().expect("not poisoned").block(true);
    world.clerk.turn().await.expect("a turn");
    let refused = world.clerk.ready(&second, &signed).await;
    let Err(CreateError::Approves { approved, needed }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((approved, needed), (1_000_000, 2_000_000));
    // A page that lets more be approved than is due is not obeyed.
    let now = world.clerk.unsigned(&second).await.expect("unsigned");
    let mut bytes = base64_simd::STANDARD
        .decode_to_vec(&now.transaction)
        .expect("base64");
    let approve = |sum: u64| [&[4][..], &sum.to_le_bytes()].concat();
    let due = approve(2_000_000);
    let at = bytes.windows(9).position(|part| part == due);
    let at = at.expect("the sum");
    bytes[at..at + 9].copy_from_slice(&approve(u64::MAX));
    let greedy = world.signed_by_client(&base64_simd::STANDARD.encode_to_string(&bytes));
    let refused = world.clerk.ready(&second, &greedy).await;
    let Err(CreateError::Approves { approved, needed }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((approved, needed), (u64::MAX, 2_000_000));
    create(&world, "two").await;
    process.crash().await;
}

#[tokio::test]
async fn an_owner_who_refuses_keeps_the_job_off_the_chain() {
    let folder = tempfile::tempdir().expect("a folder");
    let (world, process) = World::new(folder.path()).await;
    create(&world, "one").await;
    let job = plan_all(&world, "one").await;
    let refuses = Clerk {
        owners: Arc::new(Refuses),
        ..world.clerk.clone()
    };
    for _ in 0..4 {
        let _ = refuses.turn().await;
    }
    for word in ["assign", "submit", "settle"] {
        let kept = refuses
            .find(word, job)
            .await
            .expect("an answer")
            .expect("kept");
        assert!(
            matches!(kept.send.stage, Stage::Failed { .. }),
            "{word}: {kept:?}"
        );
    }
    process.crash().await;
}

#[derive(Debug)]
struct Refuses;

impl Owners for Refuses {
    fn sign<'a>(
        &'a self,
        _: NodeId,
        _: &'a Pubkey,
        _: &'a str,
        _: &'a [u8],
    ) -> BoxFuture<'a, Result<Signature, NotSigned>> {
        async { Err(NotSigned::Refused("no".to_owned())) }.boxed()
    }
}

#[test]
fn a_transaction_holds_everybodys_signature_or_is_none() {
    let step = Step::Assign {
        job: Pubkey::new_from_array([1; 32]),
        operator: keypair(31).pubkey(),
        node: "gpu".to_owned(),
    };
    let sender = keypair(21);
    let message = step
        .message(
            &programs(),
            &sender.pubkey(),
            solana_sdk::hash::Hash::default(),
        )
        .expect("a message");
    let bytes = message.serialize();
    let ours = (sender.pubkey(), sender.sign_message(&bytes));
    let theirs = (keypair(31).pubkey(), keypair(31).sign_message(&bytes));
    assert_eq!(write_transaction(&message, &[ours]), None);
    let forged = (keypair(31).pubkey(), keypair(32).sign_message(&bytes));
    assert_eq!(write_transaction(&message, &[ours, forged]), None);
    let whole = write_transaction(&message, &[theirs, ours]).expect("whole");
    assert_eq!(
        read_transaction(&whole).map(|(message, _)| message),
        Ok(bytes)
    );
}

#[tokio::test]
async fn the_outbox_keeps_nothing_for_a_planner_that_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (world, process) = World::new(folder.path()).await;
    let planner = Planner {
        clerk: world.clerk.clone(),
        index: Arc::new(Chain::new(Vec::new())),
    };
    planner.round().await.expect("a round");
    let consumers = async || {
        let list = ListConsumers {
            topic: TOPIC.to_owned(),
            limit: 10,
        };
        let all = process.store.ask(list).await.expect("an answer");
        all.into_iter().filter(|c| c.consumer == CONSUMER).count()
    };
    assert_eq!(consumers().await, 1);
    for _ in 0..2 {
        forget(process.store.as_ref()).await.expect("forgotten");
        assert_eq!(consumers().await, 0);
    }
    process.crash().await;
}
