//! Addresses of the simulated network: fixed, so that every part and every test agrees on them.
//! An address is the SHA-256 of a name; nobody holds a key for it.

use sha2::{Digest as _, Sha256};

fn named(kind: &str, name: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"hypernode-localnet:");
    hash.update(kind.as_bytes());
    hash.update(b":");
    hash.update(name.as_bytes());
    hash.finalize().into()
}

/// Program id on localnet of the program with this IDL label (of any label; only those that localnet loads
/// have code behind them).
#[must_use]
pub fn program_id(label: &str) -> [u8; 32] {
    named("program", label)
}

/// Mint of localnet's HYPER token (6 decimals).
#[must_use]
pub fn mint() -> [u8; 32] {
    named("account", "hyper-mint")
}

/// Token account of the network's treasury on localnet: a settlement counts only when it pays this one.
#[must_use]
pub fn treasury() -> [u8; 32] {
    named("account", "treasury")
}

/// Token account of the network's incentive pool on localnet.
#[must_use]
pub fn incentive_pool() -> [u8; 32] {
    named("account", "incentive-pool")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_differ_and_do_not_move() {
        let all = [
            program_id("node_registry"),
            program_id("job_receipt"),
            mint(),
            treasury(),
            incentive_pool(),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|b| a != b));
        }
        // A changed derivation would orphan every existing data directory.
        assert_eq!(
            program_id("node_registry")[..8],
            0x0033_dd3c_c07c_0834_u64.to_be_bytes()
        );
    }
}
