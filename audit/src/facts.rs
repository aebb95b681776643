//! What is known of transactions: fetched once each, decoded, and put in the order of the chain.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use futures::StreamExt as _;
use futures::stream;
use hypernode_decoder::chain::Block;
use hypernode_decoder::convert::Located;
use hypernode_decoder::{Decoder, Observer, Rows, TxOutcome};

use crate::chain::{Chain, Listed};
use crate::error::AuditError;
use crate::events::{self, Event};
use crate::keys::{Key, Signature, show_signature};
use crate::progress::Progress;

/// Questions under way at once.
pub(crate) const PARALLEL: usize = 8;

/// Decoded transactions.
pub(crate) struct Facts<'a> {
    chain: &'a Chain<'a>,
    progress: &'a Progress,
    decoder: Decoder,
    rows: Rows,
    known: HashMap<Signature, Fact>,
}

/// A decoded transaction.
struct Fact {
    slot: u64,
    /// Its place in the block, once it is known.
    index: Option<u32>,
    /// Its block's time; 0 where it has none.
    time: i64,
    events: Vec<Event>,
}

/// An event with its place in the chain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed<'f> {
    pub(crate) slot: u64,
    pub(crate) time: i64,
    pub(crate) signature: Signature,
    pub(crate) event: &'f Event,
}

/// What the decoder could not see of a transaction.
#[derive(Default)]
struct Unseen(Option<&'static str>);

impl Observer for Unseen {
    fn transaction(&mut self, outcome: &TxOutcome<'_>) {
        if outcome.kept && outcome.logs_missing {
            self.0 = Some("did not keep its log");
        } else if outcome.kept && outcome.log_mismatch && outcome.tx.inner.is_none() {
            self.0 = Some("did not keep its inner instructions");
        }
    }
}

impl<'a> Facts<'a> {
    pub(crate) fn new(chain: &'a Chain<'a>, progress: &'a Progress, decoder: Decoder) -> Self {
        Self {
            chain,
            progress,
            rows: Rows::new(&decoder),
            decoder,
            known: HashMap::new(),
        }
    }

    /// Fetches and decodes what is not known yet.
    pub(crate) async fn learn(
        &mut self,
        listed: impl IntoIterator<Item = Listed>,
    ) -> Result<(), AuditError> {
        let mut asked = HashSet::new();
        let new =
            |one: &Listed| !self.known.contains_key(&one.signature) && asked.insert(one.signature);
        let wanted: Vec<Listed> = listed.into_iter().filter(new).collect();
        let chain = self.chain;
        let fetch = |one: Listed| async move { (one, chain.transaction(one).await) };
        let mut answers = stream::iter(wanted).map(fetch).buffer_unordered(PARALLEL);
        while let Some((one, answer)) = answers.next().await {
            let located = answer?;
            let fact = Fact {
                slot: located.slot,
                index: located.index.or(one.index),
                time: located.block_time.or(one.time).unwrap_or(0),
                events: self.decode(located)?,
            };
            self.known.insert(one.signature, fact);
            self.progress.decoded();
        }
        Ok(())
    }

    fn decode(&mut self, located: Located) -> Result<Vec<Event>, AuditError> {
        let signature = located.transaction.signature;
        let block = Block {
            slot: located.slot,
            block_time: located.block_time,
            transactions: vec![located.transaction],
            ..Block::default()
        };
        let mut unseen = Unseen::default();
        self.decoder
            .decode_block(&block, &mut self.rows, &mut unseen);
        let tables = self.rows.take();
        if let Some(what) = unseen.0 {
            return Err(AuditError::Transaction {
                signature: show_signature(&signature),
                what: what.to_owned(),
            });
        }
        let Some(rows) = tables.iter().find(|rows| rows.table == events::TABLE) else {
            return Ok(Vec::new());
        };
        events::read(rows).ok_or_else(|| {
            AuditError::Rows("they have a layout that this version does not read".to_owned())
        })
    }

    /// Learns the places of transactions in their blocks, where two of one history lie in one block and it is not known
    /// which came first.
    pub(crate) async fn settle_order(
        &mut self,
        histories: impl IntoIterator<Item = &[Listed]>,
    ) -> Result<(), AuditError> {
        let mut slots = BTreeSet::new();
        for history in histories {
            let mut by_slot: BTreeMap<u64, Vec<&Fact>> = BTreeMap::new();
            let telling = history
                .iter()
                .filter_map(|one| self.known.get(&one.signature))
                .filter(|fact| !fact.events.is_empty());
            for fact in telling {
                by_slot.entry(fact.slot).or_default().push(fact);
            }
            slots.extend(by_slot.into_iter().filter_map(|(slot, facts)| {
                (facts.len() > 1 && facts.iter().any(|fact| fact.index.is_none())).then_some(slot)
            }));
        }
        let chain = self.chain;
        let ask = |slot: u64| async move { (slot, chain.order(slot).await) };
        let mut answers = stream::iter(slots).map(ask).buffer_unordered(PARALLEL);
        let mut orders = HashMap::new();
        while let Some((slot, order)) = answers.next().await {
            orders.insert(slot, order?);
        }
        drop(answers);
        for (signature, fact) in &mut self.known {
            if let Some(order) = orders.get(&fact.slot) {
                let place = order.get(signature).copied();
                fact.index = Some(place.ok_or_else(|| AuditError::Transaction {
                    signature: show_signature(signature),
                    what: format!("not in block {}", fact.slot),
                })?);
            }
        }
        Ok(())
    }

    /// The events of these transactions that `keep` keeps, in the order of the chain.
    pub(crate) fn history(
        &self,
        listed: &[Listed],
        keep: impl Fn(&Event) -> bool,
    ) -> Vec<Placed<'_>> {
        let mut found = Vec::new();
        for one in listed {
            let Some(fact) = self.known.get(&one.signature) else {
                continue;
            };
            let kept = fact.events.iter().filter(|event| keep(event));
            found.extend(kept.map(|event| {
                let place = (fact.slot, fact.index.unwrap_or(0), event.place);
                let placed = Placed {
                    slot: fact.slot,
                    time: fact.time,
                    signature: one.signature,
                    event,
                };
                (place, placed)
            }));
        }
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().map(|(_, placed)| placed).collect()
    }

    /// Jobs, each by its program and account, that `of` finds in any transaction that is known.
    pub(crate) fn jobs(&self, of: impl Fn(&Event) -> Option<Key>) -> BTreeSet<(Key, Key)> {
        let events = self.known.values().flat_map(|fact| &fact.events);
        events
            .filter_map(|event| Some((event.program, of(event)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::routing::post;
    use axum::{Json, Router};
    use hypernode_decoder::Keep;
    use hypernode_schemas::canonical::{self, CanonicalMap};
    use serde_json::{Value, json};

    use super::*;
    use crate::events::Says;
    use crate::rpc::Rpc;

    /// A server whose block 5 holds three transactions; with the methods that it was asked for.
    async fn server() -> (String, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let answer = move |Json(request): Json<Value>| {
            let method = request["method"].as_str().unwrap().to_owned();
            let signatures: Vec<String> = [9, 1, 2].map(|n| show_signature(&[n; 64])).into();
            let result = match method.as_str() {
                "getGenesisHash" => json!("g"),
                "getSlot" => json!(10),
                _ => json!({"signatures": signatures}),
            };
            seen.lock().unwrap().push(method);
            async move { Json(json!({"result": result})) }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (format!("http://{address}"), asked)
    }

    #[tokio::test]
    async fn places_in_a_block_are_asked_for_where_they_decide_and_only_there() {
        let (url, asked) = server().await;
        let progress = Progress::default();
        let rpc = Rpc::new(&url, &progress).unwrap();
        let chain = Chain::open(rpc, &progress, "g", 10, 100).await.unwrap();
        let map = CanonicalMap {
            version: canonical::VERSION,
            maps: Vec::new(),
        };
        let decoder = Decoder::new(Vec::new(), &map, Keep::Matching).unwrap();
        let mut facts = Facts::new(&chain, &progress, decoder);
        let listed = |number: u8, slot: u64| Listed {
            signature: [number; 64],
            slot,
            index: None,
            time: None,
        };
        let history = [listed(2, 5), listed(1, 5), listed(3, 6)];
        for one in &history {
            let event = Event {
                place: (0, -1, 0),
                program: [one.signature[0]; 32],
                says: Says::Deregistered { node: [0; 32] },
            };
            facts.known.insert(
                one.signature,
                Fact {
                    slot: one.slot,
                    index: None,
                    time: 0,
                    events: vec![event],
                },
            );
        }
        facts.settle_order([&history[1..]]).await.unwrap();
        assert!(!asked.lock().unwrap().contains(&"getBlock".to_owned()));
        facts.settle_order([history.as_slice()]).await.unwrap();
        let blocks = asked
            .lock()
            .unwrap()
            .iter()
            .filter(|m| *m == "getBlock")
            .count();
        assert_eq!(blocks, 1, "one block holds two of them");
        let order: Vec<u8> = facts
            .history(&history, |_| true)
            .iter()
            .map(|placed| placed.event.program[0])
            .collect();
        assert_eq!(order, [1, 2, 3]);
        // Now they are known.
        facts.settle_order([history.as_slice()]).await.unwrap();
        let again = asked
            .lock()
            .unwrap()
            .iter()
            .filter(|m| *m == "getBlock")
            .count();
        assert_eq!(again, 1);
    }
}
