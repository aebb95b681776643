//! Methods about slots, blocks and transactions in them.

use serde_json::{Value, json};
use yellowstone_grpc_proto::prelude::SubscribeUpdateBlock;

use super::{
    Context,
    encode::{self, Encoding},
    error::{Answer, RpcError},
    params::{Config, Params},
};
use crate::chain::{BLOCKHASH_LIFE, Commitment, Reader};

/// The widest range of `getBlocks`.
const MAX_RANGE: u64 = 500_000;

impl Context {
    pub(super) fn get_slot(&self, params: &Params) -> Answer {
        let config = params.config(0)?;
        let level = config.level("commitment")?;
        let slot = self.chain.newest(&self.chain.reader()?, level)?;
        self.reached(&config, slot)?;
        Ok(json!(slot))
    }

    pub(super) fn get_block_height(&self, params: &Params) -> Answer {
        let slot = self.slot(&params.config(0)?)?;
        let header = self.chain.reader()?.header(slot)?;
        Ok(json!(header.map_or(0, |header| header.height)))
    }

    pub(super) fn get_latest_blockhash(&self, params: &Params) -> Answer {
        let slot = self.slot(&params.config(0)?)?;
        let (blockhash, height) = match self.chain.reader()?.header(slot)? {
            Some(header) => (header.blockhash, header.height),
            None => (self.chain.genesis().hash, 0),
        };
        Ok(self.contextual(
            slot,
            &json!({
                "blockhash": encode::base58(&blockhash),
                "lastValidBlockHeight": height + BLOCKHASH_LIFE as u64,
            }),
        ))
    }

    pub(super) fn get_genesis_hash(&self) -> Answer {
        Ok(json!(encode::base58(&self.chain.genesis().hash)))
    }

    pub(super) fn get_blocks(&self, params: &Params) -> Answer {
        let from = params.number(0)?;
        // The second parameter may be left out: the options then take its place.
        let (to, config) = match params.0.get(1) {
            None | Some(Value::Null) => (None, params.config(2)?),
            Some(Value::Object(_)) => (None, params.config(1)?),
            Some(_) => (Some(params.number(1)?), params.config(2)?),
        };
        let level = config.block_level()?;
        let reader = self.chain.reader()?;
        let newest = self.chain.newest(&reader, level)?;
        let to = to.unwrap_or(newest).min(newest);
        if to < from {
            return Ok(json!([]));
        }
        if to - from > MAX_RANGE {
            return Err(RpcError::params(format!(
                "Slot range too large; max {MAX_RANGE}"
            )));
        }
        Ok(json!(self.slots(&reader, from, to, usize::MAX, level)?))
    }

    pub(super) fn get_blocks_with_limit(&self, params: &Params) -> Answer {
        let (from, limit) = (params.number(0)?, params.number(1)?);
        let level = params.config(2)?.block_level()?;
        if limit > MAX_RANGE {
            return Err(RpcError::params(format!(
                "Limit too large; max {MAX_RANGE}"
            )));
        }
        let reader = self.chain.reader()?;
        let newest = self.chain.newest(&reader, level)?;
        let limit = usize::try_from(limit).unwrap_or(0);
        Ok(json!(self.slots(&reader, from, newest, limit, level)?))
    }

    /// Slots with blocks in a range, as this level tells them at the moment.
    fn slots(
        &self,
        reader: &Reader,
        from: u64,
        to: u64,
        limit: usize,
        level: Commitment,
    ) -> Result<Vec<u64>, RpcError> {
        let mut slots = reader.slots(from, to, limit)?;
        if let Some(block) = self.chain.doomed(level)
            && (from..=to).contains(&block.slot)
        {
            slots.retain(|slot| *slot < block.slot);
            slots.push(block.slot);
            slots.truncate(limit);
        }
        Ok(slots)
    }

    pub(super) fn get_block_time(&self, params: &Params) -> Answer {
        let slot = params.number(0)?;
        let reader = self.chain.reader()?;
        match reader.header(slot)? {
            Some(header) => Ok(json!(header.time)),
            None if slot < reader.tip().0 => Err(RpcError::skipped(slot)),
            None => Err(RpcError::block_not_available(slot)),
        }
    }

    pub(super) fn get_block(&self, params: &Params) -> Answer {
        let slot = params.number(0)?;
        let config = match params.0.get(1) {
            Some(Value::String(encoding)) => Config::single("encoding", json!(encoding)),
            _ => params.config(1)?,
        };
        let level = config.block_level()?;
        let encoding = Encoding::parse(config.text("encoding")?)?;
        let details = config.text("transactionDetails")?.unwrap_or("full");
        let rewards = config.flag("rewards", true)?;
        let max_version = config.number("maxSupportedTransactionVersion")?;
        let doomed = self.chain.doomed(level);
        let block = match doomed.filter(|block| block.slot == slot) {
            Some(block) => block,
            None if slot > self.chain.newest(&self.chain.reader()?, level)? => {
                return Err(RpcError::block_not_available(slot));
            }
            None => self
                .chain
                .block(slot)?
                .ok_or_else(|| RpcError::skipped(slot))?,
        };
        let mut object = json!({
            "previousBlockhash": block.parent_blockhash,
            "blockhash": block.blockhash,
            "parentSlot": block.parent_slot,
            "blockTime": block.block_time.map(|t| t.timestamp),
            "blockHeight": block.block_height.map(|h| h.block_height),
        });
        match details {
            "full" => object["transactions"] = full(&block, encoding, max_version)?,
            "accounts" => object["transactions"] = accounts(&block, max_version)?,
            "signatures" => {
                let signatures = block
                    .transactions
                    .iter()
                    .map(|t| encode::base58(&t.signature));
                object["signatures"] = signatures.collect();
            }
            "none" => {}
            other => {
                return Err(RpcError::params(format!(
                    "Invalid params: unknown variant `{other}`, expected one of `full`, `signatures`, `none`, `accounts`."
                )));
            }
        }
        if rewards {
            object["rewards"] = json!([]);
        }
        Ok(object)
    }

    pub(super) fn get_transaction(&self, params: &Params) -> Answer {
        let signature = super::signatures::parse(params.text(0)?)?;
        let config = match params.0.get(1) {
            Some(Value::String(encoding)) => Config::single("encoding", json!(encoding)),
            _ => params.config(1)?,
        };
        let level = config.block_level()?;
        let encoding = Encoding::parse(config.text("encoding")?)?;
        let max_version = config.number("maxSupportedTransactionVersion")?;
        let reader = self.chain.reader()?;
        let Some(position) = reader.position(signature.as_array())? else {
            return Ok(Value::Null);
        };
        if position.slot > reader.tip().at(level) {
            return Ok(Value::Null);
        }
        let block = self.chain.block(position.slot)?;
        let info = block
            .as_ref()
            .and_then(|b| b.transactions.get(position.index as usize));
        let (Some(block), Some(info)) = (&block, info) else {
            return Err(RpcError::internal(
                "the index names a transaction that is not stored",
            ));
        };
        let mut object = encode::with_meta(info, encoding, max_version)?;
        object.insert("slot".to_owned(), json!(position.slot));
        object.insert(
            "blockTime".to_owned(),
            json!(block.block_time.map(|t| t.timestamp)),
        );
        Ok(Value::Object(object))
    }

    pub(super) fn is_blockhash_valid(&self, params: &Params) -> Answer {
        let blockhash = params.address(0)?;
        let slot = self.slot(&params.config(1)?)?;
        Ok(self.contextual(slot, &json!(self.chain.is_recent(&blockhash.to_bytes()))))
    }

    pub(super) fn get_epoch_info(&self, params: &Params) -> Answer {
        const SLOTS: u64 = 432_000;
        let slot = self.slot(&params.config(0)?)?;
        let height = self
            .chain
            .reader()?
            .header(slot)?
            .map_or(0, |header| header.height);
        Ok(json!({
            "absoluteSlot": slot,
            "blockHeight": height,
            "epoch": slot / SLOTS,
            "slotIndex": slot % SLOTS,
            "slotsInEpoch": SLOTS,
            "transactionCount": null,
        }))
    }

    pub(super) fn get_first_available_block(&self) -> Answer {
        Ok(json!(
            self.chain
                .reader()?
                .slots(0, u64::MAX, 1)?
                .first()
                .copied()
                .unwrap_or(0)
        ))
    }

    /// The newest slot at the level that a request names, checked against its `minContextSlot`.
    pub(super) fn slot(&self, config: &Config) -> Result<u64, RpcError> {
        let level = config.level("commitment")?;
        let slot = self.chain.reader()?.at(level)?;
        self.reached(config, slot)?;
        Ok(slot)
    }

    /// Checks `minContextSlot`.
    pub(super) fn reached(&self, config: &Config, slot: u64) -> Result<(), RpcError> {
        match config.number("minContextSlot")? {
            Some(min) if slot < min => Err(RpcError::min_context(slot)),
            _ => Ok(()),
        }
    }

    /// An answer with the slot that it is from.
    pub(super) fn contextual(&self, slot: u64, value: &Value) -> Value {
        json!({"context": {"slot": slot, "apiVersion": crate::SOLANA_VERSION}, "value": value})
    }

    /// The highest level of a slot, by name.
    pub(super) fn status_of(&self, slot: u64) -> &'static str {
        self.chain
            .tip()
            .level_of(slot)
            .unwrap_or(Commitment::Processed)
            .name()
    }
}

fn full(
    block: &SubscribeUpdateBlock,
    encoding: Encoding,
    max_version: Option<u64>,
) -> Result<Value, RpcError> {
    let transactions = block.transactions.iter();
    transactions
        .map(|info| encode::with_meta(info, encoding, max_version).map(Value::Object))
        .collect()
}

fn accounts(block: &SubscribeUpdateBlock, max_version: Option<u64>) -> Result<Value, RpcError> {
    let transactions = block.transactions.iter();
    transactions
        .map(|info| {
            let mut object = encode::with_meta(info, Encoding::JsonParsed, max_version)?;
            if let Some(message) = info.transaction.as_ref().and_then(|t| t.message.as_ref()) {
                let signatures = object.get("transaction").map(|t| t["signatures"].clone());
                let keys = encode::account_keys(info, message);
                let short = json!({"accountKeys": keys, "signatures": signatures});
                object.insert("transaction".to_owned(), short);
            }
            Ok(Value::Object(object))
        })
        .collect()
}
