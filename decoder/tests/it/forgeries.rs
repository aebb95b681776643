//! Attacks on the log and on inner instructions, one test each: what other parsers were seen to accept or to
//! lose. Logs are written as the runtime writes them; the same on logs of a real runtime stand with localnet.

use crate::support::build::{data_line, failed, group, invoke, ix, success, tx};
use crate::support::victim::{
    AUTHORITY, ED25519, O, OTHER, V, VICTIM, accepted, call, decode, inner, keys, log, run, tagged,
    tick, victim_logs,
};

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
        // No id of 32 bytes: not the runtime's words.
        format!("Program {} success", &other[1..]),
        "Program x failed: y".into(),
        "Program z invoke [9]".into(),
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
    let logs = |outer: &[u8; 32]| {
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
