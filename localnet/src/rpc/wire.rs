//! The wire bytes of a stored transaction: what base58 and base64 answers show.

use yellowstone_grpc_proto::prelude::{Message, Transaction};

/// The bytes of a transaction as it was sent.
pub(super) fn wire(transaction: &Transaction, message: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    compact(&mut out, transaction.signatures.len());
    for signature in &transaction.signatures {
        out.extend_from_slice(signature);
    }
    if message.versioned {
        out.push(0x80);
    }
    let header = message.header.unwrap_or_default();
    for part in [
        header.num_required_signatures,
        header.num_readonly_signed_accounts,
        header.num_readonly_unsigned_accounts,
    ] {
        out.push(u8::try_from(part).unwrap_or(u8::MAX));
    }
    compact(&mut out, message.account_keys.len());
    for key in &message.account_keys {
        out.extend_from_slice(key);
    }
    out.extend_from_slice(&message.recent_blockhash);
    compact(&mut out, message.instructions.len());
    for ix in &message.instructions {
        out.push(u8::try_from(ix.program_id_index).unwrap_or(u8::MAX));
        bytes(&mut out, &ix.accounts);
        bytes(&mut out, &ix.data);
    }
    if message.versioned {
        compact(&mut out, message.address_table_lookups.len());
        for lookup in &message.address_table_lookups {
            out.extend_from_slice(&lookup.account_key);
            bytes(&mut out, &lookup.writable_indexes);
            bytes(&mut out, &lookup.readonly_indexes);
        }
    }
    out
}

fn bytes(out: &mut Vec<u8>, part: &[u8]) {
    compact(out, part.len());
    out.extend_from_slice(part);
}

/// The variable-length integer of the wire format.
fn compact(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}
