//! The decoder's answer to a case.

use hypernode_decoder::{
    Decoder, Keep, Observer, Outcome, ProgramConfig, Record, Rows, TxOutcome, chain, idl,
};
use hypernode_schemas::canonical;

use crate::book::Case;
use crate::machine::OURS;

/// What it said.
#[derive(Default)]
pub(crate) struct Seen {
    /// Number, outer and inner instruction; whether as of a failed transaction.
    pub(crate) events: Vec<((u64, u16, i32), bool)>,
    pub(crate) truncated: bool,
    pub(crate) missing: bool,
}

impl Observer for Seen {
    fn record(&mut self, record: &Record<'_>) {
        if let Outcome::Decoded { .. } = record.outcome {
            let seq = u64::from_le_bytes(record.data[8..16].try_into().expect("seq"));
            let place = (seq, record.outer_ix, record.inner_ix);
            self.events.push((place, record.tx.err.is_some()));
        }
    }

    fn transaction(&mut self, outcome: &TxOutcome<'_>) {
        self.truncated = outcome.log_truncated;
        self.missing = outcome.logs_missing;
    }
}

pub(crate) fn judge(case: &Case) -> Seen {
    let idl = include_str!("../../../peers/victim.idl.json");
    let idl = idl::parse("victim", "victim.idl.json", idl.as_bytes()).expect("IDL");
    let program = ProgramConfig::new("victim", OURS.to_bytes(), idl);
    let map = canonical::CanonicalMap {
        version: canonical::VERSION,
        maps: Vec::new(),
    };
    let decoder = Decoder::new(vec![program], &map, Keep::All).expect("decoder");
    let block = chain::Block {
        transactions: vec![case.tx.clone()],
        ..chain::Block::default()
    };
    let mut seen = Seen::default();
    decoder.decode_block(&block, &mut Rows::new(&decoder), &mut seen);
    seen
}
