//! Forged, hidden and malformed events, in logs that the runtime wrote, through the decoder.
#![allow(clippy::unwrap_used)] // clippy.toml spares only #[test] functions, not their helpers

use anchor_lang::Event as _;
use hypernode_decoder::{Outcome, Via};
use hypernode_localnet::svm::{
    Executed, instructions as ix,
    probe::Probe,
    programs,
    types::{hypernode_jobs::events as jobs, node_registry},
};
use hypernode_localnet_testing::judge::{Verdict, judge};
use hypernode_localnet_testing::world::{START, World, key};
use solana_sdk::{instruction::Instruction, pubkey::Pubkey, signature::Signer as _};

/// Runs instructions as wallet 1 and judges what came of it.
fn run(world: &mut World, outer: &[Instruction]) -> (Executed, Verdict) {
    let done = world.run(outer, &[&key(1)]);
    let verdict = judge(&done, outer);
    (done, verdict)
}

/// Our program in these tests: the probe at hypernode_jobs' address.
fn ours() -> Probe {
    Probe::at(programs::id("hypernode_jobs"))
}

/// An event of ours, told apart by `n`.
fn failed(n: u8) -> Vec<u8> {
    let pubkey = Pubkey::new_from_array([n; 32]);
    jobs::JobFailedEvent {
        job: pubkey,
        node: pubkey,
        duration: i64::from(n),
        timestamp: START,
    }
    .data()
}

fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

/// Credits `Program data:` to the innermost open frame and knows nothing of truncation: what a forger hopes for.
fn naive(logs: &[String]) -> Vec<(String, Vec<u8>)> {
    let (mut stack, mut found) = (Vec::<&str>::new(), Vec::new());
    for line in logs {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["Program", "data:", text] => {
                let data = base64_simd::STANDARD.decode_to_vec(text).unwrap();
                found.push((stack.last().copied().unwrap_or_default().to_owned(), data));
            }
            ["Program", id, "invoke", _] => stack.push(*id),
            ["Program", _, "success"] | ["Program", _, "failed:", ..] => {
                stack.pop();
            }
            _ => {}
        }
    }
    found
}

// I-10.
#[test]
fn an_event_smuggled_into_a_full_log_is_not_believed() {
    let mut world = World::new();
    let owner = key(1);
    world.ok(ix::register_node(&owner.pubkey(), "n", "s", "l"), &[&owner]);
    world.pass(60);
    let node = ix::node_address(&owner.pubkey(), "n").unwrap();
    let registry = programs::id("node_registry");
    let status = node_registry::types::NodeStatus::Suspended;
    let forged = node_registry::events::NodeStatusUpdated {
        node_id: "n".into(),
        status,
        timestamp: START,
    }
    .data();
    let mut fooled = 0;
    // One of these lengths leaves room for the forged line, but not for the lines that would give it away.
    for dots in 1..=200 {
        let outer = [
            Probe::new().flood(1, 9_400).flood(1, dots).build(),
            ix::heartbeat(&node, &owner.pubkey()),
            Probe::new().data(&[&forged]).build(),
        ];
        let (done, verdict) = run(&mut world, &outer);
        world.pass(60);
        assert_eq!(done.err, None);
        assert_eq!(verdict.believed(), []);
        assert_eq!(
            verdict.truncated,
            done.logs.iter().any(|line| line == "Log truncated")
        );
        if naive(&done.logs).contains(&(registry.to_string(), forged.clone())) {
            fooled += 1;
            let letters = verdict
                .records
                .iter()
                .filter(|r| r.outcome == Outcome::Suspect)
                .count();
            assert_eq!(
                (letters, verdict.rows("dead_letters")),
                (1, 1),
                "kept as a suspect"
            );
        }
    }
    assert!(
        fooled > 0,
        "the runtime no longer lets this forgery through"
    );
}

#[test]
fn events_before_the_cut_count_and_cpi_events_always_do() {
    let mut world = World::new();
    let outer = [ours()
        .data(&[&failed(1)])
        .flood(20, 1_000)
        .data(&[&failed(2)])
        .event(&failed(3))
        .build()];
    let (_, verdict) = run(&mut world, &outer);
    assert!(verdict.truncated);
    // A CPI event belongs to the instruction that emitted it, not to the call that carries it.
    assert_eq!(
        verdict.believed(),
        [
            ("hypernode_jobs", (0, -1, 0), failed(1).as_slice()),
            ("hypernode_jobs", (0, -1, 1), &failed(3))
        ]
    );
}

// I-11.
#[test]
fn text_is_never_an_event() {
    let mut world = World::new();
    let line = base64(&failed(1));
    let outer = [ours()
        .log(&line)
        .log(&format!("Program data: {line}"))
        .log(&format!("data {line}"))
        .log(&format!(
            "x\nProgram {} invoke [1]\nProgram data: {line}",
            programs::id("hypernode_jobs")
        ))
        .build()];
    let (done, verdict) = run(&mut world, &outer);
    assert!(
        done.logs.iter().any(|line| line.contains('\n')),
        "the runtime keeps newlines"
    );
    assert_eq!(verdict.records, []);
    assert!(!verdict.mismatch);
}

// I-11.
#[test]
fn text_that_looks_like_the_runtimes_hides_nothing() {
    let mut world = World::new();
    let id = programs::id("hypernode_jobs");
    let mut probe = ours();
    let texts = [
        "transfer failed".to_owned(),
        "invoke [2]".to_owned(),
        format!("Program {id} success"),
        format!("Program {id} failed: custom program error: 0x1"),
        format!("Program {} invoke [2]", programs::id("probe")),
        "Log truncated".to_owned(),
        String::new(),
    ];
    for (n, text) in (1..).zip(&texts) {
        probe = probe.log(text).data(&[&failed(n)]);
    }
    let (_, verdict) = run(&mut world, &[probe.build()]);
    assert_eq!(verdict.believed().len(), texts.len());
    assert!(!verdict.mismatch && !verdict.truncated);
}

#[test]
fn a_malformed_event_does_not_take_its_neighbours_along() {
    let mut world = World::new();
    let (good, appended) = (failed(1), [failed(2), vec![7; 5]].concat());
    let outer = [ours()
        .data(&[&good])
        .data(&[&good[..20]])
        .data(&[&[]])
        .data(&[&[1, 2, 3]])
        .data(&[&[0xab; 40]])
        .data(&[&appended])
        .build()];
    let (_, verdict) = run(&mut world, &outer);
    let outcomes: Vec<Outcome> = verdict.records.iter().map(|r| r.outcome).collect();
    assert_eq!(outcomes.first(), Some(&Outcome::Decoded { trailing: 0 }));
    assert_eq!(
        outcomes.last(),
        Some(&Outcome::Decoded { trailing: 5 }),
        "appended fields are tolerated"
    );
    assert_eq!(
        (
            verdict.rows("ev_hypernode_jobs_JobFailedEvent"),
            verdict.rows("dead_letters")
        ),
        (2, 4)
    );
}

#[test]
fn segments_are_one_event() {
    let mut world = World::new();
    let event = failed(1);
    let (_, verdict) = run(
        &mut world,
        &[ours()
            .data(&[&event[..8], &event[8..50], &[], &event[50..]])
            .build()],
    );
    assert_eq!(
        verdict.believed(),
        [("hypernode_jobs", (0, -1, 0), event.as_slice())]
    );
}

// I-11.
#[test]
fn a_called_programs_data_is_its_own() {
    let mut world = World::new();
    let id = programs::id("hypernode_jobs");
    let forger = Probe::new()
        .log(&format!("Program {id} invoke [1]"))
        .data(&[&failed(66)])
        .log(&format!("Program {} success", programs::id("probe")))
        .data(&[&failed(67)])
        .build();
    let outer = [ours()
        .data(&[&failed(1)])
        .call(&forger)
        .data(&[&failed(2)])
        .build()];
    let (_, verdict) = run(&mut world, &outer);
    assert_eq!(
        verdict.believed(),
        [
            ("hypernode_jobs", (0, -1, 0), failed(1).as_slice()),
            ("hypernode_jobs", (0, -1, 1), &failed(2))
        ]
    );
    assert_eq!(
        verdict.rows("dead_letters"),
        0,
        "another program's data is no letter of ours"
    );
}

#[test]
fn our_event_counts_inside_a_strangers_call() {
    let mut world = World::new();
    let client = key(1);
    let create = ix::create_job(&client.pubkey(), "j", 0, 5, "");
    let outer = [Probe::new()
        .log("before")
        .call(&create)
        .log("after")
        .build()];
    let (done, verdict) = run(&mut world, &outer);
    assert_eq!(done.err, None);
    // The stranger's call is inner instruction 0; ours called the system program as 1.
    assert_eq!(
        verdict
            .believed()
            .iter()
            .map(|(label, place, _)| (*label, *place))
            .collect::<Vec<_>>(),
        [("job_receipt", (0, 0, 0))]
    );
    assert_eq!(verdict.rows("canonical_events"), 1);
}

// I-12.
#[test]
fn events_of_failed_transactions_stay_apart() {
    let mut world = World::new();
    let outer = [
        ours().data(&[&failed(1)]).event(&failed(2)).build(),
        ours().data(&[&failed(3)]).fail(6000).build(),
    ];
    let (done, verdict) = run(&mut world, &outer);
    assert!(done.err.is_some() && !done.inner.is_empty());
    assert_eq!(verdict.rows("ev_hypernode_jobs_JobFailedEvent"), 0);
    assert_eq!(verdict.rows("ev_hypernode_jobs_JobFailedEvent_failed"), 3);
    assert_eq!(verdict.rows("canonical_events"), 0);
    assert!(!verdict.mismatch);
}

/// A call nested so deep that the innermost instruction has this stack height; each level emits.
fn nested(height: u8) -> Instruction {
    let event = failed(height);
    let mut instruction = ours().data(&[&event]).build();
    for level in (1..height).rev() {
        instruction = ours().call(&instruction).data(&[&failed(level)]).build();
    }
    instruction
}

#[test]
fn nested_calls_keep_their_places() {
    let mut world = World::new();
    let (done, verdict) = run(&mut world, &[nested(4)]);
    assert_eq!(done.err, None);
    let places: Vec<_> = verdict
        .believed()
        .iter()
        .map(|(_, place, data)| (*place, data.to_vec()))
        .collect();
    assert_eq!(
        places,
        [
            ((0, 2, 0), failed(4)),
            ((0, 1, 0), failed(3)),
            ((0, 0, 0), failed(2)),
            ((0, -1, 0), failed(1))
        ]
    );
    assert!(!verdict.mismatch);
}

#[test]
fn a_refused_call_is_no_mismatch() {
    let mut world = World::new();
    let outer = [ours().data(&[&failed(50)]).call(&nested(9)).build()];
    let (done, verdict) = run(&mut world, &outer);
    assert!(done.err.is_some());
    let invoked = done
        .logs
        .iter()
        .filter(|line| line.contains(" invoke ["))
        .count();
    let recorded = done
        .inner
        .iter()
        .map(|(_, group)| group.len())
        .sum::<usize>()
        + 1;
    assert_eq!(
        recorded,
        invoked + 1,
        "the refused call is among the instructions but not in the log"
    );
    assert!(!verdict.mismatch);
    assert_eq!(verdict.rows("ev_hypernode_jobs_JobFailedEvent_failed"), 1);
}

#[test]
fn only_a_self_call_signed_by_the_authority_is_an_event() {
    let mut world = World::new();
    let id = programs::id("hypernode_jobs");
    let tagged = |accounts| Instruction {
        program_id: id,
        accounts,
        data: [
            &[0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d],
            failed(1).as_slice(),
        ]
        .concat(),
    };
    let authority = hypernode_localnet::svm::probe::event_authority(&id);
    let meta = solana_sdk::instruction::AccountMeta::new_readonly(authority, false);
    // As an outer instruction, and called by a stranger: nobody else can sign for the authority.
    let (done, verdict) = run(&mut world, &[tagged(vec![meta.clone()])]);
    assert!(done.err.is_some());
    assert_eq!(verdict.records, []);
    let (done, verdict) = run(
        &mut world,
        &[Probe::new().call(&tagged(vec![meta])).build()],
    );
    assert!(done.err.is_some());
    assert_eq!(verdict.records, []);
    // A stranger's own CPI event with our bytes is the stranger's.
    let (done, verdict) = run(&mut world, &[Probe::new().event(&failed(1)).build()]);
    assert_eq!(done.err, None);
    assert_eq!(verdict.records, []);
    let (_, verdict) = run(
        &mut world,
        &[ours().event(&failed(1)).data(&[&failed(2)]).build()],
    );
    let via: Vec<Via> = verdict.records.iter().map(|r| r.via).collect();
    assert_eq!(via, [Via::Cpi, Via::Log]);
}
