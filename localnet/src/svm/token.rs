//! SPL token accounts as bytes: what localnet needs to give actors HYPER and to report token balances.

use solana_sdk::{account::Account, pubkey, pubkey::Pubkey, rent::Rent};

/// The SPL token program, which LiteSVM bundles.
pub const TOKEN_PROGRAM: Pubkey = pubkey!("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
/// Decimals of localnet's HYPER.
pub const DECIMALS: u8 = 6;

const ACCOUNT_LEN: usize = 165;
const MINT_LEN: usize = 82;

/// A token account's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenAccount {
    /// What kind of token it holds.
    pub mint: Pubkey,
    /// Who may spend it.
    pub owner: Pubkey,
    /// How much, in the mint's smallest unit.
    pub amount: u64,
}

impl TokenAccount {
    /// Reads an account; `None` when it is not an initialised token account.
    #[must_use]
    pub fn read(account: &Account) -> Option<Self> {
        if account.owner != TOKEN_PROGRAM
            || account.data.len() != ACCOUNT_LEN
            || account.data[108] == 0
        {
            return None;
        }
        Some(Self {
            mint: pubkey_at(&account.data, 0)?,
            owner: pubkey_at(&account.data, 32)?,
            amount: u64::from_le_bytes(account.data.get(64..72)?.try_into().ok()?),
        })
    }

    /// The initialised, rent-exempt account that holds this.
    #[must_use]
    pub fn write(&self) -> Account {
        let mut data = vec![0; ACCOUNT_LEN];
        data[..32].copy_from_slice(self.mint.as_ref());
        data[32..64].copy_from_slice(self.owner.as_ref());
        data[64..72].copy_from_slice(&self.amount.to_le_bytes());
        data[108] = 1;
        owned(data)
    }
}

/// A mint of HYPER with this supply, in its smallest unit, and no authority: all tokens exist from the start.
#[must_use]
pub fn mint(supply: u64) -> Account {
    let mut data = vec![0; MINT_LEN];
    data[36..44].copy_from_slice(&supply.to_le_bytes());
    data[44] = DECIMALS;
    data[45] = 1;
    owned(data)
}

/// Address of `owner`'s HYPER account: the associated token account under localnet's mint.
#[must_use]
pub fn address(owner: &Pubkey) -> Pubkey {
    const ASSOCIATED: Pubkey = pubkey!("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
    let mint = hypernode_schemas::localnet::mint();
    Pubkey::find_program_address(
        &[owner.as_ref(), TOKEN_PROGRAM.as_ref(), &mint],
        &ASSOCIATED,
    )
    .0
}

fn owned(data: Vec<u8>) -> Account {
    Account {
        lamports: Rent::default().minimum_balance(data.len()),
        data,
        owner: TOKEN_PROGRAM,
        executable: false,
        rent_epoch: u64::MAX,
    }
}

fn pubkey_at(data: &[u8], at: usize) -> Option<Pubkey> {
    Some(Pubkey::new_from_array(
        data.get(at..at + 32)?.try_into().ok()?,
    ))
}
