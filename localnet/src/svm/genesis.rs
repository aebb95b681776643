//! What a fresh localnet holds besides its programs: the HYPER mint, the network's two token accounts, the programs'
//! IDLs and a faucet.

use hypernode_schemas::localnet;
use solana_sdk::{
    account::Account,
    hash::hashv,
    pubkey::Pubkey,
    signature::{Keypair, Signer as _},
};

use super::token::{self, TokenAccount};

/// HYPER in existence: a thousand million, in its smallest unit.
pub const SUPPLY: u64 = 1_000_000_000 * 1_000_000;

/// Accounts of a fresh chain, in a fixed order. Actors' wallets come on top, made by [`wallet`] and
/// [`hyper`]; what they hold is meant to stay within [`SUPPLY`].
#[must_use]
pub fn accounts() -> Vec<(Pubkey, Account)> {
    let mint = Pubkey::new_from_array(localnet::mint());
    let network = |owner: &str| {
        TokenAccount {
            mint,
            owner: super::programs::id(owner),
            amount: 0,
        }
        .write()
    };
    let mut accounts = vec![
        (mint, token::mint(SUPPLY)),
        (
            Pubkey::new_from_array(localnet::treasury()),
            network("treasury-owner"),
        ),
        (
            Pubkey::new_from_array(localnet::incentive_pool()),
            network("incentive-owner"),
        ),
        (faucet().pubkey(), wallet(FAUCET)),
    ];
    accounts.extend(super::idls::accounts());
    accounts
}

/// What the faucet begins with: 10,000 SOL of play money.
const FAUCET: u64 = 10_000 * 1_000_000_000;

/// The wallet that pays for what people try out on localnet. Its key is no secret: it is the same on every localnet.
#[must_use]
pub fn faucet() -> Keypair {
    Keypair::new_from_array(hashv(&[b"hypernode-localnet faucet"]).to_bytes())
}

/// A wallet with this many lamports.
#[must_use]
pub fn wallet(lamports: u64) -> Account {
    Account {
        lamports,
        rent_epoch: u64::MAX,
        ..Account::default()
    }
}

/// `owner`'s HYPER account with this amount (smallest unit), and its address.
#[must_use]
pub fn hyper(owner: &Pubkey, amount: u64) -> (Pubkey, Account) {
    let mint = Pubkey::new_from_array(localnet::mint());
    (
        token::address(owner),
        TokenAccount {
            mint,
            owner: *owner,
            amount,
        }
        .write(),
    )
}
