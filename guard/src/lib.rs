//! The one guarded outbound connector: whatever calls an address that a stranger gave goes through it.
#![forbid(unsafe_code)]
