//! Accounts as the store keeps them.

use solana_sdk::account::Account;
use solana_sdk::pubkey::Pubkey;

/// Bytes before the data: lamports, owner, executable, rent epoch.
const HEADER: usize = 8 + 32 + 1 + 8;

/// Encodes an account: fixed header, then its data.
pub(super) fn encode(account: &Account) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + account.data.len());
    out.extend_from_slice(&account.lamports.to_le_bytes());
    out.extend_from_slice(account.owner.as_ref());
    out.push(u8::from(account.executable));
    out.extend_from_slice(&account.rent_epoch.to_le_bytes());
    out.extend_from_slice(&account.data);
    out
}

/// Decodes what [`encode`] wrote; `None` for an absent account (no bytes) and for a damaged one.
pub(super) fn decode(bytes: &[u8]) -> Option<Account> {
    let (lamports, rest) = bytes.split_first_chunk::<8>()?;
    let (owner, rest) = rest.split_first_chunk::<32>()?;
    let (executable, rest) = rest.split_first()?;
    let (rent_epoch, data) = rest.split_first_chunk::<8>()?;
    Some(Account {
        lamports: u64::from_le_bytes(*lamports),
        owner: Pubkey::new_from_array(*owner),
        executable: *executable != 0,
        rent_epoch: u64::from_le_bytes(*rent_epoch),
        data: data.to_vec(),
    })
}

/// One account's state before and after a block; `None` = the account does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The account.
    pub(super) address: Pubkey,
    /// State when the block began.
    pub(super) before: Option<Account>,
    /// State when the block ended.
    pub(super) after: Option<Account>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let account = Account {
            lamports: 7,
            data: vec![1, 2, 3],
            owner: Pubkey::new_from_array([9; 32]),
            executable: true,
            rent_epoch: u64::MAX,
        };
        assert_eq!(decode(&encode(&account)), Some(account));
        assert_eq!(decode(&[]), None);
        assert_eq!(decode(&[0; 12]), None);
    }
}
