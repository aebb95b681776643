//! The pool beside a plain search, and receipts beside their forgeries.

use hypernode_state::{Address, Digest};
use proptest::prelude::*;

use super::draw::{explores, utility};
use super::receipt::{Asked, Mismatch};
use super::seed::{DaySecret, Seed};
use super::*;
use crate::ids::{JobId, NodeId};

const HALF: u64 = 1_000_000;

fn pool(nodes: impl IntoIterator<Item = NodeFacts>) -> Pool {
    let mut pool = Pool::new(HALF);
    nodes.into_iter().for_each(|node| pool.put(node));
    pool
}

/// A seed under which no newcomer is taken.
fn plain_seed() -> Seed {
    let seeds = (0..=255_u8).map(|n| Seed([n; 32]));
    seeds
        .into_iter()
        .find(|seed| !explores(seed))
        .expect("most are")
}

fn chosen(pool: &mut Pool, needs: &Needs) -> Option<NodeId> {
    let want = pool.want(needs);
    let decision = pool.choose(Algorithm::Draw, &want, &[], &plain_seed())?;
    Some(decision.chosen)
}

#[test]
fn each_need_is_asked_for() {
    let plain = || NodeFacts::plain(1);
    let mut only = pool([plain()]);
    let id = Some(plain().id);
    let with = |change: fn(&mut Needs)| {
        let mut needs = Needs::default();
        change(&mut needs);
        needs
    };
    type Change = fn(&mut Needs);
    let cases: [(Change, Change); 9] = [
        (
            |n| n.gpu_model = Some("rtx 4090".into()),
            |n| n.gpu_model = Some("H100".into()),
        ),
        (|n| n.min_vram_mb = 24_576, |n| n.min_vram_mb = 24_577),
        (
            |n| n.capabilities = vec!["Inference".into()],
            |n| n.capabilities = vec!["render".into()],
        ),
        (|n| n.min_reputation = 800, |n| n.min_reputation = 801),
        (|n| n.max_ask = Some(10_000), |n| n.max_ask = Some(9_999)),
        (|n| n.min_stake = 0, |n| n.min_stake = 1),
        (|n| n.sandboxed = false, |n| n.sandboxed = true),
        (
            |n| n.owner = Some(Address([1; 32])),
            |n| n.owner = Some(Address([2; 32])),
        ),
        (
            |n| n.node = Some(NodeFacts::plain(1).id),
            |n| n.node = Some(NodeFacts::plain(2).id),
        ),
    ];
    for (has, lacks) in cases {
        assert_eq!(chosen(&mut only, &with(has)), id, "{:?}", with(has));
        assert_eq!(chosen(&mut only, &with(lacks)), None, "{:?}", with(lacks));
        assert_eq!(only.why(&with(has), &[]).fitting, 1, "{:?}", with(has));
        let why = only.why(&with(lacks), &[]);
        let counts: Vec<u32> = why.reasons.values().copied().collect();
        assert_eq!((why.fitting, counts), (0, vec![1]), "{why}");
    }
    let why = only.why(&Needs::default(), &[plain().id]);
    assert_eq!(why.reasons.get("excluded"), Some(&1));
    let dear = with(|n| n.max_ask = Some(1));
    assert_eq!(
        only.why(&dear, &[]).to_string(),
        "0 of 1 connected nodes would do: 1 that ask more than the budget bears"
    );
    only.set_running(plain().id, 1);
    assert_eq!(
        chosen(&mut only, &Needs::default()),
        None,
        "no slot is free"
    );
    assert_eq!(
        only.why(&Needs::default(), &[]).reasons.get("busy"),
        Some(&1)
    );
    only.set_running(plain().id, 0);
    only.change(plain().id, |n| n.online = false);
    assert_eq!(chosen(&mut only, &Needs::default()), None, "it is away");
}

#[test]
fn free_jobs_and_named_ones_go_where_they_may() {
    let (home, other) = (Address([1; 32]), Address([2; 32]));
    let free = |home| Needs {
        free: Some(home),
        ..Needs::default()
    };
    let named = Needs {
        node: Some(NodeFacts::plain(1).id),
        ..Needs::default()
    };
    // What runs, whether it is sandboxed; then who gets it: any job, the owner's free one, a stranger's, one that names it.
    for (runs, sandboxed, takes) in [
        (Runs::Named, false, [false, false, false, true]),
        (Runs::Named, true, [false, false, false, true]),
        (Runs::Manifests, false, [true, false, false, true]),
        (Runs::Manifests, true, [true, false, false, true]),
        (Runs::Free, false, [true, true, false, true]),
        (Runs::Free, true, [true, true, true, true]),
    ] {
        let mut only = pool([NodeFacts {
            runs,
            sandboxed,
            ..NodeFacts::plain(1)
        }]);
        let asked = [Needs::default(), free(home), free(other), named.clone()];
        for needs in &asked {
            let why = only.why(needs, &[]);
            assert_eq!(why.fitting == 0, !why.reasons.is_empty(), "{why}");
        }
        let gets = asked.map(|needs| chosen(&mut only, &needs).is_some());
        assert_eq!(gets, takes, "{runs:?}, sandboxed: {sandboxed}");
    }
}

#[test]
fn a_want_is_read_anew_when_a_model_comes() {
    let mut pool = pool([NodeFacts::plain(1)]);
    let mut want = pool.want(&Needs {
        gpu_model: Some("H100".to_owned()),
        ..Needs::default()
    });
    let model = "NVIDIA H100 PCIe".to_owned();
    pool.put(NodeFacts {
        model,
        ..NodeFacts::plain(2)
    });
    assert!(!pool.fits(&want, NodeId::uuid(2)));
    pool.refresh(&mut want);
    assert!(pool.fits(&want, NodeId::uuid(2)) && !pool.fits(&want, NodeId::uuid(1)));
}

#[test]
fn the_cheapest_and_the_best_are_found_by_whoever_asks_for_them() {
    let good = NodeFacts {
        reputation: 950,
        ask: 40_000,
        ..NodeFacts::plain(1)
    };
    let cheap = NodeFacts {
        reputation: 500,
        ask: 5_000,
        ..NodeFacts::plain(2)
    };
    let mut pool = pool([good.clone(), cheap.clone()]);
    let mut count = |gamma| {
        let want = pool.want(&Needs {
            gamma,
            ..Needs::default()
        });
        let seeds = (0..200_u8).map(|n| Seed([n; 32]));
        let chosen = seeds.filter_map(|s| pool.choose(Algorithm::Draw, &want, &[], &s));
        chosen.filter(|d| d.chosen == good.id).count()
    };
    let (quality, cheapest) = (count(Gamma::Quality), count(Gamma::Cheapest));
    assert!(quality > 130, "{quality} of 200 take the better one");
    assert_eq!(cheapest, 0, "none takes one that costs eight times as much");
}

#[test]
fn newcomers_get_a_share_and_veterans_no_less() {
    let veterans = (1..=5).map(NodeFacts::plain);
    let newcomers = (6..=9).map(|n| NodeFacts {
        reputation: 364,
        evidence: 0,
        completed: 0,
        ..NodeFacts::plain(n)
    });
    let mut pool = pool(veterans.chain(newcomers));
    let want = pool.want(&Needs::default());
    let mut explored = [0; 10];
    for n in 0..4_000_u32 {
        let mut seed = [3; 32];
        seed[..4].copy_from_slice(&n.to_le_bytes());
        let decision = pool
            .choose(Algorithm::Draw, &want, &[], &Seed(seed))
            .expect("a node");
        if decision.explored {
            assert_eq!(decision.candidates.len(), TOP + 1);
            let place = (1..10)
                .find(|n| NodeId::uuid(*n) == decision.chosen)
                .expect("known");
            explored[place as usize] += 1;
        }
    }
    assert_eq!(explored[..6], [0; 6]);
    assert!(explored[6..].iter().all(|n| *n > 25), "{explored:?}");
}

#[test]
fn the_old_formula_takes_the_best_without_a_draw() {
    let worse = NodeFacts {
        reputation: 799,
        ..NodeFacts::plain(1)
    };
    let mut pool = pool([worse, NodeFacts::plain(2), NodeFacts::plain(3)]);
    let want = pool.want(&Needs::default());
    let algorithm = Algorithm::ReputationWeighted;
    let decision = pool
        .choose(algorithm, &want, &[], &plain_seed())
        .expect("a node");
    let first = NodeId::uuid(2).min(NodeId::uuid(3));
    assert_eq!(decision.chosen, first);
    assert_eq!(decision.candidates[0].utility, 320_000 + 396_039 + 200_000);
}

fn facts() -> impl Strategy<Value = NodeFacts> {
    let numbers = (
        0_u16..1001,
        0_u32..30,
        0_u64..5_000_000,
        0_u32..40,
        0_u32..10,
    );
    let rest = (
        0_u32..600,
        prop::sample::select(vec![0_u64, 1, 4_000, 10_000, 11_000, 90_000]),
        1_u16..4,
        0_u16..4,
    );
    (0_u128..40, numbers, rest, any::<bool>()).prop_map(|(n, numbers, rest, online)| {
        let (reputation, evidence, stake, completed, failed) = numbers;
        let (rtt_ms, ask, slots, running) = rest;
        NodeFacts {
            online,
            reputation,
            evidence,
            stake,
            completed,
            failed,
            rtt_ms,
            ask,
            slots,
            running,
            ..NodeFacts::plain(n)
        }
    })
}

fn asked<'a>(
    needs: &'a Needs,
    secret: &'a DaySecret,
    algorithm: Algorithm,
    fence: u32,
) -> Asked<'a> {
    Asked {
        job: JobId::uuid(1),
        fence,
        at: 1_700_000_000_000,
        as_of_slot: Some(5),
        algorithm,
        needs,
        half_stake: HALF,
        content: Digest([2; 32]),
        nonce: b"nonce",
        secret,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Whatever was put, changed and removed: the choice is that of a pool that never held anything else.
    #[test]
    fn the_pool_is_what_it_holds(
        puts in prop::collection::vec((facts(), any::<bool>()), 0..60),
        min_reputation in 0_u16..600,
        excluded in prop::collection::vec(0_u128..40, 0..4),
        gamma in prop::sample::select(vec![Gamma::Quality, Gamma::Balanced, Gamma::Cheapest]),
        seed: [u8; 32],
    ) {
        let (mut lived, mut last) = (Pool::new(HALF), std::collections::BTreeMap::new());
        for (facts, stays) in puts {
            lived.put(facts.clone());
            last.insert(facts.id, facts.clone());
            if !stays {
                lived.remove(facts.id);
                last.remove(&facts.id);
            }
        }
        let running = last.keys().next().copied();
        if let Some(id) = running {
            lived.set_running(id, 0);
            last.get_mut(&id).expect("there").running = 0;
        }
        let needs = Needs { min_reputation, gamma, ..Needs::default() };
        let excluded: Vec<NodeId> = excluded.into_iter().map(NodeId::uuid).collect();
        let mut fresh = pool(last.values().cloned());
        let want = fresh.want(&needs);
        for algorithm in [Algorithm::Draw, Algorithm::ReputationWeighted] {
            let decision = lived.choose(algorithm, &want, &excluded, &Seed(seed));
            prop_assert_eq!(&decision, &fresh.choose(algorithm, &want, &excluded, &Seed(seed)));
            // The best by a plain search.
            let passes = |n: &&NodeFacts| n.online && n.running < n.slots
                && n.reputation >= min_reputation && !excluded.contains(&n.id);
            let eligible: Vec<_> = last.values().filter(passes).collect();
            prop_assert_eq!(decision.is_some(), !eligible.is_empty());
            let Some(decision) = decision else { continue };
            prop_assert_eq!(decision.eligible as usize, eligible.len());
            if algorithm == Algorithm::Draw {
                let mut asks: Vec<_> = eligible.iter().map(|n| octave_eighths(n.ask)).collect();
                asks.sort_unstable();
                prop_assert_eq!(decision.reference, asks[(asks.len() - 1) / 2]);
                let u = |n: &NodeFacts| {
                    let parts = lived.get(n.id).map(|_| ()).and_then(|()| {
                        decision.candidates.iter().find(|c| c.node == n.id).map(|c| c.partial)
                    });
                    parts.map(|p| utility(p.quality(), decision.reference, octave_eighths(n.ask), gamma.exponent()))
                };
                for candidate in &decision.candidates {
                    let node = &last[&candidate.node];
                    prop_assert_eq!(u(node), Some(candidate.utility));
                    prop_assert_eq!(candidate.parts(HALF), candidate.partial);
                }
            }
        }
    }

    #[test]
    // I-47.
    fn receipts_replay_and_forgeries_do_not(
        nodes in prop::collection::vec(facts(), 1..30),
        secret: [u8; 32],
        fence in 1_u32..50,
        legacy: bool,
        forged in 0_usize..8,
    ) {
        let algorithm = if legacy { Algorithm::ReputationWeighted } else { Algorithm::Draw };
        let (needs, secret) = (Needs::default(), DaySecret::new(20_000, secret));
        let asked = asked(&needs, &secret, algorithm, fence);
        let mut pool = pool(nodes);
        let want = pool.want(&needs);
        let Some(decision) = pool.choose(algorithm, &want, &[], &asked.seed()) else {
            return Ok(());
        };
        let receipt = asked.receipt(decision, &asked.seed());
        prop_assert_eq!(receipt.replay(Some(&secret)), Ok(()));
        let bytes = receipt.bytes().expect("json");
        let read: Receipt = serde_json::from_slice(&bytes).expect("a receipt");
        prop_assert_eq!(&read, &receipt);
        prop_assert_eq!(read.bytes().expect("json"), bytes);

        let mut lie = receipt.clone();
        match forged {
            0 => lie.seed.0[0] ^= 1,
            1 => lie.commitment.0[0] ^= 1,
            2 => lie.chosen = NodeId::uuid(99),
            3 => lie.candidates[0].reputation ^= 1,
            4 => lie.candidates[0].utility += 1,
            5 => { lie.candidates.pop(); }
            6 => lie.candidates.insert(0, lie.candidates[0]),
            _ => lie.fence += 1,
        }
        // A reputation past 1000 counts as 1000.
        prop_assume!(forged != 3 || receipt.candidates[0].reputation < 1000);
        prop_assert!(lie.replay(Some(&secret)).is_err(), "{:?}", lie);
    }
}

#[test]
fn another_secret_than_the_one_committed_to_is_told() {
    let (needs, secret) = (Needs::default(), DaySecret::new(20_000, [1; 32]));
    let asked = asked(&needs, &secret, Algorithm::Draw, 1);
    let mut pool = pool([NodeFacts::plain(1)]);
    let want = pool.want(&needs);
    let decision = pool
        .choose(Algorithm::Draw, &want, &[], &asked.seed())
        .expect("a node");
    let receipt = asked.receipt(decision, &asked.seed());
    let other = DaySecret::new(20_000, [2; 32]);
    assert_eq!(receipt.replay(Some(&other)), Err(Mismatch::Commitment));
    assert_eq!(receipt.replay(None), Ok(()));
}
