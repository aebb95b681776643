//! Who someone is and what they may do: sign-in with Solana, sessions, keys, roles, limits.
#![forbid(unsafe_code)]
