//! Whole blocks straight from their bytes.
//!
//! A generated decoder makes every balance, reward and key an allocation of its own, which nobody reads: that cost more
//! than all the rest of the way to rows. Here only what a block needs is taken. Whatever is not plain (a field twice, an
//! index too large, a key that is none) is left to prost and [`super::proto`], which decide what it means: tests hold
//! both against each other.

use hypernode_decoder::chain::{Block, InnerGroup, Instruction, Proof, Pubkey, Transaction};
use prost::Message as _;
use yellowstone_grpc_proto::geyser::SubscribeUpdateBlock;

use super::fields::{Fields, NotPlain};
use super::{ConvertError, hash, proto, shell};

/// A `SubscribeUpdateBlock` in its encoding, and the number of its transactions that are kept as shells.
///
/// # Errors
/// As [`super::block`], and when the bytes are no such message.
pub fn block_from_wire(bytes: &[u8]) -> Result<(Block, u64), ConvertError> {
    if let Ok(block) = block(bytes) {
        return Ok((block, 0));
    }
    let message = SubscribeUpdateBlock::decode(bytes)
        .map_err(|error| ConvertError::Wire(error.to_string()))?;
    proto::block(message)
}

/// The block, if everything about it is plain.
pub(super) fn block(bytes: &[u8]) -> Result<Block, NotPlain> {
    let mut block = Block::default();
    let (mut blockhash, mut parent_blockhash) = ("", "");
    let (mut time, mut height) = (None, None);
    let mut fields = Fields::new(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => block.slot = value.number()?,
            2 => blockhash = value.text()?,
            4 => value.once(&mut time)?,
            5 => value.once(&mut height)?,
            6 => block.transactions.push(transaction(value.bytes()?)?),
            7 => block.parent_slot = value.number()?,
            8 => parent_blockhash = value.text()?,
            9 => block.executed_transaction_count = value.number()?,
            _ => {}
        }
    }
    block.blockhash = hash(block.slot, "", blockhash).map_err(|_| NotPlain)?;
    block.parent_blockhash = hash(block.slot, "", parent_blockhash).map_err(|_| NotPlain)?;
    // Protobuf's int64 is the same bits.
    block.block_time = time.map(first_number).transpose()?.map(u64::cast_signed);
    block.block_height = height.map(first_number).transpose()?;
    if !block.transactions.is_sorted_by_key(|tx| tx.index) {
        block.transactions.sort_by_key(|tx| tx.index);
    }
    let executed = block.executed_transaction_count;
    block.proof = if executed > 0 && block.transactions.len() as u64 == executed {
        Proof::Count
    } else {
        Proof::Block
    };
    Ok(block)
}

/// Field 1 of a message that has only that one.
fn first_number(message: &[u8]) -> Result<u64, NotPlain> {
    let mut out = 0;
    let mut fields = Fields::new(message);
    while let Some((number, value)) = fields.next()? {
        if number == 1 {
            out = value.number()?;
        }
    }
    Ok(out)
}

fn transaction(info: &[u8]) -> Result<Transaction, NotPlain> {
    let (mut signature, mut index, mut body, mut meta) = (None, 0, None, None);
    let mut fields = Fields::new(info);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => signature = Some(value.array::<64>()?),
            3 => value.once(&mut body)?,
            4 => value.once(&mut meta)?,
            5 => index = value.small::<u32>()?,
            _ => {}
        }
    }
    let mut out = shell(signature.ok_or(NotPlain)?, index, None);
    let mut message = None;
    let mut fields = Fields::new(body.ok_or(NotPlain)?);
    while let Some((number, value)) = fields.next()? {
        if number == 2 {
            value.once(&mut message)?;
        }
    }
    self::message(message.ok_or(NotPlain)?, &mut out)?;
    self::meta(meta.ok_or(NotPlain)?, &mut out)?;
    if usize::from(out.signers) > out.keys.len() {
        return Err(NotPlain);
    }
    Ok(out)
}

/// Lists begin with room for as many as usual, so that they rarely move.
const USUAL: usize = 16;

fn message(bytes: &[u8], out: &mut Transaction) -> Result<(), NotPlain> {
    out.keys = Vec::with_capacity(USUAL);
    let (mut header, mut versioned, mut config) = (None, false, false);
    let mut fields = Fields::new(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => value.once(&mut header)?,
            2 => out.keys.push(value.array()?),
            4 => out.instructions.push(instruction(value.bytes()?, true)?),
            5 => versioned = value.flag()?,
            7 => config = value.bytes().map(|_| true)?,
            _ => {}
        }
    }
    out.version = match (config, versioned) {
        (true, _) => 1,
        (false, true) => 0,
        (false, false) => -1,
    };
    if let Some(header) = header {
        out.signers = u8::try_from(first_number(header)?).map_err(|_| NotPlain)?;
    }
    Ok(())
}

fn meta(bytes: &[u8], out: &mut Transaction) -> Result<(), NotPlain> {
    let (mut error, mut readonly) = (None, Vec::<Pubkey>::new());
    let (mut inner, mut no_inner) = (Vec::new(), false);
    let (mut logs, mut no_logs) = (Vec::with_capacity(USUAL), false);
    let mut fields = Fields::new(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => value.once(&mut error)?,
            2 => out.fee = value.number()?,
            5 => inner.push(group(value.bytes()?)?),
            6 => logs.push(value.text()?.to_owned()),
            10 => no_inner = value.flag()?,
            11 => no_logs = value.flag()?,
            12 => out.keys.push(value.array()?),
            13 => readonly.push(value.array()?),
            16 => out.compute_units = Some(value.number()?),
            _ => {}
        }
    }
    out.keys.append(&mut readonly);
    if let Some(error) = error {
        let mut bytes: &[u8] = &[];
        let mut fields = Fields::new(error);
        while let Some((number, value)) = fields.next()? {
            if number == 1 {
                bytes = value.bytes()?;
            }
        }
        out.err = Some(bytes.to_vec());
    }
    out.inner = (!no_inner).then_some(inner);
    out.logs = (!no_logs).then_some(logs);
    Ok(())
}

fn group(bytes: &[u8]) -> Result<InnerGroup, NotPlain> {
    let mut out = InnerGroup::default();
    let mut fields = Fields::new(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => out.outer = value.small()?,
            2 => out.instructions.push(instruction(value.bytes()?, false)?),
            _ => {}
        }
    }
    Ok(out)
}

/// Outer and inner instructions have the same fields; only inner ones state their height.
fn instruction(bytes: &[u8], outer: bool) -> Result<Instruction, NotPlain> {
    let (mut accounts, mut data): (&[u8], &[u8]) = (&[], &[]);
    let mut out = Instruction {
        stack_height: outer.then_some(1),
        ..Instruction::default()
    };
    let mut fields = Fields::new(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => out.program = value.small()?,
            2 => accounts = value.bytes()?,
            3 => data = value.bytes()?,
            4 if !outer => out.stack_height = Some(value.small()?),
            _ => {}
        }
    }
    out.accounts = accounts.to_vec();
    out.data = data.to_vec();
    Ok(out)
}

/// Where the block of an update stands in it, if the update is nothing but a block.
pub(crate) fn block_in(update: &[u8]) -> Option<&[u8]> {
    let mut block = None;
    let mut fields = Fields::new(update);
    while let Some((number, value)) = fields.next().ok()? {
        match number {
            5 => value.once(&mut block).ok()?,
            // Filters and the time of sending.
            1 | 11 => {}
            _ => return None,
        }
    }
    block
}

/// When an update says that it was sent: seconds since the epoch, and nanoseconds.
pub(crate) fn sent_at(update: &[u8]) -> Option<(u64, u32)> {
    let mut fields = Fields::new(update);
    let mut time = None;
    while let Some((number, value)) = fields.next().ok()? {
        if number == 11 {
            time = Some(value.bytes().ok()?);
        }
    }
    let (mut seconds, mut nanos) = (0, 0);
    let mut fields = Fields::new(time?);
    while let Some((number, value)) = fields.next().ok()? {
        match number {
            1 => seconds = value.number().ok()?,
            2 => nanos = u32::try_from(value.number().ok()?).ok()?,
            _ => {}
        }
    }
    Some((seconds, nanos))
}

/// The slot of an encoded block.
pub(crate) fn slot_of_block(block: &[u8]) -> Option<u64> {
    let mut fields = Fields::new(block);
    while let Some((number, value)) = fields.next().ok()? {
        if number == 1 {
            return value.number().ok();
        }
    }
    None
}

#[cfg(test)]
mod tests;
