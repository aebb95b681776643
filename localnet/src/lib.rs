//! Hypernode localnet.
