//! E1: the recorded block's logs, from lines to (program, place, bytes) of every `Program data:` record.

use std::hint::black_box;

use hypernode_decoder::chain::Block;
use hypernode_decoder::{Observer, Record, Rows, Via};
use sologger_log_context::programs_selector::ProgramsSelector;
use sologger_log_context::sologger_log_context::LogContext;
use yellowstone_vixen_core::instruction::InstructionUpdate;

use super::Contender;
use super::types::Any;
use crate::input::Input;
use crate::parsers::{anchor, carbon, ours, vixen};

/// The program for which anchor-client makes its one pass: the one with most records in the block's logs.
const ONE_PROGRAM: &str = "ZETAxsqBRek56DhiGXrn75yj2NHU3aYUnxvHXpkf3aD";

/// Counts what a scan finds, and looks at all of it.
#[derive(Default)]
struct Sink {
    log: usize,
    mixed: usize,
}

impl Observer for Sink {
    fn wants_all(&self) -> bool {
        true
    }

    fn record(&mut self, record: &Record<'_>) {
        if record.via == Via::Log {
            self.log += 1;
        }
        let place = usize::from(record.outer_ix) ^ record.inner_ix as usize;
        self.mixed ^= black_box(record.data.len()) ^ place ^ usize::from(record.program[0]);
    }
}

/// The contenders, ours first. Everything a parser needs is made ready outside the measured passes.
pub fn contenders(inputs: &[Input]) -> Vec<Contender<'_>> {
    let contender = |name: &str, note: String, pass| Contender {
        name: name.into(),
        note,
        units: inputs.len(),
        pass,
    };
    vec![
        contender(
            "hypernode-decoder",
            "strict: log in lockstep with the instruction tree; it finds the CPI events of all programs too"
                .into(),
            strict(inputs),
        ),
        contender(
            "carbon-core `decode_log_events`",
            "called on each instruction, as its pipeline does; the tree is made ready outside".into(),
            by_instruction(inputs),
        ),
        contender("sologger `parse_logs`", "all programs; base64 by us".into(), contexts(inputs)),
        contender(
            "yellowstone-vixen-core `build_from_txn`",
            "instruction tree, then `direct_log_messages`; base64 by us".into(),
            trees(inputs),
        ),
        contender(
            "anchor-client loop",
            format!("a pass finds one program's records (here {}…); each further program is a pass more", &ONE_PROGRAM[..6]),
            Box::new(|| {
                let found = inputs.iter().map(|input| {
                    let events = anchor::events::<Any>(ONE_PROGRAM, input.lines());
                    events.map_or(0, |events| black_box(events).len())
                });
                found.sum()
            }),
        ),
    ]
}

type Pass = Box<dyn FnMut() -> usize>;

fn strict(inputs: &[Input]) -> Pass {
    let transactions = inputs.iter().map(|i| i.tx.clone()).collect();
    let block = Block {
        transactions,
        ..Block::default()
    };
    let decoder = ours::decoder(&[]);
    let mut rows = Rows::new(&decoder);
    Box::new(move || {
        let mut sink = Sink::default();
        decoder.decode_block(&block, &mut rows, &mut sink);
        rows.clear();
        black_box(sink.mixed);
        sink.log
    })
}

fn by_instruction(inputs: &[Input]) -> Pass {
    let instructions: Vec<_> = inputs.iter().flat_map(carbon::instructions).collect();
    Box::new(move || {
        let found = instructions
            .iter()
            .map(|(ix, _)| black_box(ix.decode_log_events::<Any>()).len());
        found.sum()
    })
}

fn contexts(inputs: &[Input]) -> Pass {
    let all = ProgramsSelector::new_all_programs();
    let lines: Vec<Vec<String>> = inputs.iter().map(|i| i.lines().to_vec()).collect();
    Box::new(move || {
        let mut found = 0;
        for lines in &lines {
            let contexts = LogContext::parse_logs(lines, String::new(), &all, 1, String::new());
            for data in contexts.iter().flat_map(|c| &c.data_logs) {
                found += usize::from(black_box(base64_simd::STANDARD.decode_to_vec(data)).is_ok());
            }
        }
        found
    })
}

fn trees(inputs: &[Input]) -> Pass {
    let updates: Vec<_> = inputs.iter().map(vixen::update).collect();
    Box::new(move || {
        let mut found = 0;
        for update in &updates {
            let Ok(outer) = InstructionUpdate::build_from_txn(update) else {
                continue;
            };
            for ix in outer.iter().flat_map(InstructionUpdate::visit_all) {
                for line in ix.direct_log_messages() {
                    let Some(text) = line.strip_prefix("Program data: ") else {
                        continue;
                    };
                    let bytes = black_box(base64_simd::STANDARD.decode_to_vec(text));
                    found += usize::from(bytes.is_ok());
                }
            }
        }
        found
    })
}
