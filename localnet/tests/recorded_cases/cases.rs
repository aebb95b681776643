//! The cases: what is executed, and what a parser must say.

use hypernode_decoder::chain;
use hypernode_localnet::svm::probe::event_authority;
use solana_sdk::{
    instruction::{AccountMeta, Instruction},
    pubkey,
    pubkey::Pubkey,
};

use crate::book::{Case, Right};
use crate::machine::{OTHER, OURS, other, ours, run, run_deep, text, tick};

const EVENT_TAG: [u8; 8] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];
const ED25519: Pubkey = pubkey!("Ed25519SigVerify111111111111111111111111111");

/// An executed case of one transaction with these events of ours.
fn case(
    name: &'static str,
    what: &'static str,
    events: &[(u64, u16, i32)],
    outer: &[Instruction],
) -> Case {
    let tx = run(outer);
    let cut = tx.logs.iter().flatten().any(|line| line == "Log truncated");
    let right = Right {
        events: events.to_vec(),
        failed: tx.err.is_some(),
        cut,
        unknown: false,
    };
    Case {
        name,
        what,
        executed: true,
        right,
        tx,
    }
}

/// All cases, in the order of the table.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = vec![plain(), truncation_forgery()];
    cases.extend(texts());
    cases.extend(shapes());
    cases.extend(calls());
    cases.extend(by_self_call());
    cases.extend(unread());
    cases
}

fn plain() -> Case {
    let outer = [ours().log("Instruction: Tick").data(&[&tick(1)]).build()];
    case(
        "plain",
        "one event, nothing odd: the control",
        &[(1, 0, -1)],
        &outer,
    )
}

/// The attacker fills the log until our exit and its own invocation no longer fit, but its short event does.
fn truncation_forgery() -> Case {
    let forge = |dots| {
        run(&[
            other().flood(1, 9_400).flood(1, dots).build(),
            ours().build(),
            other().data(&[&tick(600)]).build(),
        ])
    };
    let forged = format!("Program data: {}", text(600));
    let open = format!("Program {OURS} invoke [1]");
    let closed = format!("Program {OURS} success");
    let tx = (200..=300).map(forge).find(|tx| {
        let has = |line: &String| tx.logs.iter().flatten().any(|l| l == line);
        has(&open) && has(&forged) && !has(&closed)
    });
    Case {
        name: "truncation forgery",
        what: "another program fills the log; our exit and its invocation are cut, its event lands in our frame",
        executed: true,
        right: Right {
            cut: true,
            ..Right::default()
        },
        tx: tx.expect("the runtime no longer lets this forgery through"),
    }
}

/// Text that a program may log freely.
fn texts() -> Vec<Case> {
    let id = OURS.to_string();
    let before = |name, what, text: &str| {
        let outer = [ours().log(text).data(&[&tick(1)]).build()];
        case(name, what, &[(1, 0, -1)], &outer)
    };
    let only = |name, what, text: &str| case(name, what, &[], &[ours().log(text).build()]);
    let multi = format!("x\nProgram {id} invoke [1]\nProgram data: {}", text(600));
    vec![
        only(
            "text is an event",
            "`Program log:` and the base64 of an event",
            &text(600),
        ),
        only(
            "text ends in an event",
            "`Program log: see` and the base64 of an event",
            &format!("see {}", text(600)),
        ),
        only(
            "text imitates a data line",
            "`Program log: Program data:` and the base64 of an event",
            &format!("Program data: {}", text(600)),
        ),
        before(
            "transfer failed",
            "`Program log: transfer failed`, then our event",
            "transfer failed",
        ),
        before(
            "invoke [2]",
            "`Program log: invoke [2]`, then our event",
            "invoke [2]",
        ),
        before(
            "invoke [1]",
            "a `Program log:` that ends in `invoke [1]`, then our event",
            "about to invoke [1]",
        ),
        before(
            "imitated exit",
            "`Program log: Program <us> success`, then our event",
            &format!("Program {id} success"),
        ),
        before(
            "imitated invocation",
            "`Program log: Program <other> invoke [2]`, then our event",
            &format!("Program {OTHER} invoke [2]"),
        ),
        before(
            "line feed, then an event",
            "a `Program log:` with line feeds and a whole forged frame, then our event",
            &multi,
        ),
        before(
            "quoted cut",
            "`Program log: Log truncated`, then our event",
            "Log truncated",
        ),
        case(
            "return data",
            "`Program return: <us>` and the base64 of an event",
            &[],
            &[ours().returns(&tick(600)).build()],
        ),
    ]
}

/// Records of unusual shape.
fn shapes() -> Vec<Case> {
    let (good, late) = (tick(1), tick(2));
    let appended = [good.as_slice(), &[7; 5]].concat();
    vec![
        case(
            "malformed neighbour",
            "a good event, one cut short with the same discriminator, a good one",
            &[(1, 0, -1), (2, 0, -1)],
            &[ours()
                .data(&[&good])
                .data(&[&good[..12]])
                .data(&[&late])
                .build()],
        ),
        case(
            "short records",
            "records of 0 and 3 bytes, then our event",
            &[(1, 0, -1)],
            &[ours()
                .data(&[&[]])
                .data(&[&[1, 2, 3]])
                .data(&[&good])
                .build()],
        ),
        case(
            "two segments",
            "one `sol_log_data` of two segments: discriminator, fields",
            &[(1, 0, -1)],
            &[ours().data(&[&good[..8], &good[8..]]).build()],
        ),
        case(
            "appended field",
            "an event with five bytes more than its IDL knows",
            &[(1, 0, -1)],
            &[ours().data(&[&appended]).build()],
        ),
        case(
            "cut after our event",
            "our event, then a full log",
            &[(1, 0, -1)],
            &[ours().data(&[&good]).flood(12, 1_000).build()],
        ),
    ]
}

/// Who called whom.
fn calls() -> Vec<Case> {
    let event = |seq| ours().data(&[&tick(seq)]).build();
    let foreign = other().data(&[&tick(600)]).build();
    let liar = other()
        .log(&format!("Program {OURS} invoke [1]"))
        .data(&[&tick(600)])
        .log(&format!("Program {OTHER} success"))
        .data(&[&tick(601)])
        .build();
    let mut deep = event(7);
    for level in (2..7).rev() {
        deep = ours().call(&deep).data(&[&tick(level)]).build();
    }
    let deep = run_deep(&[other().call(&deep).build()]);
    assert_eq!(deep.err, None, "{:#?}", deep.logs);
    let mut refused = event(50);
    for _ in 0..5 {
        refused = ours().call(&refused).build();
    }
    vec![
        case(
            "two instructions and a call",
            "our program as instruction 0, called by instruction 1, and as instruction 2",
            &[(1, 0, -1), (2, 1, 0), (3, 2, -1)],
            &[event(1), other().call(&event(2)).build(), event(3)],
        ),
        case(
            "failed transaction",
            "our event, then the transaction fails: it was undone",
            &[(1, 0, -1)],
            &[event(1), ours().fail(6000).build()],
        ),
        Case {
            name: "calls six deep",
            what: "our program calls itself down to stack height 7, an event at each height",
            executed: true,
            right: Right {
                events: vec![
                    (7, 0, 5),
                    (6, 0, 4),
                    (5, 0, 3),
                    (4, 0, 2),
                    (3, 0, 1),
                    (2, 0, 0),
                ],
                ..Right::default()
            },
            tx: deep,
        },
        case(
            "called program's event",
            "we call another program that logs forged frames and our event's bytes, then our event",
            &[(1, 0, -1), (2, 0, -1)],
            &[ours()
                .data(&[&tick(1)])
                .call(&liar)
                .data(&[&tick(2)])
                .build()],
        ),
        case(
            "foreign discriminator",
            "another program's instruction logs our event's bytes, then ours",
            &[(1, 1, -1)],
            &[foreign, event(1)],
        ),
        precompile(),
        case(
            "refused call",
            "a call beyond the depth limit: in the instruction list, not in the log; the transaction fails",
            &[(1, 0, -1)],
            &[ours().data(&[&tick(1)]).call(&refused).build()],
        ),
    ]
}

/// This machine runs no precompiles: the same with an Ed25519 check on either side, which leaves no log lines.
fn precompile() -> Case {
    let mut tx = run(&[ours().data(&[&tick(1)]).build()]);
    let program = u8::try_from(tx.keys.len()).expect("few keys");
    tx.keys.push(ED25519.to_bytes());
    let check = chain::Instruction {
        program,
        data: vec![0, 0],
        ..chain::Instruction::default()
    };
    tx.instructions.insert(0, check.clone());
    tx.instructions.push(check);
    Case {
        name: "precompile before",
        what: "an Ed25519 check, which has no log lines, then our instruction",
        executed: false,
        right: Right {
            events: vec![(1, 1, -1)],
            ..Right::default()
        },
        tx,
    }
}

/// `emit_cpi!` and its imitations.
fn by_self_call() -> Vec<Case> {
    let tagged = |accounts| Instruction {
        program_id: OURS,
        accounts,
        data: [EVENT_TAG.as_slice(), &tick(600)].concat(),
    };
    let authority = AccountMeta::new_readonly(event_authority(&OURS), false);
    // A program without Anchor's check runs such an instruction to its end: the same, with that outcome.
    let mut outer = run(&[tagged(vec![authority.clone()])]);
    outer.err = None;
    outer.logs = Some(vec![
        format!("Program {OURS} invoke [1]"),
        format!("Program {OURS} success"),
    ]);
    let mut called = run(&[other().call(&tagged(vec![authority])).build()]);
    called.err = None;
    called.logs = Some(vec![
        format!("Program {OTHER} invoke [1]"),
        format!("Program {OURS} invoke [2]"),
        format!("Program {OURS} success"),
        format!("Program {OTHER} success"),
    ]);
    let hand = |name, what, tx| Case {
        name,
        what,
        executed: false,
        right: Right::default(),
        tx,
    };
    vec![
        case(
            "emit_cpi!",
            "our event by a call of ourselves, signed by the event authority",
            &[(1, 0, -1)],
            &[ours().event(&tick(1)).build()],
        ),
        case(
            "emit_cpi! in a full log",
            "our event by a call of ourselves after the log was cut",
            &[(1, 0, -1)],
            &[ours().flood(12, 1_000).event(&tick(1)).build()],
        ),
        hand(
            "tag on an outer instruction",
            "a wallet sends the event tag and an event's bytes as an instruction",
            outer,
        ),
        hand(
            "tag from another program",
            "another program calls us with the event tag and an event's bytes",
            called,
        ),
    ]
}

/// Logs that a source did not record.
fn unread() -> Vec<Case> {
    let mut none = run(&[ours().data(&[&tick(1)]).build()]);
    none.logs = None;
    let mut empty = run(&[ours().data(&[&tick(1)]).build()]);
    empty.instructions.clear();
    empty.logs = Some(Vec::new());
    vec![
        Case {
            name: "log not recorded",
            what: "the source kept no log (`log_messages_none`): unknown, not empty",
            executed: false,
            right: Right {
                unknown: true,
                ..Right::default()
            },
            tx: none,
        },
        Case {
            name: "log empty",
            what: "a log without lines: nothing happened",
            executed: false,
            right: Right::default(),
            tx: empty,
        },
    ]
}
