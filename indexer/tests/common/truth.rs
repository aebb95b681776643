//! What a validator's own RPC says happened in a recording.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use hypernode_indexer::recording::{self, Format};
use hypernode_indexer::slots::Input;
use prost::Message as _;
use serde::Deserialize;
use yellowstone_grpc_proto::geyser::{SubscribeUpdate, subscribe_update::UpdateOneof};

/// Signature, label, event.
pub(crate) type Key = (String, String, String);

/// How each event's columns are told as text.
pub(crate) const COLUMNS: &[(&str, &str)] = &[
    (
        "Tick",
        "toString(seq), base58Encode(who), toString(amount), toString(delta), toString(toUInt8(flag)), hex(note)",
    ),
    (
        "Fill",
        "toString(seq), base58Encode(maker), toString(price), toString(size), toString(tags), ifNull(toString(limit), '-'), \
         concat(toString(side.1), ifNull(toString(side.2), ''))",
    ),
    ("Blob", "toString(seq), hex(data)"),
    ("Mini", "toString(seq)"),
];

#[derive(Deserialize)]
struct Transaction {
    signature: String,
    landed: bool,
    slot: Option<u64>,
    block_index: Option<u32>,
    success: Option<bool>,
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    program_id: String,
    kind: String,
    name: Option<String>,
    data: Option<String>,
    fields: Option<Fields>,
}

#[derive(Deserialize)]
struct Fields {
    seq: Option<u64>,
    who: Option<String>,
    amount: Option<u64>,
    delta: Option<i64>,
    flag: Option<bool>,
    note: Option<String>,
    maker: Option<String>,
    price: Option<u128>,
    size: Option<i128>,
    tags: Option<Vec<u16>>,
    limit: Option<u64>,
    side: Option<Side>,
    data_hex: Option<String>,
}

#[derive(Deserialize)]
enum Side {
    Bid,
    Ask,
    Other { code: u8 },
}

impl Fields {
    fn text(&self, event: &str) -> String {
        let seq = self.seq.expect("seq");
        match event {
            "Tick" => format!(
                "{seq}|{}|{}|{}|{}|{}",
                self.who.as_ref().expect("who"),
                self.amount.expect("amount"),
                self.delta.expect("delta"),
                u8::from(self.flag.expect("flag")),
                self.note
                    .as_ref()
                    .expect("note")
                    .bytes()
                    .map(|byte| format!("{byte:02X}"))
                    .collect::<String>(),
            ),
            "Fill" => format!(
                "{seq}|{}|{}|{}|{}|{}|{}",
                self.maker.as_ref().expect("maker"),
                self.price.expect("price"),
                self.size.expect("size"),
                format!("{:?}", self.tags.as_ref().expect("tags")).replace(' ', ""),
                self.limit.map_or("-".to_owned(), |limit| limit.to_string()),
                match self.side.as_ref().expect("side") {
                    Side::Bid => "Bid".to_owned(),
                    Side::Ask => "Ask".to_owned(),
                    Side::Other { code } => format!("Other{code}"),
                },
            ),
            "Blob" => format!(
                "{seq}|{}",
                self.data_hex.as_ref().expect("data").to_uppercase()
            ),
            _ => seq.to_string(),
        }
    }
}

/// For each transaction the `Program data:` texts before its log was cut.
pub(crate) fn believed_logs(path: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut believed = BTreeMap::new();
    for input in recording::open(path, Format::Auto, None).expect("open") {
        if let Input::Transaction { transaction, .. } = input.expect("input") {
            let mut text = [0; 88];
            let length = five8::encode_64(&transaction.signature, &mut text);
            let signature = text
                .iter()
                .take(usize::from(length))
                .map(|byte| char::from(*byte))
                .collect();
            let lines = transaction.logs.unwrap_or_default();
            let before = lines.iter().take_while(|line| *line != "Log truncated");
            let data = before
                .filter_map(|line| line.strip_prefix("Program data: "))
                .map(str::to_owned)
                .collect();
            believed.insert(signature, data);
        }
    }
    believed
}

/// Every transaction that landed.
fn landed(path: &Path) -> impl Iterator<Item = Transaction> {
    let file = std::fs::File::open(path).expect("open");
    let lines = BufReader::new(zstd::Decoder::new(file).expect("zstd")).lines();
    lines
        .map(|line| serde_json::from_str::<Transaction>(&line.expect("line")).expect("truth"))
        .filter(|transaction| transaction.landed)
}

/// Slot, position and success of every transaction that landed, as tab-separated text by signature.
pub(crate) fn places(path: &Path) -> BTreeMap<String, String> {
    landed(path)
        .map(|transaction| {
            let place = format!(
                "{}\t{}\t{}",
                transaction.slot.expect("slot"),
                transaction.block_index.expect("index"),
                transaction.success.expect("success")
            );
            (transaction.signature, place)
        })
        .collect()
}

/// The events that must decode, by the rules of the recording's README, of the transactions that the stream contains.
pub(crate) fn expected(
    path: &Path,
    believed: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeMap<Key, Vec<String>> {
    let mut expected: BTreeMap<Key, Vec<String>> = BTreeMap::new();
    for transaction in landed(path) {
        let (Some(log), Some(true)) = (believed.get(&transaction.signature), transaction.success)
        else {
            continue;
        };
        for event in transaction.events {
            let label = match event.program_id.as_str() {
                "EZKppoNQQHjeECjs6Q7BukFMEEzpPT9YRRmYmYSGynGw" => "evp_A",
                "Bwu8X5hNYDZK5U6MkBDoRiKqcnZULyw9PF8qrygXmfBZ" => "evp_B",
                "EcBw6rRFQdjUKRBUjEVNPXrM5yhAfm5T5fDvopC4ixj6" => "evp_C",
                "7BGTwkAHKJKHvVBuFRyAmfTk2KfWGCxCzDyu3ze7ppuq" => "evp_D",
                _ => continue,
            };
            let (Some(name), Some(fields)) = (event.name, event.fields) else {
                continue;
            };
            let wanted = match event.kind.as_str() {
                "cpi" => true,
                "log" => event.data.is_some_and(|data| log.contains(&data)),
                _ => false,
            };
            if wanted {
                let text = fields.text(&name);
                expected
                    .entry((transaction.signature.clone(), label.to_owned(), name))
                    .or_default()
                    .push(text);
            }
        }
    }
    expected
}

/// A copy of a recording of blocks that lacks its n-th block and that block's meta; returns the slot.
pub(crate) fn without_one_block(from: &Path, to: &Path, n: usize) -> u64 {
    let plain = zstd::decode_all(std::fs::File::open(from).expect("open")).expect("zstd");
    let (mut rest, mut out, mut blocks, mut lost) = (plain.as_slice(), Vec::new(), 0, None);
    // Slot order is message order here, so the block is known before its meta or right after it.
    while !rest.is_empty() {
        let update = SubscribeUpdate::decode_length_delimited(&mut rest).expect("update");
        if let Some(UpdateOneof::Block(block)) = &update.update_oneof {
            if blocks == n {
                lost = Some(block.slot);
            }
            blocks += 1;
        }
    }
    let lost = lost.expect("enough blocks");
    rest = plain.as_slice();
    while !rest.is_empty() {
        let update = SubscribeUpdate::decode_length_delimited(&mut rest).expect("update");
        let keep = match &update.update_oneof {
            Some(UpdateOneof::Block(block)) => block.slot != lost,
            Some(UpdateOneof::BlockMeta(meta)) => meta.slot != lost,
            _ => true,
        };
        if keep {
            out.extend(update.encode_length_delimited_to_vec());
        }
    }
    std::fs::write(to, out).expect("write");
    lost
}
