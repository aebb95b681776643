//! The transactional store: one trait, an implementation on SQLite, a conformance suite that each implementation passes.
#![forbid(unsafe_code)]
