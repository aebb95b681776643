//! What a client asked for, checked and ready to be matched.

use std::{
    collections::{HashMap, HashSet},
    str::FromStr,
};

use solana_sdk::{pubkey::Pubkey, signature::Signature};
use yellowstone_grpc_proto::prelude::{
    CommitmentLevel, SubscribeRequest, SubscribeRequestFilterBlocks,
    SubscribeRequestFilterBlocksMeta, SubscribeRequestFilterEntry,
    SubscribeRequestFilterTransactions, SubscribeUpdateAccountInfo, SubscribeUpdateBlock,
    SubscribeUpdateTransactionInfo,
};

use super::accounts::{AccountFilter, Slices};
use super::entries;
use crate::chain::{Commitment, keys_of};

/// Named filters of one kind, keys of one list, bytes of one name: at most.
const MAX_FILTERS: usize = 128;
const MAX_KEYS: usize = 10_000;
const MAX_NAME: usize = 128;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FilterError {
    #[error("commitment level {0} does not exist")]
    Commitment(i32),
    #[error("{0:?} is not an address")]
    Address(String),
    #[error("{0:?} is not a signature")]
    Signature(String),
    #[error("at most {MAX_FILTERS} filters of a kind are allowed")]
    TooMany,
    #[error("at most {MAX_KEYS} addresses in a filter are allowed")]
    TooManyKeys,
    #[error("a filter name may have at most {MAX_NAME} bytes")]
    Name,
    #[error("an account condition is not valid: {0}")]
    Condition(&'static str),
    #[error("localnet does not serve {0}")]
    Unserved(&'static str),
    #[error("filters of accounts are switched off")]
    NoAccounts,
}

/// A client's filters.
#[derive(Debug)]
pub(super) struct Filters {
    level: Commitment,
    slots: Vec<SlotFilter>,
    transactions: Vec<TransactionFilter>,
    statuses: Vec<TransactionFilter>,
    blocks: Vec<BlockFilter>,
    metas: Vec<String>,
    entries: Vec<String>,
    accounts: Vec<AccountFilter>,
    slices: Slices,
}

#[derive(Debug)]
struct SlotFilter {
    name: String,
    by_commitment: bool,
    interslot: bool,
}

#[derive(Debug)]
struct TransactionFilter {
    name: String,
    vote: Option<bool>,
    failed: Option<bool>,
    signature: Option<Vec<u8>>,
    include: HashSet<[u8; 32]>,
    exclude: HashSet<[u8; 32]>,
    required: HashSet<[u8; 32]>,
}

/// One filter of whole blocks.
#[derive(Debug)]
pub(super) struct BlockFilter {
    pub(super) name: String,
    include: HashSet<[u8; 32]>,
    transactions: bool,
    accounts: bool,
    entries: bool,
}

impl Filters {
    /// What a client has before its first request: nothing.
    pub(super) fn none() -> Self {
        Self {
            level: Commitment::Processed,
            slots: Vec::new(),
            transactions: Vec::new(),
            statuses: Vec::new(),
            blocks: Vec::new(),
            metas: Vec::new(),
            entries: Vec::new(),
            accounts: Vec::new(),
            slices: Slices::default(),
        }
    }

    /// Checks a request's filters; `accounts`: whether filters of accounts are served.
    pub(super) fn new(request: SubscribeRequest, accounts: bool) -> Result<Self, FilterError> {
        if !accounts && !request.accounts.is_empty() {
            return Err(FilterError::NoAccounts);
        }
        if !request.block_footer.is_empty() {
            return Err(FilterError::Unserved("block footers"));
        }
        let level = match request
            .commitment
            .map(|level| (level, CommitmentLevel::try_from(level)))
        {
            None | Some((_, Ok(CommitmentLevel::Processed))) => Commitment::Processed,
            Some((_, Ok(CommitmentLevel::Confirmed))) => Commitment::Confirmed,
            Some((_, Ok(CommitmentLevel::Finalized))) => Commitment::Finalized,
            Some((level, Err(_))) => return Err(FilterError::Commitment(level)),
        };
        Ok(Self {
            level,
            accounts: named(request.accounts, |name, filter| {
                AccountFilter::new(name, &filter)
            })?,
            slices: Slices::new(&request.accounts_data_slice)?,
            slots: named(request.slots, |name, filter| {
                Ok(SlotFilter {
                    name,
                    by_commitment: filter.filter_by_commitment.unwrap_or(false),
                    interslot: filter.interslot_updates.unwrap_or(false),
                })
            })?,
            transactions: named(request.transactions, TransactionFilter::new)?,
            statuses: named(request.transactions_status, TransactionFilter::new)?,
            blocks: named(request.blocks, |name, filter| {
                BlockFilter::new(name, &filter)
            })?,
            metas: named(
                request.blocks_meta,
                |name, SubscribeRequestFilterBlocksMeta {}| Ok(name),
            )?,
            entries: named(request.entry, |name, SubscribeRequestFilterEntry { .. }| {
                Ok(name)
            })?,
        })
    }

    /// The level at which content is sent.
    pub(super) fn level(&self) -> Commitment {
        self.level
    }

    /// Whether any filter needs the block's content.
    pub(super) fn wants_content(&self) -> bool {
        !(self.transactions.is_empty()
            && self.statuses.is_empty()
            && self.blocks.is_empty()
            && self.metas.is_empty()
            && self.entries.is_empty()
            && self.accounts.is_empty())
    }

    /// Names of the slot filters that pass a status; `None` stands for the updates between levels.
    pub(super) fn slot(&self, status: Option<Commitment>) -> Vec<String> {
        let passes = |filter: &&SlotFilter| match status {
            Some(status) => !filter.by_commitment || status == self.level,
            None => filter.interslot && !filter.by_commitment,
        };
        self.slots
            .iter()
            .filter(passes)
            .map(|f| f.name.clone())
            .collect()
    }

    /// Names of the account filters that pass an account.
    pub(super) fn account(&self, account: &SubscribeUpdateAccountInfo) -> Vec<String> {
        let passing = self.accounts.iter().filter(|f| f.passes(account));
        passing.map(|f| f.name.clone()).collect()
    }

    /// The parts of accounts' data that the client wants.
    pub(super) fn slices(&self) -> &Slices {
        &self.slices
    }

    /// Names of the block-meta filters.
    pub(super) fn metas(&self) -> Vec<String> {
        self.metas.clone()
    }

    /// Names of the entry filters.
    pub(super) fn entries(&self) -> Vec<String> {
        self.entries.clone()
    }

    /// The block filters.
    pub(super) fn blocks(&self) -> &[BlockFilter] {
        &self.blocks
    }

    /// Names of the transaction filters and of the status filters that pass a transaction.
    pub(super) fn transaction(
        &self,
        info: &SubscribeUpdateTransactionInfo,
    ) -> (Vec<String>, Vec<String>) {
        if self.transactions.is_empty() && self.statuses.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let keys = keys_of(info);
        let names = |filters: &[TransactionFilter]| {
            filters
                .iter()
                .filter(|f| f.passes(info, &keys))
                .map(|f| f.name.clone())
                .collect()
        };
        (names(&self.transactions), names(&self.statuses))
    }
}

impl TransactionFilter {
    fn new(name: String, filter: SubscribeRequestFilterTransactions) -> Result<Self, FilterError> {
        if filter.cuckoo_account_include.is_some() || filter.token_accounts.is_some() {
            return Err(FilterError::Unserved("cuckoo and token-account filters"));
        }
        let signature = match filter.signature {
            None => None,
            Some(text) => {
                let signature =
                    Signature::from_str(&text).map_err(|_| FilterError::Signature(text))?;
                Some(signature.as_ref().to_vec())
            }
        };
        Ok(Self {
            name,
            vote: filter.vote,
            failed: filter.failed,
            signature,
            include: keys(&filter.account_include)?,
            exclude: keys(&filter.account_exclude)?,
            required: keys(&filter.account_required)?,
        })
    }

    fn passes(&self, info: &SubscribeUpdateTransactionInfo, keys: &[[u8; 32]]) -> bool {
        let failed = info.meta.as_ref().is_some_and(|meta| meta.err.is_some());
        self.vote.is_none_or(|vote| vote == info.is_vote)
            && self.failed.is_none_or(|wanted| wanted == failed)
            && self.signature.as_ref().is_none_or(|s| *s == info.signature)
            && (self.include.is_empty() || keys.iter().any(|k| self.include.contains(k)))
            && !keys.iter().any(|k| self.exclude.contains(k))
            && self.required.iter().all(|k| keys.contains(k))
    }
}

impl BlockFilter {
    fn new(name: String, filter: &SubscribeRequestFilterBlocks) -> Result<Self, FilterError> {
        if filter.cuckoo_account_include.is_some() {
            return Err(FilterError::Unserved("cuckoo filters"));
        }
        Ok(Self {
            name,
            include: keys(&filter.account_include)?,
            transactions: filter.include_transactions.unwrap_or(true),
            accounts: filter.include_accounts.unwrap_or(false),
            entries: filter.include_entries.unwrap_or(false),
        })
    }

    /// The block as this filter shows it: always sent, with the matching transactions only.
    #[allow(
        clippy::needless_update,
        reason = "the protocol adds fields in minor versions"
    )]
    pub(super) fn apply(&self, block: &SubscribeUpdateBlock) -> SubscribeUpdateBlock {
        let passes = |info: &&SubscribeUpdateTransactionInfo| {
            self.include.is_empty() || keys_of(info).iter().any(|k| self.include.contains(k))
        };
        let transactions = if self.transactions {
            block.transactions.iter().filter(passes).cloned().collect()
        } else {
            Vec::new()
        };
        SubscribeUpdateBlock {
            slot: block.slot,
            blockhash: block.blockhash.clone(),
            rewards: block.rewards.clone(),
            block_time: block.block_time,
            block_height: block.block_height,
            parent_slot: block.parent_slot,
            parent_blockhash: block.parent_blockhash.clone(),
            executed_transaction_count: block.executed_transaction_count,
            updated_account_count: block.updated_account_count,
            entries_count: entries::count(block),
            entries: if self.entries {
                entries::of(block)
            } else {
                Vec::new()
            },
            bank_id: block.bank_id,
            accounts: if self.accounts {
                block.accounts.clone()
            } else {
                Vec::new()
            },
            transactions,
            ..Default::default()
        }
    }
}

/// Converts a map of named filters into a list in a fixed order.
fn named<F, T>(
    filters: HashMap<String, F>,
    convert: impl Fn(String, F) -> Result<T, FilterError>,
) -> Result<Vec<T>, FilterError> {
    if filters.len() > MAX_FILTERS {
        return Err(FilterError::TooMany);
    }
    if filters.keys().any(|name| name.len() > MAX_NAME) {
        return Err(FilterError::Name);
    }
    let mut filters: Vec<(String, F)> = filters.into_iter().collect();
    filters.sort_by(|a, b| a.0.cmp(&b.0));
    filters
        .into_iter()
        .map(|(name, filter)| convert(name, filter))
        .collect()
}

pub(super) fn keys(texts: &[String]) -> Result<HashSet<[u8; 32]>, FilterError> {
    if texts.len() > MAX_KEYS {
        return Err(FilterError::TooManyKeys);
    }
    texts
        .iter()
        .map(|text| {
            let key = Pubkey::from_str(text).map_err(|_| FilterError::Address(text.clone()))?;
            Ok(key.to_bytes())
        })
        .collect()
}
