//! Filters of account updates: fields are joined by AND, values within a field by OR.

use std::collections::HashSet;

use yellowstone_grpc_proto::prelude::{
    SubscribeRequestAccountsDataSlice, SubscribeRequestFilterAccounts, SubscribeUpdateAccountInfo,
    subscribe_request_filter_accounts_filter::Filter as Wanted,
    subscribe_request_filter_accounts_filter_lamports::Cmp,
    subscribe_request_filter_accounts_filter_memcmp::Data,
};

use super::filter::{FilterError, keys};
use crate::svm::token::TOKEN_PROGRAM;

/// Conditions of one filter, bytes of one comparison, slices of one request: at most.
const MAX_CONDITIONS: usize = 4;
const MAX_COMPARE: usize = 128;
const MAX_SLICES: usize = 2;
/// Bytes of a token account.
const TOKEN_ACCOUNT: usize = 165;

/// One named filter of accounts.
#[derive(Debug)]
pub(super) struct AccountFilter {
    pub(super) name: String,
    accounts: HashSet<[u8; 32]>,
    owners: HashSet<[u8; 32]>,
    conditions: Vec<Condition>,
    signed: Option<bool>,
}

#[derive(Debug)]
enum Condition {
    Size(u64),
    Compare { offset: usize, bytes: Vec<u8> },
    Token,
    Lamports(Cmp),
}

impl AccountFilter {
    /// Checks a filter.
    pub(super) fn new(
        name: String,
        filter: &SubscribeRequestFilterAccounts,
    ) -> Result<Self, FilterError> {
        if filter.cuckoo_accounts_filter.is_some() {
            return Err(FilterError::Unserved("cuckoo filters"));
        }
        if filter.filters.len() > MAX_CONDITIONS {
            return Err(FilterError::Condition("more than 4 of them"));
        }
        let conditions = filter
            .filters
            .iter()
            .map(|f| Condition::new(f.filter.as_ref()));
        Ok(Self {
            name,
            accounts: keys(&filter.account)?,
            owners: keys(&filter.owner)?,
            conditions: conditions.collect::<Result<_, _>>()?,
            signed: filter.nonempty_txn_signature,
        })
    }

    /// Whether an update is wanted.
    pub(super) fn passes(&self, account: &SubscribeUpdateAccountInfo) -> bool {
        let among = |set: &HashSet<[u8; 32]>, key: &[u8]| {
            set.is_empty() || key.try_into().is_ok_and(|key: [u8; 32]| set.contains(&key))
        };
        among(&self.accounts, &account.pubkey)
            && among(&self.owners, &account.owner)
            && self
                .signed
                .is_none_or(|signed| signed == account.txn_signature.is_some())
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(account))
    }
}

impl Condition {
    fn new(wanted: Option<&Wanted>) -> Result<Self, FilterError> {
        let invalid = FilterError::Condition;
        match wanted.ok_or(invalid("an empty one"))? {
            Wanted::Datasize(size) => Ok(Self::Size(*size)),
            Wanted::TokenAccountState(true) => Ok(Self::Token),
            Wanted::TokenAccountState(false) => Err(invalid("token_account_state must be true")),
            Wanted::Lamports(lamports) => lamports
                .cmp
                .map(Self::Lamports)
                .ok_or(invalid("lamports without a comparison")),
            Wanted::Memcmp(compare) => {
                let bytes = match compare
                    .data
                    .as_ref()
                    .ok_or(invalid("memcmp without data"))?
                {
                    Data::Bytes(bytes) => bytes.clone(),
                    Data::Base58(text) if text.len() <= 2 * MAX_COMPARE => bs58::decode(text)
                        .into_vec()
                        .map_err(|_| invalid("memcmp data is not base58"))?,
                    Data::Base64(text) if text.len() <= 2 * MAX_COMPARE => base64_simd::STANDARD
                        .decode_to_vec(text)
                        .map_err(|_| invalid("memcmp data is not base64"))?,
                    _ => return Err(invalid("memcmp data is too long")),
                };
                if bytes.len() > MAX_COMPARE {
                    return Err(invalid("memcmp data is too long"));
                }
                let offset = usize::try_from(compare.offset)
                    .map_err(|_| invalid("memcmp offset is too large"))?;
                Ok(Self::Compare { offset, bytes })
            }
        }
    }

    fn holds(&self, account: &SubscribeUpdateAccountInfo) -> bool {
        match self {
            Self::Size(size) => account.data.len() as u64 == *size,
            Self::Compare { offset, bytes } => account
                .data
                .get(*offset..)
                .is_some_and(|d| d.starts_with(bytes)),
            Self::Token => {
                account.owner == TOKEN_PROGRAM.as_ref() as &[u8]
                    && account.data.len() == TOKEN_ACCOUNT
            }
            Self::Lamports(Cmp::Eq(n)) => account.lamports == *n,
            Self::Lamports(Cmp::Ne(n)) => account.lamports != *n,
            Self::Lamports(Cmp::Lt(n)) => account.lamports < *n,
            Self::Lamports(Cmp::Gt(n)) => account.lamports > *n,
        }
    }
}

/// The parts of accounts' data that a client wants; none = all of it.
#[derive(Debug, Default)]
pub(super) struct Slices(Vec<(usize, usize)>);

impl Slices {
    /// Checks a request's slices.
    pub(super) fn new(slices: &[SubscribeRequestAccountsDataSlice]) -> Result<Self, FilterError> {
        if slices.len() > MAX_SLICES {
            return Err(FilterError::Condition("more than 2 data slices"));
        }
        let slices = slices.iter().map(|slice| {
            let (offset, length) = (
                usize::try_from(slice.offset).ok()?,
                usize::try_from(slice.length).ok()?,
            );
            Some((offset, offset.checked_add(length)?))
        });
        slices
            .collect::<Option<_>>()
            .map(Self)
            .ok_or(FilterError::Condition("a data slice is out of range"))
    }

    /// An account with the wanted parts of its data, one after the other.
    pub(super) fn apply(&self, account: &SubscribeUpdateAccountInfo) -> SubscribeUpdateAccountInfo {
        let mut account = account.clone();
        if !self.0.is_empty() {
            let parts = self
                .0
                .iter()
                .filter_map(|(from, to)| account.data.get(*from..*to));
            account.data = parts.flatten().copied().collect();
        }
        account
    }
}

#[cfg(test)]
mod tests {
    use yellowstone_grpc_proto::prelude::{
        SubscribeRequestFilterAccountsFilter, SubscribeRequestFilterAccountsFilterMemcmp,
    };

    use super::*;

    fn account() -> SubscribeUpdateAccountInfo {
        SubscribeUpdateAccountInfo {
            pubkey: vec![1; 32],
            owner: vec![2; 32],
            lamports: 5,
            data: vec![7, 8, 9],
            ..Default::default()
        }
    }

    fn filter(wanted: Vec<Wanted>) -> SubscribeRequestFilterAccounts {
        SubscribeRequestFilterAccounts {
            filters: wanted
                .into_iter()
                .map(|filter| SubscribeRequestFilterAccountsFilter {
                    filter: Some(filter),
                })
                .collect(),
            ..Default::default()
        }
    }

    fn compare(offset: u64, bytes: &[u8]) -> Wanted {
        let data = Some(Data::Bytes(bytes.to_vec()));
        Wanted::Memcmp(SubscribeRequestFilterAccountsFilterMemcmp { offset, data })
    }

    fn passes(request: &SubscribeRequestFilterAccounts) -> bool {
        AccountFilter::new("a".to_owned(), request)
            .unwrap()
            .passes(&account())
    }

    #[test]
    fn fields_are_joined_by_and() {
        assert!(passes(&SubscribeRequestFilterAccounts::default()));
        assert!(passes(&filter(vec![
            Wanted::Datasize(3),
            compare(1, &[8, 9])
        ])));
        assert!(!passes(&filter(vec![
            Wanted::Datasize(3),
            compare(1, &[9])
        ])));
        assert!(!passes(&filter(vec![compare(u64::MAX - 1, &[9])])));
        let mut named = filter(vec![]);
        let key = bs58::encode([1; 32]).into_string();
        named.account = vec![key.clone()];
        assert!(passes(&named));
        named.owner = vec![key.clone()];
        assert!(!passes(&named), "the account is not its own owner");
    }

    #[test]
    fn slices_are_cut_out_and_joined() {
        let slice = |offset, length| SubscribeRequestAccountsDataSlice { offset, length };
        let cut = |list: &[_]| Slices::new(list).unwrap().apply(&account()).data;
        assert_eq!(cut(&[]), [7, 8, 9]);
        assert_eq!(cut(&[slice(2, 1), slice(0, 1)]), [9, 7]);
        assert_eq!(cut(&[slice(2, 5)]), Vec::<u8>::new());
        assert!(Slices::new(&[slice(u64::MAX, 2)]).is_err());
    }
}
