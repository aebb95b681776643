//! Blocks of job events, made up for measurements and tests. Nothing of it is served.

use hypernode_decoder::chain::{Block, Instruction, Proof, Pubkey, Signature, Transaction};
use hypernode_decoder::{ConfigError, Decoder, Keep, ProgramConfig, idl};
use hypernode_schemas::{canonical, localnet};

/// The program whose events are made up.
pub(super) const LABEL: &str = "job_receipt";
/// Start of the block times.
const EPOCH: i64 = 1_700_000_000;

/// A decoder for [`block`].
///
/// # Errors
/// When the built-in IDL and map do not fit together.
pub fn decoder() -> Result<Decoder, ConfigError> {
    let text = hypernode_schemas::idl::text(LABEL).unwrap_or_default();
    let idl = idl::parse(LABEL, "built-in", text.as_bytes())?;
    let map = canonical::CanonicalMap {
        version: canonical::VERSION,
        maps: canonical::parse(canonical::TEXT).map_or_else(|_| Vec::new(), |map| map.maps),
    };
    let program = ProgramConfig::new(LABEL, localnet::program_id(LABEL), idl);
    Decoder::new(vec![program], &map, Keep::All)
}

/// A block of `transactions`, each creating, completing or settling one job.
#[must_use]
pub fn block(slot: u64, parent_slot: u64, transactions: u32) -> Block {
    Block {
        slot,
        parent_slot,
        blockhash: hash(slot),
        parent_blockhash: hash(parent_slot),
        block_time: Some(EPOCH.saturating_add_unsigned(slot / 2)),
        block_height: Some(slot),
        executed_transaction_count: u64::from(transactions),
        proof: Proof::Count,
        transactions: (0..transactions)
            .map(|index| transaction(slot, index))
            .collect(),
    }
}

fn hash(seed: u64) -> [u8; 32] {
    *blake3::hash(&seed.to_le_bytes()).as_bytes()
}

fn signature(slot: u64, index: u32) -> Signature {
    let mut out = [0; 64];
    let mut hasher = blake3::Hasher::new();
    hasher.update(&slot.to_le_bytes());
    hasher.update(&index.to_le_bytes());
    hasher.finalize_xof().fill(&mut out);
    out
}

fn transaction(slot: u64, index: u32) -> Transaction {
    let job = slot << 20 | u64::from(index);
    let client = hash(job % 1_000);
    // Event, the call that emits it, and the call's accounts.
    let (data, call, accounts) = match index % 3 {
        0 => (created(job, &client), create_job(job), vec![1, 0, 2]),
        1 => (completed(job, &client), submit_result(job), vec![1, 0, 2]),
        _ => (
            distributed(job),
            SETTLE_JOB.to_vec(),
            vec![1, 2, 2, 2, 2, 0, 2],
        ),
    };
    let program = localnet::program_id(LABEL);
    let id = base58(&program);
    Transaction {
        signature: signature(slot, index),
        index,
        version: 0,
        err: None,
        fee: 5_000,
        compute_units: Some(21_345),
        keys: vec![client, hash(job), hash(job % 77), program],
        signers: 1,
        instructions: vec![Instruction {
            program: 3,
            accounts,
            data: call,
            stack_height: Some(1),
        }],
        inner: Some(Vec::new()),
        logs: Some(vec![
            format!("Program {id} invoke [1]"),
            "Program log: Instruction: Work".to_owned(),
            data_line(&data),
            format!("Program {id} consumed 21345 of 200000 compute units"),
            format!("Program {id} success"),
        ]),
    }
}

const JOB_CREATED: [u8; 8] = [25, 16, 189, 152, 132, 215, 162, 116];
const JOB_COMPLETED: [u8; 8] = [120, 0, 106, 73, 221, 122, 51, 43];
const PAYMENT_DISTRIBUTED: [u8; 8] = [155, 25, 115, 170, 230, 241, 50, 142];
const CREATE_JOB: [u8; 8] = [178, 130, 217, 110, 100, 27, 82, 119];
const SUBMIT_RESULT: [u8; 8] = [240, 42, 89, 180, 10, 239, 9, 214];
const SETTLE_JOB: [u8; 8] = [246, 155, 221, 34, 168, 70, 173, 72];

fn name(job: u64) -> Vec<u8> {
    string(&format!("job-{job}"))
}

fn kind(job: u64) -> u8 {
    (job % 6) as u8
}

fn price(job: u64) -> [u8; 8] {
    (job % 1_000_000 * 1_000).to_le_bytes()
}

fn result(job: u64) -> Vec<u8> {
    let mut out = string(&blake3::Hash::from(hash(job)).to_hex());
    out.extend(string(&format!("https://logs.invalid/{job}")));
    out
}

/// The log line of a record.
pub(super) fn data_line(data: &[u8]) -> String {
    format!(
        "Program data: {}",
        base64_simd::STANDARD.encode_to_string(data)
    )
}

/// A completed job of a realistic size: a UUID, a hash in hex, an address with a UUID.
pub(super) fn completed_record(number: u32) -> Vec<u8> {
    let hex = blake3::Hash::from(hash(u64::from(number))).to_hex();
    let uuid = hex.get(..36).unwrap_or_default();
    let mut out = JOB_COMPLETED.to_vec();
    out.extend(string(uuid));
    out.extend(hash(u64::from(number) + 1));
    out.extend(string(&hex));
    out.extend(string(&format!(
        "https://logs.hypernode.invalid/runs/{uuid}/stdout"
    )));
    out.extend(EPOCH.to_le_bytes());
    out
}

fn created(job: u64, client: &Pubkey) -> Vec<u8> {
    let mut out = JOB_CREATED.to_vec();
    out.extend(name(job));
    out.extend(client);
    out.push(kind(job));
    out.extend(price(job));
    out.extend(EPOCH.to_le_bytes());
    out
}

fn create_job(job: u64) -> Vec<u8> {
    let mut out = CREATE_JOB.to_vec();
    out.extend(name(job));
    out.push(kind(job));
    out.extend(price(job));
    out.extend(string(""));
    out
}

fn completed(job: u64, operator: &Pubkey) -> Vec<u8> {
    let mut out = JOB_COMPLETED.to_vec();
    out.extend(name(job));
    out.extend(operator);
    out.extend(result(job));
    out.extend(EPOCH.to_le_bytes());
    out
}

fn submit_result(job: u64) -> Vec<u8> {
    let mut out = SUBMIT_RESULT.to_vec();
    out.extend(result(job));
    out
}

fn distributed(job: u64) -> Vec<u8> {
    let mut out = PAYMENT_DISTRIBUTED.to_vec();
    out.extend(name(job));
    for share in [850, 100, 50] {
        out.extend((job % 1_000_000 * share).to_le_bytes());
    }
    out.extend(EPOCH.to_le_bytes());
    out
}

/// Borsh's string.
fn string(text: &str) -> Vec<u8> {
    let mut out = u32::try_from(text.len())
        .unwrap_or_default()
        .to_le_bytes()
        .to_vec();
    out.extend(text.as_bytes());
    out
}

fn base58(key: &Pubkey) -> String {
    let mut text = [0; 44];
    let length = five8::encode_32(key, &mut text);
    text.iter()
        .take(usize::from(length))
        .map(|byte| char::from(*byte))
        .collect()
}
