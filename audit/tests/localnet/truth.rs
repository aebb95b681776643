//! What follows from a whole chain: every block is read and every job judged, without a word of the audit's.

use std::collections::BTreeMap;

use hypernode_audit::{Evidence, Key, Kind, Signature};
use hypernode_decoder::Rows;
use hypernode_decoder::convert::block_from_json;
use hypernode_localnet_testing::judge::{Verdict, decoder};
use hypernode_score::{Event, FeeAccounts, Score, Sums, What, day, judge, score};
use serde_json::{Value, json};

/// The chain up to a slot.
#[derive(Clone)]
pub struct Truth {
    pub slot: u64,
    pub time: i64,
    pub evidence: BTreeMap<Key, Vec<Evidence>>,
    /// Nodes: slot of the last registration, owner, label, and whether it stands.
    pub nodes: BTreeMap<Key, (u64, Key, String, bool)>,
}

/// Calls a method that must succeed.
pub async fn rpc(url: &str, method: &str, params: Value) -> Value {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let sent = reqwest::Client::new().post(url).json(&body).send().await;
    let mut answer: Value = sent.unwrap().json().await.unwrap();
    assert!(answer.get("error").is_none(), "{method}: {answer}");
    answer["result"].take()
}

pub fn accounts() -> FeeAccounts {
    FeeAccounts {
        first_slot: 0,
        last_slot: u64::MAX,
        treasury: hypernode_schemas::localnet::treasury(),
        incentive: hypernode_schemas::localnet::incentive_pool(),
    }
}

impl Truth {
    pub async fn of(url: &str, slot: u64) -> Self {
        let decoder = decoder();
        let mut rows = Rows::new(&decoder);
        let mut verdict = Verdict::default();
        let mut times = BTreeMap::new();
        let config =
            json!({"encoding": "base64", "maxSupportedTransactionVersion": 0, "rewards": false});
        for at in 1..=slot {
            let json = rpc(url, "getBlock", json!([at, config])).await;
            let (block, malformed) =
                block_from_json(json.to_string().as_bytes(), Some(at)).unwrap();
            assert!(malformed.is_empty());
            times.insert(at, block.block_time.unwrap());
            decoder.decode_block(&block, &mut rows, &mut verdict);
        }
        verdict.tables = rows.finish();
        let time = times.last_key_value().map_or(0, |(_, time)| *time);
        let mut truth = Self {
            slot,
            time,
            evidence: BTreeMap::new(),
            nodes: BTreeMap::new(),
        };
        truth.read(&verdict, &times);
        truth
    }

    fn read(&mut self, verdict: &Verdict, times: &BTreeMap<u64, i64>) {
        let column = |name: &str| verdict.column("canonical_events", name);
        let keys = |name: &str| -> Vec<Key> {
            column(name)
                .iter()
                .map(|v| v[..].try_into().unwrap())
                .collect()
        };
        let numbers = |name: &str| -> Vec<u64> {
            let number = |v: &Vec<u8>| u64::from_le_bytes(v[..].try_into().unwrap());
            column(name).iter().map(number).collect()
        };
        let (slots, kinds) = (numbers("slot"), column("kind"));
        let (programs, jobs, nodes) = (keys("program"), keys("job"), keys("node"));
        let (requesters, operators) = (keys("requester"), keys("operator"));
        let (authorities, treasuries) = (keys("authority"), keys("treasury"));
        let (incentives, prices) = (keys("incentive"), numbers("price"));
        let amounts = [numbers("treasury_amount"), numbers("incentive_amount")];
        let (signatures, labels) = (column("signature"), column("node_name"));
        let mut histories: BTreeMap<(Key, Key), Vec<(Event, Signature)>> = BTreeMap::new();
        // Rows come in the order of the chain.
        for row in 0..slots.len() {
            let what = match kinds[row][0] {
                1 => {
                    let label = String::from_utf8(labels[row].clone()).unwrap();
                    self.nodes
                        .insert(nodes[row], (slots[row], operators[row], label, true));
                    continue;
                }
                3 => {
                    if let Some(node) = self.nodes.get_mut(&nodes[row]) {
                        node.3 = false;
                    }
                    continue;
                }
                4 => What::Created {
                    requester: requesters[row],
                    price: prices[row],
                },
                5 => What::Assigned {
                    node: nodes[row],
                    operator: operators[row],
                    authority: authorities[row],
                },
                6 => What::Completed {
                    operator: operators[row],
                },
                7 => What::Failed { node: nodes[row] },
                8 => What::Cancelled,
                9 => What::Settled {
                    treasury: treasuries[row],
                    incentive: incentives[row],
                    treasury_amount: amounts[0][row],
                    incentive_amount: amounts[1][row],
                },
                _ => continue,
            };
            let event = Event {
                slot: slots[row],
                time: times[&slots[row]],
                what,
            };
            let signature = signatures[row][..].try_into().unwrap();
            let history = histories.entry((programs[row], jobs[row]));
            history.or_default().push((event, signature));
        }
        for ((program, job), history) in histories {
            let events: Vec<Event> = history.iter().map(|(event, _)| *event).collect();
            let verdict = judge(&events, &[accounts()], self.time);
            assert!(verdict.bad.is_err(), "nothing expires within minutes");
            if let Ok(good) = verdict.good {
                self.evidence.entry(good.node).or_default().push(Evidence {
                    requester: good.requester,
                    day: good.day,
                    job,
                    program,
                    kind: Kind::Good,
                    units: good.units,
                    signature: history[good.cause].1,
                });
            }
        }
    }

    /// Registered nodes with at least three pieces of evidence, those with most first.
    pub fn nodes_by_evidence(&self) -> Vec<Key> {
        let stands = |node: &&Key| self.nodes.get(*node).is_some_and(|node| node.3);
        let mut nodes: Vec<Key> = self.evidence.keys().filter(stands).copied().collect();
        nodes.retain(|node| self.evidence[node].len() >= 3);
        nodes.sort_by_key(|node| std::cmp::Reverse(self.evidence[node].len()));
        nodes
    }

    /// The node that was registered last, and when.
    pub fn youngest(&self) -> (Key, u64) {
        let nodes = self.nodes.iter().map(|(key, node)| (*key, node.0));
        nodes.max_by_key(|(_, slot)| *slot).unwrap()
    }

    pub fn figures(&self, node: &Key) -> Score {
        let mut sums = Sums::new(day(self.time));
        if self.nodes.get(node).is_some_and(|node| node.3) {
            let evidence = self.evidence.get(node).into_iter().flatten();
            evidence.for_each(|one| sums.add(&one.entry()));
        }
        score(sums.totals())
    }

    /// Takes a piece of a node's evidence away.
    pub fn withhold(&mut self, node: &Key) -> Evidence {
        self.evidence.get_mut(node).unwrap().remove(1)
    }

    /// Makes a piece of evidence up.
    pub fn invent(&mut self, node: &Key) -> Evidence {
        let evidence = self.evidence.get_mut(node).unwrap();
        let made_up = Evidence {
            job: [200; 32],
            ..evidence[0]
        };
        evidence.push(made_up);
        made_up
    }
}
