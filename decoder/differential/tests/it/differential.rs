//! Events, instructions and accounts of every IDL.

use std::collections::HashMap;

use hypernode_decoder_differential::files;
use hypernode_decoder_differential::value::Value;
use hypernode_schemas::table::{ACCOUNT_IDENTITY, IDENTITY};

use crate::case::Case;
use crate::compare::{Got, Shape, Summary};
use crate::{decoders, glue};

fn by_name(cases: Vec<Case>) -> HashMap<(&'static str, &'static str), Case> {
    cases
        .into_iter()
        .map(|c| ((c.program, c.name), c))
        .collect()
}

fn names(columns: &[(&'static str, &'static str)]) -> Vec<&'static str> {
    columns.iter().map(|(name, _)| *name).collect()
}

#[test]
fn events_are_what_anchors_types_say() {
    let (seed, count) = files::committed().expect("SEED");
    let (idls, taken) = (files::idls(seed, count), names(&IDENTITY));
    let (mut summary, mut cases) = (Summary::default(), by_name(glue::events()));
    for (number, idl) in idls.iter().enumerate() {
        let decoder = decoders::decoder(idl);
        for event in &idl.events {
            let name = idl.types[event.layout].name.as_str();
            let case = cases.remove(&(idl.name.as_str(), name)).expect("case");
            assert_eq!(case.discriminator, event.discriminator);
            let shape = Shape::of(idl, event.layout);
            let bodies = summary.bodies(idl, &shape, number);
            let records: Vec<Vec<u8>> = bodies
                .iter()
                .map(|b| [case.discriminator, b].concat())
                .collect();
            let decoded = decoders::logged(&decoder, &idl.address, &records);
            let table = decoded
                .table(&format!("ev_{}_{name}", idl.name))
                .expect("rows");
            let value = |row| shape.row(idl, &table, row, &taken);
            summary.compare(&case, &bodies, &decoded.outcomes, &value);
        }
    }
    assert!(cases.is_empty(), "types without an IDL: {:?}", cases.keys());
    summary.finish("events", count);
}

#[test]
fn accounts_are_what_anchors_types_say() {
    let (seed, count) = files::committed().expect("SEED");
    let (idls, taken) = (files::idls(seed, count), names(&ACCOUNT_IDENTITY));
    let (mut summary, mut cases) = (Summary::default(), by_name(glue::accounts()));
    for (number, idl) in idls.iter().enumerate() {
        let decoder = decoders::account_decoder(idl);
        for account in &idl.accounts {
            let name = idl.types[account.layout].name.as_str();
            let case = cases.remove(&(idl.name.as_str(), name)).expect("case");
            assert_eq!(case.discriminator, account.discriminator);
            let shape = Shape::of(idl, account.layout);
            let bodies = summary.bodies(idl, &shape, number);
            let records: Vec<Vec<u8>> = bodies
                .iter()
                .map(|b| [case.discriminator, b].concat())
                .collect();
            let decoded = decoders::accounts(&decoder, &idl.address, &records);
            let table = decoded
                .table(&format!("acc_{}_{name}", idl.name))
                .expect("rows");
            let value = |row| shape.row(idl, &table, row, &taken);
            summary.compare(&case, &bodies, &decoded.outcomes, &value);
        }
    }
    assert!(cases.is_empty(), "types without an IDL: {:?}", cases.keys());
    summary.finish("accounts", count);
}

#[test]
fn instructions_are_what_anchors_types_say() {
    let (seed, count) = files::committed().expect("SEED");
    let idls = files::idls(seed, count);
    let mut taken = names(&IDENTITY);
    taken.extend(["result", "depth", "accounts", "remaining_accounts"]);
    let (mut summary, mut cases) = (Summary::default(), by_name(glue::instructions()));
    for (number, idl) in idls.iter().enumerate() {
        let decoder = decoders::decoder(idl);
        for call in &idl.instructions {
            let name = call.name.as_str();
            let case = cases.remove(&(idl.name.as_str(), name)).expect("case");
            assert_eq!(case.discriminator, call.discriminator);
            let shape = Shape::Fields(call.args.clone());
            let bodies = summary.bodies(idl, &shape, number);
            let records: Vec<Vec<u8>> = bodies
                .iter()
                .map(|b| [case.discriminator, b].concat())
                .collect();
            let decoded = decoders::called(&decoder, &idl.address, &records);
            let table = decoded
                .table(&format!("ix_{}_{name}", idl.name))
                .expect("rows");
            let value = |row| shape.row(idl, &table, row, &taken);
            summary.compare(&case, &bodies, &decoded.outcomes, &value);
        }
    }
    assert!(cases.is_empty(), "types without an IDL: {:?}", cases.keys());
    summary.finish("instructions", count);
}

/// The comparison itself can fail: a dead letter too many, and another value, are noticed.
#[test]
fn a_wrong_value_is_a_difference() {
    let (seed, _) = files::committed().expect("SEED");
    let idl = &files::idls(seed, 1)[0];
    let case = glue::events().remove(0);
    let shape = Shape::of(idl, idl.events[0].layout);
    let mut summary = Summary::default();
    let bodies = summary.bodies(idl, &shape, 0);
    let refused = vec![Got::Refused; bodies.len()];
    summary.compare(&case, &bodies, &refused, &|_| panic!("no rows"));
    assert!(summary.differences.len() >= summary.values);
    let taken = |b: &Vec<u8>| (case.read)(b).map_or(Got::Refused, |r| Got::Row(Some(r.rest)));
    let taken: Vec<Got> = bodies.iter().map(taken).collect();
    summary.differences.clear();
    summary.compare(&case, &bodies, &taken, &|_| Value::Text(b"wrong".to_vec()));
    assert!(summary.differences.len() >= summary.values);
}
