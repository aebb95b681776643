//! Addresses of the programs that are written to, and of the accounts that follow from them.

use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;

/// The SPL token program.
pub(crate) const TOKEN: Pubkey = pubkey!("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
/// The program of associated token accounts.
const ASSOCIATED: Pubkey = pubkey!("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
/// The system program.
pub(crate) const SYSTEM: Pubkey = Pubkey::new_from_array([0; 32]);
/// Bytes of a seed: a longer name has no address.
const SEED: usize = 32;

/// What is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Programs {
    /// The program of jobs.
    pub job_receipt: Pubkey,
    /// The mint of HYPER.
    pub mint: Pubkey,
    /// The treasury's token account.
    pub treasury: Pubkey,
    /// The incentive pool's token account.
    pub incentive: Pubkey,
}

impl Programs {
    /// The account of a client's job; `None` for a label over 32 bytes.
    #[must_use]
    pub fn job(&self, client: &Pubkey, label: &str) -> Option<Pubkey> {
        if label.len() > SEED {
            return None;
        }
        let seeds = [b"job".as_slice(), client.as_ref(), label.as_bytes()];
        Pubkey::try_find_program_address(&seeds, &self.job_receipt).map(|(address, _)| address)
    }

    /// Where a wallet holds its HYPER.
    #[must_use]
    pub fn purse(&self, owner: &Pubkey) -> Pubkey {
        purse(owner, &self.mint)
    }
}

/// Where a wallet holds its tokens of a mint.
#[must_use]
pub fn purse(owner: &Pubkey, mint: &Pubkey) -> Pubkey {
    let seeds = [owner.as_ref(), TOKEN.as_ref(), mint.as_ref()];
    Pubkey::find_program_address(&seeds, &ASSOCIATED).0
}
