//! Transactions and accounts as JSON, in the encodings that clients ask for.

use serde_json::{Map, Value, json};
use solana_sdk::{account::Account, transaction::TransactionError};
use yellowstone_grpc_proto::prelude::{
    CompiledInstruction, Message, SubscribeUpdateTransactionInfo, TokenBalance,
    TransactionStatusMeta,
};

use super::{error::RpcError, wire::wire};
use crate::chain::keys_of;

/// An encoding of transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Objects with indexes into the keys.
    Json,
    /// Objects with the keys themselves.
    JsonParsed,
    /// The wire bytes in base58.
    Base58,
    /// The wire bytes in base64.
    Base64,
}

impl Encoding {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, RpcError> {
        match text {
            None | Some("json") => Ok(Self::Json),
            Some("jsonParsed") => Ok(Self::JsonParsed),
            Some("base58" | "binary") => Ok(Self::Base58),
            Some("base64") => Ok(Self::Base64),
            Some(other) => Err(RpcError::params(format!(
                "Invalid params: unknown variant `{other}`, expected one of `binary`, `base64`, `base58`, `json`, `jsonParsed`."
            ))),
        }
    }
}

pub(super) fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

pub(super) fn base58(bytes: &[u8]) -> String {
    bs58::encode(bytes).into_string()
}

/// The version as clients see it: a number, or "legacy".
pub(super) fn version(info: &SubscribeUpdateTransactionInfo) -> Option<u8> {
    let message = info.transaction.as_ref()?.message.as_ref()?;
    message.versioned.then_some(0)
}

/// A transaction with its metadata, as blocks and single answers show it. `max_version` is what the
/// client says it understands; without it only legacy transactions are shown.
pub(super) fn with_meta(
    info: &SubscribeUpdateTransactionInfo,
    encoding: Encoding,
    max_version: Option<u64>,
) -> Result<Map<String, Value>, RpcError> {
    let mut object = Map::new();
    let version = version(info);
    match (version, max_version) {
        (Some(version), None) => return Err(RpcError::version(version)),
        (Some(version), Some(max)) if u64::from(version) > max => {
            return Err(RpcError::version(version));
        }
        _ => {}
    }
    object.insert("transaction".to_owned(), transaction(info, encoding));
    object.insert("meta".to_owned(), meta(info, encoding));
    if max_version.is_some() {
        object.insert(
            "version".to_owned(),
            version.map_or(json!("legacy"), |v| json!(v)),
        );
    }
    Ok(object)
}

/// A transaction without its execution.
pub(super) fn transaction(info: &SubscribeUpdateTransactionInfo, encoding: Encoding) -> Value {
    let Some(transaction) = &info.transaction else {
        return Value::Null;
    };
    let Some(message) = &transaction.message else {
        return Value::Null;
    };
    match encoding {
        Encoding::Base64 => json!([base64(&wire(transaction, message)), "base64"]),
        Encoding::Base58 => json!([base58(&wire(transaction, message)), "base58"]),
        Encoding::Json => {
            let mut object = json!({
                "accountKeys": texts(&message.account_keys),
                "header": header(message),
                "recentBlockhash": base58(&message.recent_blockhash),
                "instructions": message.instructions.iter().map(|ix| json!({
                    "programIdIndex": ix.program_id_index,
                    "accounts": ix.accounts,
                    "data": base58(&ix.data),
                    "stackHeight": 1,
                })).collect::<Vec<_>>(),
            });
            if message.versioned {
                object["addressTableLookups"] = lookups(message);
            }
            json!({"signatures": texts(&transaction.signatures), "message": object})
        }
        Encoding::JsonParsed => {
            let keys = keys_of(info);
            let mut object = json!({
                "accountKeys": account_keys(info, message),
                "recentBlockhash": base58(&message.recent_blockhash),
                "instructions": message
                    .instructions
                    .iter()
                    .map(|ix| partly_decoded(&keys, ix, 1))
                    .collect::<Vec<_>>(),
            });
            if message.versioned {
                object["addressTableLookups"] = lookups(message);
            }
            json!({"signatures": texts(&transaction.signatures), "message": object})
        }
    }
}

/// Every key with its role.
pub(super) fn account_keys(info: &SubscribeUpdateTransactionInfo, message: &Message) -> Vec<Value> {
    let header = message.header.unwrap_or_default();
    let fixed = message.account_keys.len();
    let signers = header.num_required_signatures as usize;
    let loaded_writable = info
        .meta
        .as_ref()
        .map_or(0, |m| m.loaded_writable_addresses.len());
    keys_of(info)
        .iter()
        .enumerate()
        .map(|(at, key)| {
            let writable = if at < signers {
                at < signers - header.num_readonly_signed_accounts as usize
            } else if at < fixed {
                at < fixed - header.num_readonly_unsigned_accounts as usize
            } else {
                at < fixed + loaded_writable
            };
            json!({
                "pubkey": base58(key),
                "writable": writable,
                "signer": at < signers,
                "source": if at < fixed { "transaction" } else { "lookupTable" },
            })
        })
        .collect()
}

/// The execution's metadata.
pub(super) fn meta(info: &SubscribeUpdateTransactionInfo, encoding: Encoding) -> Value {
    let Some(meta) = &info.meta else {
        return Value::Null;
    };
    let err = error(meta);
    let status = match &err {
        Value::Null => json!({"Ok": null}),
        err => json!({"Err": err}),
    };
    let mut object = json!({
        "err": err,
        "status": status,
        "fee": meta.fee,
        "preBalances": meta.pre_balances,
        "postBalances": meta.post_balances,
        "innerInstructions": inner(info, meta, encoding),
        "logMessages": if meta.log_messages_none { Value::Null } else { json!(meta.log_messages) },
        "preTokenBalances": tokens(&meta.pre_token_balances),
        "postTokenBalances": tokens(&meta.post_token_balances),
        "rewards": [],
    });
    if encoding != Encoding::JsonParsed {
        object["loadedAddresses"] = json!({
            "writable": texts(&meta.loaded_writable_addresses),
            "readonly": texts(&meta.loaded_readonly_addresses),
        });
    }
    if let Some(returned) = &meta.return_data {
        object["returnData"] = json!({
            "programId": base58(&returned.program_id),
            "data": [base64(&returned.data), "base64"],
        });
    }
    if let Some(units) = meta.compute_units_consumed {
        object["computeUnitsConsumed"] = json!(units);
    }
    if let Some(units) = meta.cost_units {
        object["costUnits"] = json!(units);
    }
    object
}

/// Why a transaction failed, as JSON; null where it did not.
pub(super) fn error(meta: &TransactionStatusMeta) -> Value {
    let Some(err) = &meta.err else {
        return Value::Null;
    };
    match bincode::deserialize::<TransactionError>(&err.err) {
        Ok(err) => error_value(&err),
        Err(_) => Value::Null,
    }
}

/// An execution error as JSON.
pub(super) fn error_value(err: &TransactionError) -> Value {
    serde_json::to_value(err).unwrap_or(Value::Null)
}

fn inner(
    info: &SubscribeUpdateTransactionInfo,
    meta: &TransactionStatusMeta,
    encoding: Encoding,
) -> Value {
    if meta.inner_instructions_none {
        return Value::Null;
    }
    let keys = keys_of(info);
    let groups = meta.inner_instructions.iter().map(|group| {
        let instructions = group.instructions.iter().map(|ix| {
            if encoding == Encoding::JsonParsed {
                let plain = CompiledInstruction {
                    program_id_index: ix.program_id_index,
                    accounts: ix.accounts.clone(),
                    data: ix.data.clone(),
                };
                partly_decoded(&keys, &plain, ix.stack_height.unwrap_or(2))
            } else {
                json!({
                    "programIdIndex": ix.program_id_index,
                    "accounts": ix.accounts,
                    "data": base58(&ix.data),
                    "stackHeight": ix.stack_height,
                })
            }
        });
        json!({"index": group.index, "instructions": instructions.collect::<Vec<_>>()})
    });
    Value::Array(groups.collect())
}

fn partly_decoded(keys: &[[u8; 32]], ix: &CompiledInstruction, height: u32) -> Value {
    let key = |at: usize| keys.get(at).map(|key| base58(key));
    json!({
        "programId": key(ix.program_id_index as usize),
        "accounts": ix.accounts.iter().map(|at| key(usize::from(*at))).collect::<Vec<_>>(),
        "data": base58(&ix.data),
        "stackHeight": height,
    })
}

fn tokens(balances: &[TokenBalance]) -> Value {
    let balances = balances.iter().map(|balance| {
        let amount = balance.ui_token_amount.clone().unwrap_or_default();
        json!({
            "accountIndex": balance.account_index,
            "mint": balance.mint,
            "owner": balance.owner,
            "programId": balance.program_id,
            "uiTokenAmount": {
                "uiAmount": if amount.amount == "0" { Value::Null } else { json!(amount.ui_amount) },
                "decimals": amount.decimals,
                "amount": amount.amount,
                "uiAmountString": amount.ui_amount_string,
            },
        })
    });
    Value::Array(balances.collect())
}

fn header(message: &Message) -> Value {
    let header = message.header.unwrap_or_default();
    json!({
        "numRequiredSignatures": header.num_required_signatures,
        "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
        "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
    })
}

fn lookups(message: &Message) -> Value {
    let lookups = message.address_table_lookups.iter().map(|lookup| {
        json!({
            "accountKey": base58(&lookup.account_key),
            "writableIndexes": lookup.writable_indexes,
            "readonlyIndexes": lookup.readonly_indexes,
        })
    });
    Value::Array(lookups.collect())
}

fn texts(list: &[Vec<u8>]) -> Vec<String> {
    list.iter().map(|bytes| base58(bytes)).collect()
}

/// An account in an encoding, with an optional slice of its data.
pub(super) fn account(
    account: &Account,
    encoding: Option<&str>,
    slice: Option<(usize, usize)>,
) -> Result<Value, RpcError> {
    let data = match slice {
        None => account.data.as_slice(),
        Some((offset, length)) => {
            let end = offset.saturating_add(length).min(account.data.len());
            account.data.get(offset.min(end)..end).unwrap_or_default()
        }
    };
    let short = || {
        if data.len() > 128 {
            return Err(RpcError::new(
                -32600,
                "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.",
            ));
        }
        Ok(base58(data))
    };
    let data_json = match encoding {
        None | Some("binary") => json!(short()?),
        Some("base58") => json!([short()?, "base58"]),
        // No parser knows our programs' accounts: a node answers base64 then, too.
        Some("base64" | "jsonParsed") => json!([base64(data), "base64"]),
        Some("base64+zstd") => {
            let packed = zstd::bulk::compress(data, 0)
                .map_err(|error| RpcError::internal(error.to_string()))?;
            json!([base64(&packed), "base64+zstd"])
        }
        Some(other) => {
            return Err(RpcError::params(format!(
                "Invalid params: unknown variant `{other}`, expected one of `binary`, `base58`, `base64`, `jsonParsed`, `base64+zstd`."
            )));
        }
    };
    Ok(json!({
        "lamports": account.lamports,
        "data": data_json,
        "owner": account.owner.to_string(),
        "executable": account.executable,
        "rentEpoch": account.rent_epoch,
        "space": account.data.len(),
    }))
}
