//! Attacks on the log and on inner instructions, one test each: what other parsers were seen to accept or to
//! lose. Logs are written as the runtime writes them; the same on logs of a real runtime stand with localnet.

use hypernode_decoder::chain::{InnerGroup, Instruction, Pubkey, Transaction};
use hypernode_decoder::{
    Decoder, Keep, Observer, Outcome, ProgramConfig, Record, Rows, TxOutcome, idl,
};

use crate::support::build::{block_of, data_line, failed, group, invoke, ix, success, tx};
use crate::support::native::{self, V as Value};
use crate::support::no_map;

const IDL: &str = r#"{
 "metadata": { "name": "victim", "version": "0.1.0", "spec": "0.1.0" },
 "instructions": [{ "name": "tick", "discriminator": [1, 1, 1, 1, 1, 1, 1, 1], "accounts": [], "args": [] }],
 "events": [{ "name": "Tick", "discriminator": [64, 130, 163, 177, 52, 156, 114, 131] }],
 "types": [{ "name": "Tick", "type": { "kind": "struct", "fields": [
   { "name": "seq", "type": "u64" }, { "name": "note", "type": "string" }] } }]
}"#;

const PAYER: Pubkey = [1; 32];
const VICTIM: Pubkey = [2; 32];
const OTHER: Pubkey = [3; 32];
/// Positions of the keys in every transaction here.
const V: u8 = 1;
const O: u8 = 2;
const AUTHORITY: u8 = 3;
const ED25519: u8 = 4;

const TAG: [u8; 8] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

fn keys() -> Vec<Pubkey> {
    let victim = solana_sdk::pubkey::Pubkey::new_from_array(VICTIM);
    let (authority, _) =
        solana_sdk::pubkey::Pubkey::find_program_address(&[b"__event_authority"], &victim);
    let ed25519 = solana_sdk::pubkey!("Ed25519SigVerify111111111111111111111111111");
    vec![
        PAYER,
        VICTIM,
        OTHER,
        authority.to_bytes(),
        ed25519.to_bytes(),
    ]
}

fn victim() -> Decoder {
    let program = ProgramConfig {
        label: "victim".into(),
        program_id: VICTIM,
        idl: idl::parse("victim", "victim.json", IDL.as_bytes()).expect("IDL"),
    };
    Decoder::new(vec![program], &no_map(), Keep::Matching).expect("decoder")
}

fn tick(seq: u64) -> Vec<u8> {
    let mut bytes = vec![64, 130, 163, 177, 52, 156, 114, 131];
    bytes.extend(seq.to_le_bytes());
    bytes.extend([2, 0, 0, 0]);
    bytes.extend(b"ok");
    bytes
}

fn tagged(seq: u64) -> Vec<u8> {
    [TAG.as_slice(), &tick(seq)].concat()
}

/// What became of a transaction.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// Sequence number, outer, inner, ordinal of accepted events, in execution order.
    events: Vec<(u64, u16, i32, u32)>,
    dead: usize,
    suspects: usize,
    truncated: bool,
    mismatch: bool,
    missing: bool,
    /// Reasons in `dead_letters`.
    reasons: Vec<String>,
}

impl Observer for Seen {
    fn record(&mut self, record: &Record<'_>) {
        match record.outcome {
            Outcome::Decoded { .. } => {
                let seq = u64::from_le_bytes(record.data[8..16].try_into().expect("seq"));
                self.events
                    .push((seq, record.outer_ix, record.inner_ix, record.ordinal));
            }
            Outcome::DeadLetter => self.dead += 1,
            Outcome::Suspect => self.suspects += 1,
            Outcome::Unconfigured => panic!("not asked for"),
        }
    }

    fn transaction(&mut self, outcome: &TxOutcome<'_>) {
        self.truncated = outcome.log_truncated;
        self.mismatch = outcome.log_mismatch;
        self.missing = outcome.logs_missing;
    }
}

fn decode(tx: Transaction) -> Seen {
    let decoder = victim();
    let mut rows = Rows::new(&decoder);
    let mut seen = Seen::default();
    let (events, success) = (&mut 0, tx.err.is_none());
    decoder.decode_block(&block_of(tx), &mut rows, &mut seen);
    for table in rows.finish() {
        let block = native::read(&table.native);
        match table.table.as_str() {
            "dead_letters" => {
                let text = |v: &Value| match v {
                    Value::Text(t) => String::from_utf8_lossy(t).into_owned(),
                    other => panic!("{other:?}"),
                };
                seen.reasons = block["reason"].1.iter().map(text).collect();
            }
            "ev_victim_Tick" | "ev_victim_Tick_failed" => {
                assert_eq!(table.table == "ev_victim_Tick", success);
                *events += table.rows;
            }
            _ => {}
        }
    }
    assert_eq!(*events as usize, seen.events.len());
    seen
}

fn run(instructions: Vec<Instruction>, inner: Vec<InnerGroup>, logs: &[String]) -> Seen {
    let mut tx = tx(&keys(), instructions, logs);
    tx.inner = Some(inner);
    decode(tx)
}

fn call(program: u8) -> Instruction {
    ix(program, &[0], &[1; 8], None)
}

fn inner(program: u8, height: u32) -> Instruction {
    ix(program, &[0], &[1; 8], Some(height))
}

fn log(text: &str) -> String {
    format!("Program log: {text}")
}

/// One frame of the victim around these lines.
fn victim_logs(lines: Vec<String>) -> Seen {
    let mut logs = vec![invoke(&VICTIM, 1)];
    logs.extend(lines);
    logs.push(success(&VICTIM));
    run(vec![call(V)], vec![], &logs)
}

fn accepted(seen: &Seen) -> Vec<u64> {
    seen.events.iter().map(|e| e.0).collect()
}

#[test]
fn an_event_is_credited_to_its_instruction() {
    let seen = victim_logs(vec![data_line(&[&tick(1)]), data_line(&[&tick(2)])]);
    assert_eq!(seen.events, [(1, 0, -1, 0), (2, 0, -1, 1)]);
    assert!(!seen.mismatch && !seen.truncated && !seen.missing);
}

#[test]
fn an_event_behind_a_cut_log_is_a_suspect_never_an_event() {
    // The attacker filled the log: the victim's exit and the attacker's invoke are gone, the forged line fits.
    let logs = [
        invoke(&VICTIM, 1),
        data_line(&[&tick(1)]),
        "Log truncated".into(),
        data_line(&[&tick(666)]),
        data_line(&[&[0; 100]]),
    ];
    let seen = run(vec![call(V), call(O)], vec![], &logs);
    assert_eq!(accepted(&seen), [1]);
    assert_eq!(
        (seen.suspects, seen.reasons.as_slice()),
        (1, ["after_truncation".to_owned()].as_slice())
    );
    assert!(seen.truncated && !seen.mismatch);
}

#[test]
fn exact_lines_behind_the_cut_change_nothing() {
    let logs = [
        invoke(&OTHER, 1),
        "Log truncated".into(),
        success(&OTHER),
        invoke(&VICTIM, 1),
        data_line(&[&tick(666)]),
        success(&VICTIM),
    ];
    let seen = run(vec![call(O), call(V)], vec![], &logs);
    assert_eq!((accepted(&seen), seen.suspects), (vec![], 1));
}

#[test]
fn text_that_is_or_ends_in_an_event_is_text() {
    let line = data_line(&[&tick(666)]);
    let base64 = line.trim_start_matches("Program data: ");
    let seen = victim_logs(vec![
        log(base64),
        log(&format!("see {base64}")),
        log(&line),
        log(&format!("x\n{line}")),
        base64.to_owned(),
        format!("{line}\n"),
    ]);
    assert_eq!(accepted(&seen), Vec::<u64>::new());
    // A line feed inside the data line makes it no base64: of the victim, kept, but no event.
    assert_eq!(seen.reasons, ["bad_base64"]);
    assert!(!seen.mismatch);
}

#[test]
fn text_that_imitates_frames_moves_nothing() {
    let other = bs58::encode(OTHER).into_string();
    let seen = victim_logs(vec![
        log("transfer failed"),
        log("invoke [2]"),
        log("success"),
        log(&success(&VICTIM)),
        log(&invoke(&OTHER, 2)),
        log(&format!(
            "x\nProgram {other} invoke [2]\n{}",
            data_line(&[&tick(666)])
        )),
        log("Log truncated"),
        data_line(&[&tick(1)]),
    ]);
    assert_eq!(accepted(&seen), [1]);
    assert!(!seen.mismatch && !seen.truncated);
}

#[test]
fn one_bad_event_does_not_lose_its_neighbours() {
    let seen = victim_logs(vec![
        data_line(&[&tick(1)]),
        data_line(&[&tick(2)[..12]]),
        data_line(&[b"unknown discriminator"]),
        data_line(&[b"abc"]),
        data_line(&[]),
        "Program data: !!!!".into(),
        data_line(&[&tick(3)]),
    ]);
    assert_eq!(seen.events, [(1, 0, -1, 0), (3, 0, -1, 6)]);
    assert_eq!(
        seen.reasons,
        [
            "decode",
            "unknown_discriminator",
            "short",
            "short",
            "bad_base64"
        ]
    );
}

#[test]
fn segments_of_one_record_are_joined() {
    let bytes = tick(1);
    let seen = victim_logs(vec![data_line(&[
        &bytes[..8],
        &bytes[8..11],
        &[],
        &bytes[11..],
    ])]);
    assert_eq!(accepted(&seen), [1]);
}

#[test]
fn data_of_a_called_program_is_not_the_callers() {
    let logs = [
        invoke(&VICTIM, 1),
        invoke(&OTHER, 2),
        data_line(&[&tick(666)]),
        log(&invoke(&VICTIM, 1)),
        success(&OTHER),
        data_line(&[&tick(1)]),
        success(&VICTIM),
    ];
    let seen = run(vec![call(V)], vec![group(0, vec![inner(O, 2)])], &logs);
    assert_eq!(seen.events, [(1, 0, -1, 0)]);
    assert_eq!((seen.dead, seen.mismatch), (0, false));
}

#[test]
fn two_instructions_and_a_cpi_each_keep_their_path() {
    let logs = [
        invoke(&VICTIM, 1),
        data_line(&[&tick(1)]),
        success(&VICTIM),
        invoke(&OTHER, 1),
        invoke(&VICTIM, 2),
        data_line(&[&tick(2)]),
        success(&VICTIM),
        invoke(&VICTIM, 2),
        data_line(&[&tick(3)]),
        success(&VICTIM),
        success(&OTHER),
        invoke(&VICTIM, 1),
        data_line(&[&tick(4)]),
        success(&VICTIM),
    ];
    let seen = run(
        vec![call(V), call(O), call(V)],
        vec![group(1, vec![inner(V, 2), inner(V, 2)])],
        &logs,
    );
    assert_eq!(
        seen.events,
        [(1, 0, -1, 0), (2, 1, 0, 0), (3, 1, 1, 0), (4, 2, -1, 0)]
    );
    assert!(!seen.mismatch);
}

#[test]
fn events_of_a_failed_transaction_are_kept_apart() {
    let logs = [invoke(&VICTIM, 1), data_line(&[&tick(1)]), failed(&VICTIM)];
    let mut tx = tx(&keys(), vec![call(V), call(O)], &logs);
    tx.err = Some(vec![8, 0, 0, 0]);
    let seen = decode(tx);
    assert_eq!((accepted(&seen), seen.mismatch), (vec![1], false));
}

#[test]
fn nine_levels_of_calls_are_followed() {
    let mut logs = vec![invoke(&OTHER, 1)];
    logs.extend((2..=9).map(|d| invoke(&VICTIM, d)));
    logs.push(data_line(&[&tick(9)]));
    logs.extend((2..=9).map(|_| success(&VICTIM)));
    logs.push(success(&OTHER));
    let tree = (2..=9).map(|height| inner(V, height)).collect();
    let seen = run(vec![call(O)], vec![group(0, tree)], &logs);
    assert_eq!(
        (seen.events.as_slice(), seen.mismatch),
        ([(9, 0, 7, 0)].as_slice(), false)
    );
}

#[test]
fn signature_checks_have_no_log_lines() {
    let logs = [invoke(&VICTIM, 1), data_line(&[&tick(1)]), success(&VICTIM)];
    let seen = run(vec![call(ED25519), call(V), call(ED25519)], vec![], &logs);
    assert_eq!(
        (seen.events.as_slice(), seen.mismatch),
        ([(1, 1, -1, 0)].as_slice(), false)
    );
}

#[test]
fn a_refused_call_is_in_the_tree_but_not_in_the_log() {
    let logs = [invoke(&VICTIM, 1), data_line(&[&tick(1)]), failed(&VICTIM)];
    let mut refused = tx(&keys(), vec![call(V), call(V)], &logs);
    refused.inner = Some(vec![group(0, vec![inner(O, 2)])]);
    // Without an error the call must have run: then its lines are missing.
    assert!(decode(refused.clone()).mismatch);
    refused.err = Some(vec![1]);
    let seen = decode(refused);
    assert_eq!((accepted(&seen), seen.mismatch), (vec![1], false));
}

#[test]
fn a_log_that_leaves_the_tree_is_not_believed_from_there() {
    let lines = |odd: String| {
        vec![
            invoke(&VICTIM, 1),
            data_line(&[&tick(1)]),
            odd,
            data_line(&[&tick(666)]),
            success(&VICTIM),
        ]
    };
    for odd in [
        invoke(&OTHER, 2),  // not in the tree
        invoke(&VICTIM, 3), // skips a level
        invoke(&VICTIM, 1), // is not below its caller
        success(&OTHER),    // ends a frame that is not open
        "Program 11111111111111111111111111111111 success".into(),
    ] {
        let seen = run(vec![call(V), call(V)], vec![], &lines(odd.clone()));
        assert_eq!(
            (accepted(&seen), seen.suspects, seen.mismatch),
            (vec![1], 1, true),
            "{odd}"
        );
        assert_eq!(seen.reasons, ["log_mismatch"]);
    }
}

#[test]
fn data_outside_any_frame_is_nobodys() {
    let logs = [
        data_line(&[&tick(666)]),
        invoke(&VICTIM, 1),
        success(&VICTIM),
    ];
    let seen = run(vec![call(V)], vec![], &logs);
    assert_eq!(
        (accepted(&seen), seen.suspects, seen.mismatch),
        (vec![], 1, true)
    );
}

#[test]
fn lines_that_are_missing_are_noticed() {
    for logs in [
        vec![invoke(&VICTIM, 1), data_line(&[&tick(1)])],
        vec![invoke(&VICTIM, 1), data_line(&[&tick(1)]), success(&VICTIM)],
    ] {
        let seen = run(vec![call(V), call(V)], vec![], &logs);
        assert_eq!((accepted(&seen), seen.mismatch), (vec![1], true));
    }
}

#[test]
fn logs_that_were_not_recorded_are_unknown_not_empty() {
    let mut unknown = tx(&keys(), vec![call(V)], &[]);
    unknown.logs = None;
    unknown.inner = Some(vec![group(
        0,
        vec![ix(V, &[AUTHORITY], &tagged(1), Some(2))],
    )]);
    let seen = decode(unknown);
    assert_eq!(seen.events, [(1, 0, -1, 0)]);
    assert!(seen.missing && !seen.mismatch);
}

#[test]
fn an_event_by_self_call_stands_in_execution_order() {
    let logs = [
        invoke(&OTHER, 1),
        invoke(&VICTIM, 2),
        data_line(&[&tick(1)]),
        invoke(&VICTIM, 3),
        success(&VICTIM),
        data_line(&[&tick(3)]),
        success(&VICTIM),
        success(&OTHER),
    ];
    let tree = vec![inner(V, 2), ix(V, &[AUTHORITY], &tagged(2), Some(3))];
    let seen = run(vec![call(O)], vec![group(0, tree)], &logs);
    assert_eq!(seen.events, [(1, 0, 0, 0), (2, 0, 0, 1), (3, 0, 0, 2)]);
    assert!(!seen.mismatch);
}

#[test]
fn a_cut_log_does_not_touch_self_call_events() {
    let logs = [invoke(&VICTIM, 1), "Log truncated".into()];
    let tree = vec![
        ix(V, &[AUTHORITY], &tagged(1), Some(2)),
        ix(V, &[AUTHORITY], &tagged(2), Some(2)),
    ];
    let seen = run(vec![call(V)], vec![group(0, tree)], &logs);
    assert_eq!(accepted(&seen), [1, 2]);
}

#[test]
fn the_event_tag_from_anyone_else_is_no_event() {
    let logs = |outer: &Pubkey| {
        vec![
            invoke(outer, 1),
            invoke(&VICTIM, 2),
            success(&VICTIM),
            success(outer),
        ]
    };
    // Sent by another program, even with the authority's address.
    let seen = run(
        vec![call(O)],
        vec![group(0, vec![ix(V, &[AUTHORITY], &tagged(666), Some(2))])],
        &logs(&OTHER),
    );
    assert_eq!((accepted(&seen), seen.dead + seen.suspects), (vec![], 0));
    // Sent as an outer instruction.
    let seen = run(
        vec![ix(V, &[AUTHORITY], &tagged(666), None)],
        vec![],
        &[invoke(&VICTIM, 1), success(&VICTIM)],
    );
    assert_eq!((accepted(&seen), seen.dead + seen.suspects), (vec![], 0));
    // A program that can be made to call itself with any data, but not to sign as its event authority.
    for accounts in [vec![], vec![0], vec![AUTHORITY, 0], vec![200]] {
        let seen = run(
            vec![call(V)],
            vec![group(0, vec![ix(V, &accounts, &tagged(666), Some(2))])],
            &logs(&VICTIM),
        );
        assert_eq!(
            (accepted(&seen), seen.reasons.as_slice()),
            (vec![], ["event_authority".to_owned()].as_slice())
        );
    }
}

#[test]
fn a_missing_stack_height_is_flagged_and_taken_as_two() {
    let logs = [
        invoke(&OTHER, 1),
        invoke(&VICTIM, 2),
        data_line(&[&tick(1)]),
        success(&VICTIM),
        success(&OTHER),
    ];
    let seen = run(
        vec![call(O)],
        vec![group(0, vec![ix(V, &[0], &[], None)])],
        &logs,
    );
    assert_eq!(
        (seen.events.as_slice(), seen.mismatch),
        ([(1, 0, 0, 0)].as_slice(), true)
    );
}

#[test]
fn inner_instructions_that_were_not_recorded_leave_the_logs_path() {
    let logs = [
        invoke(&OTHER, 1),
        invoke(&VICTIM, 2),
        success(&VICTIM),
        invoke(&VICTIM, 2),
        data_line(&[&tick(1)]),
        success(&VICTIM),
        success(&OTHER),
    ];
    let mut unknown = tx(&keys(), vec![call(O)], &logs);
    unknown.inner = None;
    let seen = decode(unknown);
    assert_eq!(
        (seen.events.as_slice(), seen.mismatch),
        ([(1, 0, 1, 0)].as_slice(), true)
    );
}
