//! What the chain pays is credited: final, once, to whoever did it, by the chain's amounts.

use std::sync::Arc;
use std::time::Duration;

use hypernode_analytics::payments::Payment;
use hypernode_analytics::reputation::FeeAccounts;
use hypernode_dispatch::bridge::Cashier;
use hypernode_dispatch::bridge::write::purse;
use hypernode_dispatch::ids::{Id, JobId, NodeId};
use hypernode_dispatch::job::{Manner, Outcome, Pay};
use hypernode_dispatch::matching::{NodeFacts, Runs};
use hypernode_dispatch::service::Told;
use hypernode_state::credits::{Earned, Earner, Earnings, GetCredit};
use hypernode_state::{Address, StoreExt};
use solana_sdk::pubkey::Pubkey;

use crate::chain::{Chain, account, name};
use crate::support::{Process, now, order, store};

const PRICE: u64 = 1_000_000;
const OWNER: Address = Address([6; 32]);
const TREASURY: [u8; 32] = [13; 32];
const INCENTIVE: [u8; 32] = [14; 32];

fn node() -> NodeId {
    NodeId(Id::Address(Address([5; 32])))
}

fn mint() -> Pubkey {
    Pubkey::new_from_array([12; 32])
}

/// A settlement as our own transactions make it: 80, 10 and 5 %.
fn payment(job: u8, slot: u64) -> Payment {
    Payment {
        job: account(job).0,
        slot,
        operator_amount: 800_000,
        treasury_amount: 100_000,
        incentive_amount: 50_000,
        treasury: TREASURY,
        incentive: INCENTIVE,
        purse: purse(&Pubkey::new_from_array(OWNER.0), &mint()).to_bytes(),
        node: [5; 32],
        operator: OWNER.0,
    }
}

/// A job of the chain, run to its end by the node.
async fn completed(process: &Process, job: u8) {
    let dispatch = process.center.clone().wait().await.expect("a dispatcher");
    let facts = NodeFacts {
        id: node(),
        owner: OWNER,
        online: true,
        model: "NVIDIA H100".to_owned(),
        vram_mb: 81_559,
        capabilities: Vec::new(),
        reputation: 364,
        evidence: 0,
        stake: 0,
        completed: 0,
        failed: 0,
        rtt_ms: 20,
        ask: 10_000,
        slots: 1,
        running: 0,
        runs: Runs::Free,
        sandboxed: true,
    };
    let connected = dispatch.connect(facts, Manner::Silent).await;
    let mut frames = connected.expect("connected");
    let mut order = order();
    order.submission.id = name(job);
    order.submission.terms.pay = Pay::OnChain(PRICE);
    dispatch.submit(order).await.expect("accepted");
    loop {
        let told = tokio::time::timeout(Duration::from_secs(20), frames.recv()).await;
        match told.expect("in time").expect("connected") {
            Told::Offer { job, fence, .. } => {
                dispatch.accept(node(), job, fence).await.expect("taken");
            }
            Told::Run { job, fence, .. } => {
                let kept = b"{}".to_vec();
                let ended = dispatch.ended(node(), job, Some(fence), Outcome::Completed, kept);
                return ended.await.expect("heard");
            }
            _ => {}
        }
    }
}

struct Till {
    cashier: Cashier,
    chain: Arc<Chain>,
    process: Process,
}

impl Till {
    async fn open(folder: &std::path::Path) -> Self {
        let chain = Arc::new(Chain::new(Vec::new()));
        let process = Process::start(store(folder), chain.clone(), 0);
        let cashier = Cashier {
            index: chain.clone(),
            store: process.store.clone(),
            clock: Arc::new(now),
            fees: vec![FeeAccounts {
                first_slot: 0,
                last_slot: u64::MAX,
                treasury: TREASURY,
                incentive: INCENTIVE,
            }],
            mint: mint(),
        };
        // From now on.
        assert!(!cashier.round().await.expect("a round"));
        Self {
            cashier,
            chain,
            process,
        }
    }

    fn pay(&self, payment: Payment) {
        self.chain
            .payments
            .lock()
            .expect("not poisoned")
            .push(payment);
    }

    /// Rounds until nothing is left; some of them fail on the way.
    async fn catch_up(&self) {
        for round in 0..100 {
            self.chain.fail_in(round % 3);
            if matches!(self.cashier.round().await, Ok(false)) {
                return;
            }
        }
        panic!("it does not come to its end");
    }

    async fn earned(&self, by: Earner) -> Earnings {
        self.process.store.ask(Earned { by }).await.expect("sums")
    }
}

// I-44.
#[tokio::test]
async fn a_final_settlement_is_credited_once_by_the_chains_amounts() {
    let folder = tempfile::tempdir().expect("a folder");
    let till = Till::open(folder.path()).await;
    completed(&till.process, 0).await;
    // Its completion alone is none of ours to pay.
    assert_eq!(till.earned(Earner::All).await, Earnings::default());
    till.pay(payment(7, 10));
    till.pay(payment(0, 11));
    till.catch_up().await;
    let sums = Earnings {
        credits: 1,
        cost: PRICE,
        operator: 800_000,
    };
    for by in [
        Earner::All,
        Earner::Node(node().to_string()),
        Earner::Wallet(OWNER),
    ] {
        assert_eq!(till.earned(by.clone()).await, sums, "{by:?}");
    }
    let job = name(0).to_string();
    let credit = till.process.store.ask(GetCredit { job }).await;
    let credit = credit.expect("an answer").expect("a credit");
    assert_eq!(
        (credit.treasury, credit.incentive, credit.orchestrator),
        (100_000, 50_000, 0),
        "what the chain distributes, and nothing that it does not"
    );
    // The same settlement told again, as after a repair of the index.
    till.pay(payment(0, 12));
    till.catch_up().await;
    assert_eq!(till.earned(Earner::All).await, sums);
    till.process.crash().await;
}

#[tokio::test]
async fn what_proves_no_payment_for_the_run_is_not_credited() {
    let folder = tempfile::tempdir().expect("a folder");
    let till = Till::open(folder.path()).await;
    completed(&till.process, 0).await;
    let open: JobId = name(1);
    let mut waits = order();
    waits.submission.id = open;
    waits.submission.waits = true;
    waits.submission.terms.pay = Pay::OnChain(PRICE);
    let dispatch = till.process.center.now().expect("a dispatcher");
    dispatch.submit(waits).await.expect("accepted");
    let good = payment(0, 0);
    let bad = [
        payment(1, 0),
        Payment {
            node: [4; 32],
            ..good.clone()
        },
        Payment {
            treasury: [1; 32],
            ..good.clone()
        },
        Payment {
            incentive: [0; 32],
            ..good.clone()
        },
        Payment {
            purse: [1; 32],
            ..good.clone()
        },
        Payment {
            operator_amount: 850_001,
            ..good.clone()
        },
        Payment {
            operator_amount: u64::MAX,
            ..good.clone()
        },
    ];
    for (slot, payment) in (10..).zip(bad) {
        till.pay(Payment { slot, ..payment });
    }
    till.catch_up().await;
    assert_eq!(till.earned(Earner::All).await, Earnings::default());
    till.pay(Payment { slot: 50, ..good });
    till.catch_up().await;
    assert_eq!(till.earned(Earner::All).await.credits, 1);
    till.process.crash().await;
}
