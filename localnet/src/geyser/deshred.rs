//! Transactions before their outcome is known, as a validator forms them from shreds. Localnet sends them as soon as it
//! shows a slot's content: without meta, with the addresses that lookup tables added.

use std::collections::HashMap;

use futures::{Stream, StreamExt as _, stream::BoxStream};
use tonic::{Status, Streaming};
use yellowstone_grpc_proto::prelude::{
    SubscribeDeshredRequest, SubscribeRequest, SubscribeRequestFilterTransactions, SubscribeUpdate,
    SubscribeUpdateDeshred, SubscribeUpdateDeshredTransaction,
    SubscribeUpdateDeshredTransactionInfo, SubscribeUpdateTransaction,
    subscribe_update::UpdateOneof, subscribe_update_deshred::UpdateOneof as Deshred,
};

/// What a client of such a stream gets.
pub(super) type Updates = BoxStream<'static, Result<SubscribeUpdateDeshred, Status>>;

/// Its requests, in the words of the main subscription.
pub(super) fn requests(
    requests: Streaming<SubscribeDeshredRequest>,
) -> impl Stream<Item = Result<SubscribeRequest, Status>> + Send + Unpin {
    requests.map(|request| request.map(translate))
}

fn translate(request: SubscribeDeshredRequest) -> SubscribeRequest {
    let filters = request.deshred_transactions.into_iter();
    let transactions: HashMap<_, _> = filters
        .map(|(name, filter)| {
            let filter = SubscribeRequestFilterTransactions {
                vote: filter.vote,
                account_include: filter.account_include,
                account_exclude: filter.account_exclude,
                account_required: filter.account_required,
                ..Default::default()
            };
            (name, filter)
        })
        .collect();
    SubscribeRequest {
        transactions,
        slots: request.slots,
        ping: request.ping,
        ..Default::default()
    }
}

/// The main subscription's updates, in the words of this one.
pub(super) fn updates(
    updates: impl Stream<Item = Result<SubscribeUpdate, Status>> + Send + 'static,
) -> Updates {
    updates
        .filter_map(|update| async { update.map(answer).transpose() })
        .boxed()
}

fn answer(update: SubscribeUpdate) -> Option<SubscribeUpdateDeshred> {
    let what = match update.update_oneof? {
        UpdateOneof::Transaction(transaction) => Deshred::DeshredTransaction(strip(transaction)?),
        UpdateOneof::Slot(slot) => Deshred::Slot(slot),
        UpdateOneof::Ping(ping) => Deshred::Ping(ping),
        UpdateOneof::Pong(pong) => Deshred::Pong(pong),
        _ => return None,
    };
    Some(SubscribeUpdateDeshred {
        filters: update.filters,
        update_oneof: Some(what),
        created_at: update.created_at,
    })
}

/// Without anything that only execution tells.
fn strip(update: SubscribeUpdateTransaction) -> Option<SubscribeUpdateDeshredTransaction> {
    let info = update.transaction?;
    let meta = info.meta.unwrap_or_default();
    // A data set for each transaction: there are no shreds to count.
    let shred = u32::try_from(info.index).unwrap_or(u32::MAX);
    Some(SubscribeUpdateDeshredTransaction {
        slot: update.slot,
        transaction: Some(SubscribeUpdateDeshredTransactionInfo {
            signature: info.signature,
            is_vote: info.is_vote,
            transaction: info.transaction,
            loaded_writable_addresses: meta.loaded_writable_addresses,
            loaded_readonly_addresses: meta.loaded_readonly_addresses,
            completed_data_set_starting_shred_index: shred,
            completed_data_set_ending_shred_index_exclusive: shred.saturating_add(1),
        }),
    })
}
