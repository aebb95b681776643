//! The last stored version of every account, beside what the network itself says of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use hypernode_schemas::{idl, localnet};
use hypernode_warehouse::Client;
use serde_json::{Value, json};

use crate::compare::Difference;
use crate::rpc;

/// Longest wait for the last versions to be stored: a snapshot that an endpoint refuses is tried again ever more rarely.
const PATIENCE: Duration = Duration::from_secs(90);
const EVERY: Duration = Duration::from_millis(200);

/// Lamports and data of an account.
type State = (u64, Vec<u8>);
type States = BTreeMap<String, State>;

/// Waits until what is stored is what the network holds, and adds to `difference` the accounts that differ in the end.
/// Gives how many there are.
///
/// # Errors
/// When the network or ClickHouse does not answer.
pub async fn compare(client: &Client, rpc: &str, difference: &mut Difference) -> Result<u64> {
    let began = Instant::now();
    let chain = on_chain(rpc).await?;
    loop {
        let stored = stored(client).await?;
        let wrong: Vec<&String> = chain
            .iter()
            .filter(|(key, state)| stored.get(*key) != Some(*state))
            .map(|(key, _)| key)
            .chain(stored.keys().filter(|key| !chain.contains_key(*key)))
            .collect();
        difference.rows += chain.len() as u64;
        if wrong.is_empty() {
            return Ok(chain.len() as u64);
        }
        if began.elapsed() > PATIENCE {
            difference.derived += wrong.len() as u64;
            difference.lines.push(format!(
                "account_versions: the last state of {} accounts of {} is another, first of {}: {}",
                wrong.len(),
                chain.len(),
                wrong[0],
                told(client, wrong[0], chain.get(wrong[0])).await?
            ));
            return Ok(chain.len() as u64);
        }
        difference.rows -= chain.len() as u64;
        tokio::time::sleep(EVERY).await;
    }
}

/// What is known of one account: on chain, and the newest that is stored.
async fn told(client: &Client, key: &str, chain: Option<&State>) -> Result<String> {
    let sql = format!(
        "SELECT slot, write_version, lamports, closed, toString(source), hex(substring(data, 1, 64)) FROM account_versions \
         WHERE pubkey = base58Decode('{key}') ORDER BY slot DESC, write_version DESC LIMIT 3"
    );
    let rows: Vec<(u64, u64, u64, bool, String, String)> = client.rows(&sql).await?;
    let sql = "SELECT toString(kind), max(slot_to) FROM account_coverage FINAL GROUP BY kind ORDER BY kind";
    let cover: Vec<(String, u64)> = client.rows(sql).await?;
    let chain = chain.map(|(lamports, data)| (lamports, hex::encode(&data[..data.len().min(64)])));
    Ok(format!(
        "on chain {chain:?}; stored, newest first {rows:?}; covered {cover:?}"
    ))
}

async fn stored(client: &Client) -> Result<States> {
    let sql = "SELECT base58Encode(pubkey), lamports, hex(data) FROM account_facts(as_of = 18446744073709551615) \
               WHERE NOT closed";
    let rows: Vec<(String, u64, String)> = client.rows(sql).await?;
    let state = |(key, lamports, data): (String, u64, String)| Ok((key, (lamports, unhex(&data)?)));
    rows.into_iter().map(state).collect()
}

fn unhex(text: &str) -> Result<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair)?, 16).context("hexadecimal");
    digits.map(byte).collect()
}

async fn on_chain(rpc: &str) -> Result<States> {
    let mut states = States::new();
    for (label, _) in idl::builtin() {
        let program = bs58::encode(localnet::program_id(label)).into_string();
        let config = json!({"encoding": "base64", "commitment": "confirmed"});
        let answer = rpc::call(rpc, "getProgramAccounts", json!([program, config])).await?;
        let entries = answer
            .as_array()
            .with_context(|| format!("accounts of {label}: {answer}"))?;
        for entry in entries {
            let text = |value: &Value| value.as_str().map(str::to_owned).context("text");
            let data = base64_simd::STANDARD.decode_to_vec(text(&entry["account"]["data"][0])?)?;
            let lamports = entry["account"]["lamports"].as_u64().context("lamports")?;
            states.insert(text(&entry["pubkey"])?, (lamports, data));
        }
    }
    Ok(states)
}
