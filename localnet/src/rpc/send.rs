//! Methods that take transactions.

use bincode::Options as _;
use serde_json::{Value, json};
use solana_sdk::{account::Account, transaction::VersionedTransaction};

use super::{
    Context, encode,
    error::{Answer, RpcError},
    params::{Config, Params},
};
use crate::svm::Simulated;

/// The largest transaction that fits into a packet.
const MAX_BYTES: usize = 1_232;
/// Its base58 and base64 texts cannot be longer.
const MAX_BASE58: usize = 1_683;
const MAX_BASE64: usize = 1_644;

fn decode(text: &str, encoding: &str) -> Result<VersionedTransaction, RpcError> {
    let limit = if encoding == "base64" {
        MAX_BASE64
    } else {
        MAX_BASE58
    };
    if text.len() > limit {
        return Err(RpcError::params(format!(
            "{encoding} encoded transaction too large: {} bytes (max: encoded/raw {limit}/{MAX_BYTES})",
            text.len()
        )));
    }
    let invalid = |what: &dyn std::fmt::Display| {
        RpcError::params(format!("invalid {encoding} encoding: {what}"))
    };
    let bytes = match encoding {
        "base64" => base64_simd::STANDARD
            .decode_to_vec(text)
            .map_err(|e| invalid(&e))?,
        "base58" => bs58::decode(text).into_vec().map_err(|e| invalid(&e))?,
        other => {
            return Err(RpcError::params(format!(
                "unsupported encoding: {other}. Supported encodings: base58, base64"
            )));
        }
    };
    if bytes.len() > MAX_BYTES {
        return Err(RpcError::params(format!(
            "decoded transaction too large: {} bytes (max: {MAX_BYTES} bytes)",
            bytes.len()
        )));
    }
    let transaction: VersionedTransaction = bincode::options()
        .with_limit(MAX_BYTES as u64)
        .with_fixint_encoding()
        .allow_trailing_bytes()
        .deserialize(&bytes)
        .map_err(|e| {
            RpcError::params(format!(
                "failed to deserialize solana_transaction::versioned::VersionedTransaction: {e}"
            ))
        })?;
    transaction
        .sanitize()
        .map_err(|e| RpcError::params(format!("invalid transaction: {e}")))?;
    Ok(transaction)
}

fn encoding<'a>(config: &'a Config, default: &'a str) -> Result<&'a str, RpcError> {
    Ok(config.text("encoding")?.unwrap_or(default))
}

fn signed(transaction: &VersionedTransaction) -> bool {
    transaction.verify_with_results().iter().all(|valid| *valid)
}

fn result(simulated: &Simulated, accounts: &Value) -> Value {
    json!({
        "err": simulated.err.as_ref().map_or(Value::Null, encode::error_value),
        "logs": simulated.logs,
        "accounts": accounts,
        "unitsConsumed": simulated.compute_units,
        "returnData": simulated.return_data.as_ref().map(|(program, data)| json!({
            "programId": program.to_string(),
            "data": [encode::base64(data), "base64"],
        })),
        "innerInstructions": null,
        "replacementBlockhash": null,
    })
}

impl Context {
    pub(super) fn send_transaction(&self, params: &Params) -> Answer {
        let config = params.config(1)?;
        let transaction = decode(params.text(0)?, encoding(&config, "base58")?)?;
        let signature = transaction.signatures.first().copied().unwrap_or_default();
        self.reached(&config, self.chain.tip().0)?;
        if !config.flag("skipPreflight", false)? {
            if !signed(&transaction) {
                return Err(RpcError::signature_failure());
            }
            if self.chain.failure().is_some() {
                return Err(RpcError::unhealthy());
            }
            let simulated = self.chain.simulate(&transaction, true)?;
            if let Some(err) = &simulated.err {
                return Err(
                    RpcError::new(-32002, format!("Transaction simulation failed: {err}"))
                        .with(result(&simulated, &Value::Null)),
                );
            }
        }
        self.chain
            .submit(transaction)
            .map_err(|full| RpcError::internal(full.to_string()))?;
        Ok(json!(signature.to_string()))
    }

    pub(super) fn simulate_transaction(&self, params: &Params) -> Answer {
        let config = params.config(1)?;
        let mut transaction = decode(params.text(0)?, encoding(&config, "base58")?)?;
        let verify = config.flag("sigVerify", false)?;
        let replace = config.flag("replaceRecentBlockhash", false)?;
        if verify && replace {
            return Err(RpcError::params(
                "sigVerify may not be used with replaceRecentBlockhash",
            ));
        }
        if verify && !signed(&transaction) {
            return Err(RpcError::signature_failure());
        }
        let reader = self.chain.reader()?;
        let slot = reader.tip().0;
        self.reached(&config, slot)?;
        let mut replacement = Value::Null;
        if replace {
            let (hash, height) = match reader.header(slot)? {
                Some(header) => (header.blockhash, header.height),
                None => (self.chain.genesis().hash, 0),
            };
            transaction
                .message
                .set_recent_blockhash(solana_sdk::hash::Hash::new_from_array(hash));
            replacement = json!({
                "blockhash": encode::base58(&hash),
                "lastValidBlockHeight": height + crate::chain::BLOCKHASH_LIFE as u64,
            });
        }
        let simulated = self.chain.simulate(&transaction, !replace)?;
        let accounts = self.simulated_accounts(&config, &simulated)?;
        let mut value = result(&simulated, &accounts);
        value["replacementBlockhash"] = replacement;
        Ok(self.contextual(slot, &value))
    }

    /// The accounts that a simulation was asked to show, as it would leave them.
    fn simulated_accounts(&self, config: &Config, simulated: &Simulated) -> Answer {
        let Some(asked) = config.get("accounts") else {
            return Ok(Value::Null);
        };
        let Some(list) = asked["addresses"]
            .as_array()
            .filter(|list| list.len() <= 100)
        else {
            return Err(RpcError::params("Invalid params: accounts.addresses"));
        };
        let encoding = asked["encoding"].as_str().or(Some("base64"));
        list.iter()
            .map(|text| {
                let found = simulated
                    .accounts
                    .iter()
                    .find(|(address, _)| text.as_str().is_some_and(|t| address.to_string() == t));
                match found {
                    Some((_, account)) if *account != Account::default() => {
                        encode::account(account, encoding, None)
                    }
                    _ => Ok(Value::Null),
                }
            })
            .collect()
    }
}
