//! The walk against prost: whatever prost reads, the walk reads equally or leaves alone.

use proptest::prelude::*;
use yellowstone_grpc_proto::geyser::{
    SubscribeUpdate, SubscribeUpdateBlock, SubscribeUpdatePing, SubscribeUpdateTransactionInfo,
    subscribe_update::UpdateOneof,
};
use yellowstone_grpc_proto::solana::storage::confirmed_block as wire;

use super::*;

const HASH: &str = "4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi";

/// Small numbers, and now and then one that fits no index.
fn index() -> impl Strategy<Value = u32> {
    prop_oneof![30 => 0_u32..256, 1 => Just(256), 1 => any::<u32>()]
}

fn some_bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..max)
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![60 => any::<[u8; 32]>().prop_map(Vec::from), 1 => some_bytes(40)]
}

fn keys(max: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(key(), 0..max)
}

fn inner() -> impl Strategy<Value = wire::InnerInstructions> {
    let one = (
        index(),
        some_bytes(5),
        some_bytes(200),
        any::<Option<u32>>(),
    )
        .prop_map(
            |(program_id_index, accounts, data, stack_height)| wire::InnerInstruction {
                program_id_index,
                accounts,
                data,
                stack_height,
            },
        );
    (index(), prop::collection::vec(one, 0..4)).prop_map(|(index, instructions)| {
        wire::InnerInstructions {
            index,
            instructions,
        }
    })
}

fn meta() -> impl Strategy<Value = wire::TransactionStatusMeta> {
    let first = (
        prop::option::of(some_bytes(9)),
        any::<u64>(),
        prop::collection::vec(any::<u64>(), 0..4),
        prop::collection::vec(inner(), 0..3),
        any::<bool>(),
        prop::collection::vec(".{0,40}", 0..5),
    );
    let second = (any::<bool>(), keys(3), keys(3), any::<Option<u64>>());
    (first, second).prop_map(|(a, b)| wire::TransactionStatusMeta {
        err: a.0.map(|err| wire::TransactionError { err }),
        fee: a.1,
        pre_balances: a.2.clone(),
        post_balances: a.2,
        // Where they were not recorded there are none; prost does not look at any that are there all the same.
        inner_instructions: if a.4 { Vec::new() } else { a.3 },
        inner_instructions_none: a.4,
        log_messages: a.5,
        log_messages_none: b.0,
        loaded_writable_addresses: b.1,
        loaded_readonly_addresses: b.2,
        compute_units_consumed: b.3,
        ..Default::default()
    })
}

fn message() -> impl Strategy<Value = wire::Message> {
    let instruction =
        (index(), some_bytes(5), some_bytes(300)).prop_map(|(program_id_index, accounts, data)| {
            wire::CompiledInstruction {
                program_id_index,
                accounts,
                data,
            }
        });
    (
        prop::option::of(0_u32..4),
        keys(9),
        prop::collection::vec(instruction, 0..4),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(signers, account_keys, instructions, versioned, config)| wire::Message {
                header: signers.map(|num_required_signatures| wire::MessageHeader {
                    num_required_signatures,
                    ..Default::default()
                }),
                account_keys,
                recent_blockhash: vec![9; 32],
                instructions,
                versioned,
                config: config.then(Default::default),
                ..Default::default()
            },
        )
}

fn info() -> impl Strategy<Value = SubscribeUpdateTransactionInfo> {
    (
        prop_oneof![60 => Just(64_usize), 1 => 0_usize..70],
        prop_oneof![60 => 0_u64..9, 1 => any::<u64>()],
        prop_oneof![60 => message().prop_map(Some), 1 => Just(None)],
        prop_oneof![60 => meta().prop_map(Some), 1 => Just(None)],
    )
        .prop_map(
            |(length, index, message, meta)| SubscribeUpdateTransactionInfo {
                signature: vec![7; length],
                is_vote: index % 2 == 0,
                transaction: Some(wire::Transaction {
                    signatures: vec![vec![7; 64]],
                    message,
                }),
                meta,
                index,
            },
        )
}

fn block_message() -> impl Strategy<Value = SubscribeUpdateBlock> {
    let hash = || prop_oneof![30 => Just(HASH.to_owned()), 1 => ".{0,50}"];
    let first = (
        any::<u64>(),
        hash(),
        any::<Option<i64>>(),
        any::<Option<u64>>(),
    );
    let second = (
        any::<u64>(),
        hash(),
        0_u64..6,
        prop::collection::vec(info(), 0..5),
    );
    (first, second).prop_map(|(a, b)| SubscribeUpdateBlock {
        slot: a.0,
        blockhash: a.1,
        block_time: a.2.map(|timestamp| wire::UnixTimestamp { timestamp }),
        block_height: a.3.map(|block_height| wire::BlockHeight { block_height }),
        parent_slot: b.0,
        parent_blockhash: b.1,
        executed_transaction_count: b.2,
        transactions: b.3,
        bank_id: 5,
        ..Default::default()
    })
}

proptest! {
    /// Equal results, errors included; and what prost finds nothing wrong with needs no prost.
    #[test]
    fn blocks_are_those_that_prost_reads(message in block_message()) {
        let bytes = message.encode_to_vec();
        let wanted = proto::block(message);
        match (&wanted, block(&bytes)) {
            (Ok((wanted, 0)), walked) => prop_assert_eq!(walked.as_ref(), Ok(wanted)),
            (_, walked) => prop_assert_eq!(walked, Err(NotPlain)),
        }
        prop_assert_eq!(block_from_wire(&bytes), wanted);
    }

    /// Damage anywhere: as prost, where prost reads it at all; never a panic.
    #[test]
    fn damaged_bytes_are_read_as_prost_reads_them(
        message in block_message(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..6),
    ) {
        let mut bytes = message.encode_to_vec();
        for (at, byte, kind) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => {
                    bytes.remove(at);
                }
            }
        }
        let walked = block_from_wire(&bytes);
        if let Ok(message) = SubscribeUpdateBlock::decode(bytes.as_slice()) {
            prop_assert_eq!(walked, proto::block(message));
        }
        let _ = block_in(&bytes);
    }

    /// Two encodings one after the other are one message, merged, by protobuf's rules.
    #[test]
    fn messages_in_pieces_are_merged(one in block_message(), two in block_message()) {
        let mut bytes = one.encode_to_vec();
        bytes.extend(two.encode_to_vec());
        let merged = SubscribeUpdateBlock::decode(bytes.as_slice()).expect("concatenation");
        prop_assert_eq!(block_from_wire(&bytes), proto::block(merged));
    }
}

#[test]
fn only_an_update_that_is_one_block_is_taken_as_such() {
    let update = |kind| SubscribeUpdate {
        filters: vec!["a".into()],
        created_at: Some(Default::default()),
        update_oneof: Some(kind),
    };
    let message = SubscribeUpdateBlock {
        slot: 5,
        ..Default::default()
    };
    let bytes = update(UpdateOneof::Block(message.clone())).encode_to_vec();
    assert_eq!(block_in(&bytes), Some(message.encode_to_vec().as_slice()));
    let twice = [bytes.as_slice(), &bytes].concat();
    assert_eq!(block_in(&twice), None);
    let ping = update(UpdateOneof::Ping(SubscribeUpdatePing {})).encode_to_vec();
    assert_eq!(block_in(&ping), None);
    assert_eq!(block_in(&[bytes.as_slice(), &ping].concat()), None);
    assert_eq!(block_in(&bytes[..bytes.len() - 1]), None);
    assert_eq!(block_in(&[]), None);
}
