//! Methods about signatures.

use std::{collections::HashMap, str::FromStr, sync::Arc};

use serde_json::{Value, json};
use solana_sdk::signature::Signature;
use yellowstone_grpc_proto::prelude::SubscribeUpdateBlock;

use super::{
    Context, encode,
    error::{Answer, RpcError},
    params::Params,
};
use crate::chain::Position;

/// Signatures of one answer, and of one question about statuses.
const MAX_SIGNATURES: u64 = 1_000;
const MAX_STATUSES: usize = 256;

/// A signature parameter.
pub(super) fn parse(text: &str) -> Result<Signature, RpcError> {
    Signature::from_str(text).map_err(|_| RpcError::params("Invalid param: Invalid"))
}

impl Context {
    pub(super) fn get_signatures_for_address(&self, params: &Params) -> Answer {
        let address = params.address(0)?;
        let config = params.config(1)?;
        let level = config.block_level()?;
        let limit = config.number("limit")?.unwrap_or(MAX_SIGNATURES);
        if limit == 0 || limit > MAX_SIGNATURES {
            return Err(RpcError::params(format!(
                "Invalid limit; max {MAX_SIGNATURES}"
            )));
        }
        let reader = self.chain.reader()?;
        let newest = reader.tip().at(level);
        self.reached(&config, newest)?;
        let before = match config.signature("before")? {
            None => None,
            Some(signature) => match reader.position(signature.as_array())? {
                Some(position) => Some(position),
                // A node that does not know the signature has nothing before it.
                None => return Ok(json!([])),
            },
        };
        // An unknown `until` bounds nothing: that is what nodes do.
        let until = match config.signature("until")? {
            None => None,
            Some(signature) => reader.position(signature.as_array())?,
        };
        let limit = usize::try_from(limit).unwrap_or(0);
        let found = reader.by_address(&address.to_bytes(), newest, before, until, limit)?;
        let mut blocks = HashMap::new();
        found
            .into_iter()
            .map(|position| self.signature_entry(position, &mut blocks))
            .collect()
    }

    fn signature_entry(
        &self,
        position: Position,
        blocks: &mut HashMap<u64, Arc<SubscribeUpdateBlock>>,
    ) -> Result<Value, RpcError> {
        let missing = || RpcError::internal("the index names a transaction that is not stored");
        if !blocks.contains_key(&position.slot) {
            // Neighbours share a block; old ones are not kept.
            blocks.clear();
            let block = self.chain.block(position.slot)?.ok_or_else(missing)?;
            blocks.insert(position.slot, block);
        }
        let block = blocks.get(&position.slot).ok_or_else(missing)?;
        let info = block
            .transactions
            .get(position.index as usize)
            .ok_or_else(missing)?;
        Ok(json!({
            "signature": encode::base58(&info.signature),
            "slot": position.slot,
            "err": info.meta.as_ref().map_or(Value::Null, encode::error),
            "memo": null,
            "blockTime": block.block_time.map(|t| t.timestamp),
            "confirmationStatus": self.status_of(position.slot),
            "transactionIndex": position.index,
        }))
    }

    pub(super) fn get_signature_statuses(&self, params: &Params) -> Answer {
        let Some(Value::Array(list)) = params.0.first() else {
            return Err(RpcError::params(
                "Invalid params: expected a list of signatures.",
            ));
        };
        if list.len() > MAX_STATUSES {
            return Err(RpcError::params(format!(
                "Too many inputs provided; max {MAX_STATUSES}"
            )));
        }
        let reader = self.chain.reader()?;
        let tip = reader.tip();
        let values = list
            .iter()
            .map(|text| {
                let signature = parse(text.as_str().unwrap_or_default())?;
                let Some(position) = reader.position(signature.as_array())? else {
                    return Ok(Value::Null);
                };
                let block = self.chain.block(position.slot)?;
                let info = block.as_ref().and_then(|b| b.transactions.get(position.index as usize));
                let err = info.and_then(|i| i.meta.as_ref()).map_or(Value::Null, encode::error);
                let status = match &err {
                    Value::Null => json!({"Ok": null}),
                    err => json!({"Err": err}),
                };
                let level = tip.level_of(position.slot);
                let rooted = level == Some(crate::chain::Commitment::Finalized);
                Ok(json!({
                    "slot": position.slot,
                    "confirmations": if rooted { Value::Null } else { json!(tip.0 - position.slot) },
                    "err": err,
                    "status": status,
                    "confirmationStatus": level.map(crate::chain::Commitment::name),
                }))
            })
            .collect::<Result<Vec<_>, RpcError>>()?;
        Ok(self.contextual(tip.0, &json!(values)))
    }
}
