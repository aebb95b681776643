//! Who acts: keys derived from the seed, and what they own when the chain begins.

use solana_sdk::{
    account::Account,
    hash::hashv,
    pubkey::Pubkey,
    signature::{Keypair, Signer as _},
};

use crate::svm::{genesis, token};

/// Owners of nodes.
pub const OWNERS: u8 = 16;
/// Clients that submit jobs.
pub const CLIENTS: u8 = 10;

const SOL: u64 = 1_000_000_000;
const HYPER: u64 = 1_000_000;
/// What a wallet begins with: enough for the rent of tens of millions of jobs.
const WALLET: u64 = 200_000 * SOL;
/// What a client begins with.
const PURSE: u64 = 60_000_000 * HYPER;

/// What an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Owns nodes.
    Owner,
    /// Submits jobs, and has HYPER to pay them with.
    Client,
}

/// The key of an actor of the network of a seed: on a simulated network they are no secret. `None`: there are fewer.
#[must_use]
pub fn actor(seed: u64, role: Role, number: u8) -> Option<Keypair> {
    let (role, count) = match role {
        Role::Owner => ("owner", OWNERS),
        Role::Client => ("client", CLIENTS),
    };
    (number < count).then(|| key(seed, role, number))
}

/// The actors' keys.
#[derive(Debug)]
pub(super) struct Cast {
    owners: Vec<Keypair>,
    clients: Vec<Keypair>,
    broker: Keypair,
    cashier: Keypair,
}

impl Cast {
    /// The cast of a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            owners: (0..OWNERS).map(|n| key(seed, "owner", n)).collect(),
            clients: (0..CLIENTS).map(|n| key(seed, "client", n)).collect(),
            broker: key(seed, "broker", 0),
            cashier: key(seed, "cashier", 0),
        }
    }

    /// An owner by number (taken modulo their count).
    pub(super) fn owner(&self, n: u8) -> &Keypair {
        // The constructor makes at least one.
        self.owners
            .get(usize::from(n % OWNERS))
            .unwrap_or(&self.broker)
    }

    /// A client by number (taken modulo their count).
    pub(super) fn client(&self, n: u8) -> &Keypair {
        self.clients
            .get(usize::from(n % CLIENTS))
            .unwrap_or(&self.broker)
    }

    /// Who assigns jobs without being their operator.
    pub(super) fn broker(&self) -> &Keypair {
        &self.broker
    }

    /// Who runs the payment splitter.
    pub(super) fn cashier(&self) -> &Keypair {
        &self.cashier
    }

    /// Wallets and purses that exist before slot 1.
    fn accounts(&self) -> Vec<(Pubkey, Account)> {
        let all = self
            .owners
            .iter()
            .chain(&self.clients)
            .chain([&self.broker, &self.cashier]);
        let mut accounts: Vec<_> = all.map(|k| (k.pubkey(), genesis::wallet(WALLET))).collect();
        for owner in self.owners.iter().chain([&self.broker]) {
            accounts.push(genesis::hyper(&owner.pubkey(), 0));
        }
        for payer in self.clients.iter().chain([&self.cashier]) {
            accounts.push(genesis::hyper(&payer.pubkey(), PURSE));
        }
        accounts
    }
}

/// Every account of a new chain: the network's, then the actors'.
pub(crate) fn genesis_accounts(seed: u64) -> Vec<(Pubkey, Account)> {
    let mut accounts = genesis::accounts();
    accounts.extend(Cast::new(seed).accounts());
    accounts
}

/// An actor's HYPER account.
pub(super) fn purse(of: &Keypair) -> Pubkey {
    token::address(&of.pubkey())
}

fn key(seed: u64, role: &str, n: u8) -> Keypair {
    let secret = hashv(&[
        b"hypernode-localnet actor",
        &seed.to_le_bytes(),
        role.as_bytes(),
        &[n],
    ]);
    Keypair::new_from_array(secret.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_by_role_and_number_is_the_actors() {
        let cast = Cast::new(7);
        let address = |role, number| actor(7, role, number).map(|key| key.pubkey());
        assert_eq!(address(Role::Owner, 5), Some(cast.owner(5).pubkey()));
        assert_eq!(address(Role::Client, 3), Some(cast.client(3).pubkey()));
        assert_eq!(
            (address(Role::Owner, OWNERS), address(Role::Client, CLIENTS)),
            (None, None)
        );
    }

    #[test]
    fn keys_follow_from_the_seed_and_what_they_hold_exists() {
        let address = |seed| Cast::new(seed).client(3).pubkey();
        assert_eq!(address(1), address(1));
        assert_ne!(address(1), address(2));
        let accounts = genesis_accounts(1);
        let held: u64 = accounts
            .iter()
            .filter_map(|(_, account)| token::TokenAccount::read(account))
            .map(|held| held.amount)
            .sum();
        assert!(held <= genesis::SUPPLY, "{held}");
    }
}
