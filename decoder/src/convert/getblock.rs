//! The answer of the JSON-RPC method `getBlock`, bare or in its envelope, transactions as json, base64 or base58.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};

use super::wire::{self, Body};
use super::{ConvertError, Malformed, clip, hash, shell};
use crate::chain::{Block, InnerGroup, Instruction, Proof, Pubkey, Signature, Transaction};

/// Longest base58 text that is decoded: the work is quadratic, and a runtime never records more than 10 KiB of data.
pub const MAX_BASE58_CHARS: usize = 16_384;

/// A block from the text of a `getBlock` answer, and the transactions kept as shells.
///
/// `slot` is used where the JSON has none. The block counts as complete: `getBlock` sends it whole.
///
/// # Errors
/// When it is no such answer, the slot is unknown, or the outcome of a transaction is missing.
pub fn block_from_json(
    text: &[u8],
    slot: Option<u64>,
) -> Result<(Block, Vec<Malformed>), ConvertError> {
    let json = |error: serde_json::Error| ConvertError::Json(error.to_string());
    let probe: Probe = serde_json::from_slice(text).map_err(json)?;
    if let Some(error) = probe.error {
        return Err(ConvertError::Rpc(clip(&error.to_string())));
    }
    let block = if probe.blockhash.is_some() {
        serde_json::from_slice::<JsonBlock>(text).map_err(json)?
    } else if probe.result.is_some() {
        serde_json::from_slice::<Envelope>(text)
            .map_err(json)?
            .result
    } else {
        return Err(ConvertError::Json(
            "neither a block nor an answer with a `result` (a skipped slot answers null)".into(),
        ));
    };
    let slot = block.slot.or(slot).ok_or(ConvertError::SlotUnknown)?;
    convert(slot, block, None)
}

/// Programs whose transactions are wanted: what names none of them is not read any further.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    keys: HashSet<Pubkey>,
    texts: HashSet<String>,
}

impl Wanted {
    /// These programs.
    pub fn new(programs: impl IntoIterator<Item = Pubkey>) -> Self {
        let keys: HashSet<Pubkey> = programs.into_iter().collect();
        let texts = keys.iter().map(|key| {
            let mut text = [0; five8::BASE58_ENCODED_32_MAX_LEN];
            let length = usize::from(five8::encode_32(key, &mut text));
            text.iter()
                .take(length)
                .map(|byte| char::from(*byte))
                .collect()
        });
        Self {
            texts: texts.collect(),
            keys,
        }
    }

    fn is_named_by(&self, entry: &JsonEntry) -> bool {
        let loaded = entry
            .meta
            .as_ref()
            .and_then(|meta| meta.loaded_addresses.as_ref());
        let loaded = loaded
            .into_iter()
            .flat_map(|loaded| loaded.writable.iter().chain(&loaded.readonly));
        let mut named = loaded.map(String::as_str);
        if named.any(|key| self.texts.contains(key)) {
            return true;
        }
        match &entry.transaction {
            Encoded::Json(json) => {
                let mut keys = json.message.account_keys.iter();
                keys.any(|key| self.texts.contains(key))
            }
            // One that cannot be read names nothing: that is said where it is read.
            Encoded::Text { text, encoding } => decode_text(text, encoding)
                .and_then(|bytes| wire::parse(&bytes))
                .map_or(true, |body| {
                    body.keys.iter().any(|key| self.keys.contains(key))
                }),
        }
    }
}

/// What an endpoint answers to `getBlock`.
#[derive(Debug)]
pub enum Answered {
    /// The block, and its transactions that were kept as shells.
    Block(Box<Block>, Vec<Malformed>),
    /// Nothing.
    Null,
    /// An error.
    Refused {
        /// Its number.
        code: i64,
        /// Its text.
        message: String,
    },
}

/// An answer in its envelope, read in one pass: [`block_from_json`] looks first what it has at hand.
///
/// # Errors
/// When it is no such answer, or the outcome of a transaction is missing.
pub fn answered_block(
    text: &[u8],
    slot: u64,
    wanted: Option<&Wanted>,
) -> Result<Answered, ConvertError> {
    #[derive(Deserialize)]
    struct Whole {
        result: Option<JsonBlock>,
        error: Option<JsonRefusal>,
    }
    #[derive(Deserialize)]
    struct JsonRefusal {
        #[serde(default)]
        code: i64,
        #[serde(default)]
        message: String,
    }
    let whole: Whole =
        serde_json::from_slice(text).map_err(|error| ConvertError::Json(error.to_string()))?;
    if let Some(JsonRefusal { code, message }) = whole.error {
        return Ok(Answered::Refused { code, message });
    }
    let Some(json) = whole.result else {
        return Ok(Answered::Null);
    };
    let (block, malformed) = convert(json.slot.unwrap_or(slot), json, wanted)?;
    Ok(Answered::Block(Box::new(block), malformed))
}

#[derive(Deserialize)]
struct Probe {
    result: Option<IgnoredAny>,
    error: Option<serde_json::Value>,
    blockhash: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Envelope {
    result: JsonBlock,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonBlock {
    slot: Option<u64>,
    blockhash: String,
    previous_blockhash: String,
    parent_slot: u64,
    block_time: Option<i64>,
    block_height: Option<u64>,
    transactions: Option<Vec<JsonEntry>>,
}

/// A transaction with its outcome, as `getBlock` lists it.
#[derive(Deserialize)]
pub(super) struct JsonEntry {
    pub(super) transaction: Encoded,
    pub(super) meta: Option<JsonMeta>,
    pub(super) version: Option<JsonVersion>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum JsonVersion {
    Number(i8),
    Name(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JsonMeta {
    err: Option<serde_json::Value>,
    #[serde(default)]
    fee: u64,
    compute_units_consumed: Option<u64>,
    inner_instructions: Option<Vec<JsonGroup>>,
    log_messages: Option<Vec<String>>,
    loaded_addresses: Option<JsonLoaded>,
}

#[derive(Deserialize, Default)]
struct JsonLoaded {
    #[serde(default)]
    writable: Vec<String>,
    #[serde(default)]
    readonly: Vec<String>,
}

#[derive(Deserialize)]
struct JsonGroup {
    index: u64,
    instructions: Vec<JsonInstruction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonInstruction {
    program_id_index: u64,
    accounts: Vec<u64>,
    data: String,
    stack_height: Option<u32>,
}

#[derive(Deserialize)]
pub(super) struct JsonTransaction {
    signatures: Vec<String>,
    message: JsonMessage,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonMessage {
    header: JsonHeader,
    account_keys: Vec<String>,
    instructions: Vec<JsonInstruction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonHeader {
    num_required_signatures: u64,
}

/// The three encodings, told apart by their JSON type without buffering.
pub(super) enum Encoded {
    Json(Box<JsonTransaction>),
    Text { text: String, encoding: String },
}

impl<'de> Deserialize<'de> for Encoded {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Which;
        impl<'de> Visitor<'de> for Which {
            type Value = Encoded;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a transaction in json, base64 or base58 encoding")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Encoded, A::Error> {
                Deserialize::deserialize(MapAccessDeserializer::new(map)).map(Encoded::Json)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Encoded, A::Error> {
                let missing = |n| serde::de::Error::invalid_length(n, &"[text, encoding]");
                let text = seq.next_element()?.ok_or_else(|| missing(0))?;
                let encoding = seq.next_element()?.ok_or_else(|| missing(1))?;
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Encoded::Text { text, encoding })
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Encoded, E> {
                Ok(Encoded::Text {
                    text: text.to_owned(),
                    encoding: "base58".to_owned(),
                })
            }
        }
        deserializer.deserialize_any(Which)
    }
}

fn convert(
    slot: u64,
    json: JsonBlock,
    wanted: Option<&Wanted>,
) -> Result<(Block, Vec<Malformed>), ConvertError> {
    let entries = json.transactions.ok_or(ConvertError::Missing {
        slot,
        field: "transactions (ask with transactionDetails \"full\")",
    })?;
    let mut malformed = Vec::new();
    let executed_transaction_count = entries.len() as u64;
    let mut transactions = Vec::with_capacity(entries.len());
    for (position, entry) in entries.into_iter().enumerate() {
        // Its outcome must be there all the same: a block without is not whole.
        if entry.meta.is_some() && wanted.is_some_and(|wanted| !wanted.is_named_by(&entry)) {
            continue;
        }
        let index = u32::try_from(position)
            .map_err(|_| ConvertError::Json("too many transactions".into()))?;
        let (transaction, reason) = entry_to_chain(slot, index, entry)?;
        malformed.extend(reason.map(|reason| Malformed { position, reason }));
        transactions.push(transaction);
    }
    Ok((
        Block {
            slot,
            parent_slot: json.parent_slot,
            blockhash: hash(slot, "blockhash", &json.blockhash)?,
            parent_blockhash: hash(slot, "previousBlockhash", &json.previous_blockhash)?,
            block_time: json.block_time,
            block_height: json.block_height,
            executed_transaction_count,
            proof: Proof::Block,
            transactions,
        },
        malformed,
    ))
}

/// The transaction, and why its content could not be read if it could not.
pub(super) fn entry_to_chain(
    slot: u64,
    index: u32,
    entry: JsonEntry,
) -> Result<(Transaction, Option<String>), ConvertError> {
    let meta = entry.meta.ok_or(ConvertError::MetaMissing {
        slot,
        index: u64::from(index),
    })?;
    let version = match entry.version {
        Some(JsonVersion::Number(number)) => Some(number),
        Some(JsonVersion::Name(name)) if name == "legacy" => Some(-1),
        _ => None,
    };
    let err = meta
        .err
        .as_ref()
        .map(|error| error.to_string().into_bytes());
    let (fee, compute_units) = (meta.fee, meta.compute_units_consumed);
    let (signature, body) = match entry.transaction {
        Encoded::Json(json) => {
            let first = json.signatures.first().map_or("", String::as_str);
            (signature(slot, first)?, json_body(&json, version))
        }
        Encoded::Text { text, encoding } => {
            let body = decode_text(&text, &encoding).and_then(|bytes| wire::parse(&bytes));
            match body {
                Ok(body) => (body.signature, Ok(body)),
                // Without a signature there is no row to keep.
                Err(reason) => {
                    return Err(ConvertError::Invalid {
                        slot,
                        field: "transaction",
                        reason: format!("transaction {index}: {reason}"),
                    });
                }
            }
        }
    };
    let mut out = shell(signature, index, err);
    out.fee = fee;
    out.compute_units = compute_units;
    let malformed = match body.and_then(|body| parts(body, meta)) {
        Ok(parts) => {
            (
                out.version,
                out.signers,
                out.keys,
                out.instructions,
                out.inner,
                out.logs,
            ) = parts;
            None
        }
        Err(reason) => Some(reason),
    };
    Ok((out, malformed))
}

type Parts = (
    i8,
    u8,
    Vec<[u8; 32]>,
    Vec<Instruction>,
    Option<Vec<InnerGroup>>,
    Option<Vec<String>>,
);

fn parts(mut body: Body, meta: JsonMeta) -> Result<Parts, String> {
    let loaded = meta.loaded_addresses.unwrap_or_default();
    for key in loaded.writable.iter().chain(&loaded.readonly) {
        body.keys.push(key32(key)?);
    }
    let inner = match meta.inner_instructions {
        None => None,
        Some(groups) => Some(groups.iter().map(group).collect::<Result<_, String>>()?),
    };
    Ok((
        body.version,
        body.signers,
        body.keys,
        body.instructions,
        inner,
        meta.log_messages,
    ))
}

fn group(group: &JsonGroup) -> Result<InnerGroup, String> {
    Ok(InnerGroup {
        outer: byte(group.index)?,
        instructions: group
            .instructions
            .iter()
            .map(|instruction| {
                Ok(Instruction {
                    stack_height: instruction.stack_height,
                    ..json_instruction(instruction)?
                })
            })
            .collect::<Result<_, String>>()?,
    })
}

fn json_body(json: &JsonTransaction, version: Option<i8>) -> Result<Body, String> {
    let keys = json
        .message
        .account_keys
        .iter()
        .map(|key| key32(key))
        .collect::<Result<Vec<_>, _>>()?;
    let signers = byte(json.message.header.num_required_signatures)?;
    if usize::from(signers) > keys.len() {
        return Err(format!("{signers} signers among {} keys", keys.len()));
    }
    Ok(Body {
        signature: [0; 64],
        version: version.unwrap_or(-1),
        signers,
        keys,
        instructions: json
            .message
            .instructions
            .iter()
            .map(json_instruction)
            .collect::<Result<_, _>>()?,
    })
}

fn json_instruction(json: &JsonInstruction) -> Result<Instruction, String> {
    Ok(Instruction {
        program: byte(json.program_id_index)?,
        accounts: json
            .accounts
            .iter()
            .map(|&index| byte(index))
            .collect::<Result<_, _>>()?,
        data: base58(&json.data)?,
        stack_height: Some(1),
    })
}

fn decode_text(text: &str, encoding: &str) -> Result<Vec<u8>, String> {
    match encoding {
        "base64" => base64_simd::STANDARD
            .decode_to_vec(text)
            .map_err(|_| "not base64".to_owned()),
        "base58" => base58(text),
        other => Err(format!(
            "encoding {:?} is not supported (json or base64)",
            clip(other)
        )),
    }
}

fn base58(text: &str) -> Result<Vec<u8>, String> {
    if text.len() > MAX_BASE58_CHARS {
        return Err(format!(
            "{} characters of base58, more than any record holds",
            text.len()
        ));
    }
    bs58::decode(text)
        .into_vec()
        .map_err(|error| format!("not base58: {error}"))
}

fn key32(text: &str) -> Result<[u8; 32], String> {
    let mut out = [0; 32];
    five8::decode_32(text, &mut out).map_err(|_| format!("{:?} is not a key", clip(text)))?;
    Ok(out)
}

fn signature(slot: u64, text: &str) -> Result<Signature, ConvertError> {
    let mut out = [0; 64];
    five8::decode_64(text, &mut out).map_err(|_| ConvertError::Invalid {
        slot,
        field: "signatures",
        reason: format!("{:?} is not a signature", clip(text)),
    })?;
    Ok(out)
}

fn byte(value: u64) -> Result<u8, String> {
    u8::try_from(value).map_err(|_| format!("index {value} is above 255"))
}
