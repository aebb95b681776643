//! Anchor's own types of the programs, generated from the same IDL files that the decoder reads
//! (`idls/` links to `schemas/idl/`): instruction arguments and account lists, account layouts, events.
//!
//! `payment_splitter` is missing: Anchor refuses a legacy IDL without an address, and its declared address is
//! not base58. Its few types are written out in [`super::splitter`].
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)] // generated code
#![allow(clippy::all)]

use anchor_lang::{self, declare_program};

declare_program!(node_registry);
declare_program!(job_receipt);
declare_program!(hypernode_jobs);
declare_program!(hypernode_staking);
declare_program!(hypernode_rewards);
