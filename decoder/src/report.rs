//! The JSON report of a decoded recording.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::build::base58;
use crate::chain::{Block, Pubkey};
use crate::observe::{Observer, Outcome, Record, TxOutcome};
use crate::scan::Via;

/// Counts and hashes of everything decoded, independent of tables. Feed it to
/// [`crate::Decoder::decode_block`] as observer, block after block.
#[derive(Debug, Default)]
pub struct Report {
    first: Option<(u64, u64)>,
    last_slot: u64,
    slots: u64,
    transactions: u64,
    failed_transactions: u64,
    truncated: Vec<(u32, String)>,
    log_events: u64,
    cpi_events: u64,
    decoded: BTreeMap<Key, Group>,
}

/// Label, program, way, event, success.
type Key = (String, Pubkey, Via, String, bool);

#[derive(Debug, Default)]
struct Group {
    count: u64,
    bytes: Sha256,
}

impl Report {
    /// An empty report.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The report: `slot` and `parent_slot` for one slot, `first_slot`, `last_slot`, `slots` otherwise; totals
    /// over all programs, failed transactions included; `decoded` by label, event, way and success, with a
    /// hash over discriminator and borsh bytes in chain order.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut report = Map::new();
        match self.first {
            Some((slot, parent)) if self.slots == 1 => {
                report.insert("slot".into(), slot.into());
                report.insert("parent_slot".into(), parent.into());
            }
            first => {
                report.insert("first_slot".into(), first.map(|f| f.0).into());
                report.insert("last_slot".into(), first.map(|_| self.last_slot).into());
                report.insert("slots".into(), self.slots.into());
            }
        }
        let truncated: Vec<Value> = self
            .truncated
            .iter()
            .map(|(index, signature)| json!({"tx_index": index, "signature": signature}))
            .collect();
        let decoded: Vec<Value> = self
            .decoded
            .iter()
            .map(|(key, group)| group.to_json(key))
            .collect();
        for (name, value) in [
            ("transactions", self.transactions.into()),
            ("failed_transactions", self.failed_transactions.into()),
            ("truncated_logs", truncated.into()),
            (
                "event_records_all_programs",
                (self.log_events + self.cpi_events).into(),
            ),
            ("log_events_all_programs", self.log_events.into()),
            ("cpi_events_all_programs", self.cpi_events.into()),
            ("decoded", decoded.into()),
        ] {
            report.insert(name.into(), value);
        }
        Value::Object(report)
    }
}

impl Group {
    fn to_json(&self, (label, program, via, event, success): &Key) -> Value {
        let hash = self.bytes.clone().finalize();
        json!({
            "idl": label,
            "program": base58(program),
            "via": match via { Via::Log => "log", Via::Cpi => "cpi" },
            "event": event,
            "transaction_succeeded": success,
            "count": self.count,
            "sha256_of_concatenated_event_bytes_in_order":
                hash.iter().map(|b| format!("{b:02x}")).collect::<String>(),
        })
    }
}

impl Observer for Report {
    fn wants_all(&self) -> bool {
        true
    }

    fn block(&mut self, block: &Block) {
        self.first.get_or_insert((block.slot, block.parent_slot));
        self.last_slot = block.slot;
        self.slots += 1;
    }

    fn record(&mut self, record: &Record<'_>) {
        if record.outcome == Outcome::Suspect {
            return;
        }
        match record.via {
            Via::Log => self.log_events += 1,
            Via::Cpi => self.cpi_events += 1,
        }
        if let (Outcome::Decoded { .. }, Some(label), Some(event)) =
            (record.outcome, record.label, record.event)
        {
            let success = record.tx.err.is_none();
            let key = (
                label.into(),
                *record.program,
                record.via,
                event.into(),
                success,
            );
            let group = self.decoded.entry(key).or_default();
            group.count += 1;
            group.bytes.update(record.data);
        }
    }

    fn transaction(&mut self, outcome: &TxOutcome<'_>) {
        self.transactions += 1;
        self.failed_transactions += u64::from(outcome.tx.err.is_some());
        if outcome.log_truncated {
            let signature = solana_sdk::signature::Signature::from(outcome.tx.signature);
            self.truncated
                .push((outcome.tx.index, signature.to_string()));
        }
    }
}
