//! What is asked of the server.

use std::collections::HashMap;

use hypernode_decoder::chain::Pubkey;
use yellowstone_grpc_proto::geyser::{
    CommitmentLevel, SubscribeRequest, SubscribeRequestFilterAccounts,
    SubscribeRequestFilterBlocks, SubscribeRequestFilterBlocksMeta, SubscribeRequestFilterSlots,
    SubscribeRequestPing,
};

/// Name of every filter.
const NAME: &str = "hypernode";

/// The subscription. A request that holds a ping has its filters ignored, so it holds none.
pub(super) fn subscribe(
    program_ids: &[Pubkey],
    account_owners: &[Pubkey],
    from_slot: Option<u64>,
) -> SubscribeRequest {
    let accounts = SubscribeRequestFilterAccounts {
        owner: base58(account_owners),
        ..Default::default()
    };
    // A filter without owners would ask for every account there is.
    let accounts = (!account_owners.is_empty()).then(|| (NAME.to_owned(), accounts));
    SubscribeRequest {
        accounts: accounts.into_iter().collect(),
        blocks: HashMap::from([(
            NAME.to_owned(),
            SubscribeRequestFilterBlocks {
                account_include: base58(program_ids),
                include_transactions: Some(true),
                include_accounts: Some(false),
                include_entries: Some(false),
                ..Default::default()
            },
        )]),
        slots: HashMap::from([(
            NAME.to_owned(),
            SubscribeRequestFilterSlots {
                // All statuses: finality is never seen with a filter by commitment.
                filter_by_commitment: Some(false),
                interslot_updates: Some(true),
            },
        )]),
        blocks_meta: HashMap::from([(NAME.to_owned(), SubscribeRequestFilterBlocksMeta {})]),
        commitment: Some(CommitmentLevel::Confirmed as i32),
        from_slot,
        ..Default::default()
    }
}

fn base58(ids: &[Pubkey]) -> Vec<String> {
    let mut text = [0; 44];
    let encode = |id| {
        let length = five8::encode_32(id, &mut text);
        let text = text.iter().take(usize::from(length));
        text.map(|byte| char::from(*byte)).collect()
    };
    ids.iter().map(encode).collect()
}

/// The answer to a ping.
pub(super) fn pong() -> SubscribeRequest {
    SubscribeRequest {
        ping: Some(SubscribeRequestPing { id: 1 }),
        ..Default::default()
    }
}
