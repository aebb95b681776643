//! The vectors that every implementation passes. Their results were computed by the program in docs/reputation.md.
#![allow(clippy::expect_used, clippy::panic)] // clippy.toml spares only #[test] functions, not their helpers

use hypernode_score::{
    BadKind, Entry, Event, Evidence, FeeAccounts, Key, Sums, Totals, What, constants::VERSION,
    judge, score,
};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors.json")).expect("vectors are JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// Numbers that JSON cannot hold everywhere are strings.
fn unsigned(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.parse().expect("a number"),
        other => other.as_u64().expect("a number"),
    }
}

fn signed(value: &Value) -> i64 {
    value.as_i64().expect("a number")
}

/// Keys are numbers as strings; "0" is the absent one.
fn key(value: &Value) -> Key {
    let number = value
        .as_str()
        .expect("a key")
        .parse()
        .expect("a small number");
    [number; 32]
}

fn checked(good: &Value, bad: &Value, expected: &Value) {
    let evidence = Totals {
        good: unsigned(good),
        bad: unsigned(bad),
    };
    assert_eq!(
        u64::from(score(evidence).value),
        unsigned(expected),
        "{evidence:?}"
    );
}

#[test]
fn sums_and_scores() {
    let vectors = vectors();
    assert_eq!(unsigned(&vectors["version"]), u64::from(VERSION));
    for case in list(&vectors["sums"]) {
        let mut sums = Sums::new(signed(&case["today"]));
        for entry in list(&case["entries"]) {
            sums.add(&Entry {
                requester: key(&entry[0]),
                day: signed(&entry[1]),
                good: unsigned(&entry[2]),
                bad: unsigned(&entry[3]),
            });
        }
        let expected = Totals {
            good: unsigned(&case["good"]),
            bad: unsigned(&case["bad"]),
        };
        assert_eq!(sums.totals(), expected, "{}", case["name"]);
        checked(&case["good"], &case["bad"], &case["score"]);
    }
    for case in list(&vectors["scores"]) {
        checked(&case[0], &case[1], &case[2]);
    }
}

fn event(value: &Value) -> Event {
    let what = match value[0].as_str().expect("a kind") {
        "created" => What::Created {
            requester: key(&value[3]),
            price: unsigned(&value[4]),
        },
        "assigned" => What::Assigned {
            node: key(&value[3]),
            operator: key(&value[4]),
            authority: key(&value[5]),
        },
        "completed" => What::Completed {
            operator: key(&value[3]),
        },
        "failed" => What::Failed {
            node: key(&value[3]),
        },
        "cancelled" => What::Cancelled,
        "settled" => What::Settled {
            treasury: key(&value[3]),
            incentive: key(&value[4]),
            treasury_amount: unsigned(&value[5]),
            incentive_amount: unsigned(&value[6]),
        },
        other => panic!("{other}"),
    };
    Event {
        slot: unsigned(&value[1]),
        time: signed(&value[2]),
        what,
    }
}

/// Node, requester, day and units of evidence, as the vectors write them.
type Said = (Key, Key, i64, u64);

const fn said(of: &Evidence) -> Said {
    (of.node, of.requester, of.day, of.units)
}

/// Node, requester, day and units as the vectors write them, or null.
fn evidence(value: &[Value]) -> Option<Said> {
    let [node, requester, day, units] = value else {
        return None;
    };
    Some((key(node), key(requester), signed(day), unsigned(units)))
}

#[test]
fn jobs() {
    let vectors = vectors();
    let accounts: Vec<FeeAccounts> = list(&vectors["jobs"]["accounts"])
        .iter()
        .map(|account| FeeAccounts {
            first_slot: unsigned(&account[0]),
            last_slot: unsigned(&account[1]),
            treasury: key(&account[2]),
            incentive: key(&account[3]),
        })
        .collect();
    let cases = list(&vectors["jobs"]["cases"]);
    assert!(cases.len() > 100);
    for case in cases {
        let history: Vec<Event> = list(&case[0]).iter().map(event).collect();
        let verdict = judge(&history, &accounts, signed(&case[1]));
        let good = case[2].as_array().and_then(|value| evidence(value));
        let bad = case[3].as_array().and_then(|value| {
            let kind = match value[0].as_str()? {
                "failed" => BadKind::Failed,
                _ => BadKind::Expired,
            };
            Some((kind, evidence(&value[1..])?))
        });
        let told = (
            verdict.good.ok().as_ref().map(said),
            verdict
                .bad
                .ok()
                .map(|(kind, evidence)| (kind, said(&evidence))),
        );
        assert_eq!(told, (good, bad), "{case}");
    }
}
