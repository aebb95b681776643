//! Hypernode's decoder, through its public interface.

use std::cell::RefCell;

use hypernode_decoder::chain::{Block, Pubkey};
use hypernode_decoder::{
    Decoder, Keep, Observer, Outcome, ProgramConfig, Record, Rows, TxOutcome, idl,
};
use hypernode_schemas::canonical::{self, CanonicalMap};

use super::{Answer, Claim, Parser, Undone};
use crate::input::{Input, cases, key};

/// A decoder of these programs: label, address, IDL.
pub fn decoder(programs: &[(&str, Pubkey, &[u8])]) -> Decoder {
    let programs = programs.iter().map(|(label, id, json)| {
        ProgramConfig::new(*label, *id, idl::parse(label, label, json).expect("IDL"))
    });
    let map = CanonicalMap {
        version: canonical::VERSION,
        maps: Vec::new(),
    };
    Decoder::new(programs.collect(), &map, Keep::Matching).expect("decoder")
}

pub struct Ours {
    decoder: Decoder,
    rows: RefCell<Rows>,
}

impl Ours {
    pub fn new() -> Self {
        let decoder = decoder(&[("victim", key(cases::OURS), cases::IDL.as_bytes())]);
        Self {
            rows: RefCell::new(Rows::new(&decoder)),
            decoder,
        }
    }
}

impl Observer for Answer {
    fn record(&mut self, record: &Record<'_>) {
        if let Outcome::Decoded { .. } = record.outcome {
            self.claims.push(Claim {
                seq: u64::from_le_bytes(record.data[8..16].try_into().expect("seq")),
                outer: Some(record.outer_ix),
                // Rows of failed transactions go to tables of their own.
                undone: if record.tx.err.is_some() {
                    Undone::Yes
                } else {
                    Undone::No
                },
            });
        }
    }

    fn transaction(&mut self, outcome: &TxOutcome<'_>) {
        self.cut = outcome.log_truncated;
        self.unknown = outcome.logs_missing;
    }
}

impl Parser for Ours {
    fn name(&self) -> &'static str {
        "hypernode-decoder"
    }

    fn answer(&self, input: &Input) -> Result<Answer, String> {
        let mut answer = Answer::default();
        let block = Block {
            transactions: vec![input.tx.clone()],
            ..Block::default()
        };
        let mut rows = self.rows.borrow_mut();
        rows.clear();
        self.decoder.decode_block(&block, &mut rows, &mut answer);
        Ok(answer)
    }
}
