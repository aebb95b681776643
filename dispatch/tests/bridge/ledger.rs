//! A chain as far as transactions are taken by it, and an endpoint of it that loses answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use base64_simd::STANDARD;
use futures::future::{BoxFuture, FutureExt as _};
use hypernode_dispatch::bridge::write::send::Level;
use hypernode_dispatch::bridge::write::{
    Programs, Rpc, RpcError, Status, Step, Tried, read_transaction,
};
use solana_sdk::hash::{Hash, hashv};
use solana_sdk::pubkey::Pubkey;

/// Blocks that a blockhash lives.
const LIFE: u64 = 6;

#[derive(Debug, Default)]
pub(crate) struct Blocks {
    /// Signatures by block.
    pub(crate) blocks: Vec<Vec<(String, Step)>>,
    pub(crate) finals: usize,
    /// What waits, by signature: last height, and what it is.
    pool: BTreeMap<String, (u64, Step)>,
    /// Heights of blockhashes.
    hashes: BTreeMap<[u8; 32], u64>,
    /// Numbers that look random.
    seed: u64,
    /// Of so many calls one is lost; 0: none.
    pub(crate) loses: u64,
    /// Whatever is sent comes nowhere.
    pub(crate) deaf: bool,
    /// What a simulation says, and what the purse holds then.
    pub(crate) tried: Tried,
    /// All transactions that were ever sent, by what they are.
    pub(crate) sent: BTreeMap<String, BTreeSet<String>>,
}

impl Blocks {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % end
    }

    /// A block that takes some of what waits.
    pub(crate) fn block(&mut self, all: bool) {
        let height = self.blocks.len() as u64 + 1;
        let mut taken = Vec::new();
        let waiting: Vec<(String, (u64, Step))> = self.pool.clone().into_iter().collect();
        for (signature, (last, step)) in waiting {
            let there = self.blocks.iter().flatten().any(|(s, _)| *s == signature);
            if height <= last && !there && (all || self.below(3) == 0) {
                taken.push((signature, step));
            }
        }
        self.blocks.push(taken);
    }

    pub(crate) fn fork(&mut self, depth: usize) {
        let keep = self.blocks.len().saturating_sub(depth).max(self.finals);
        self.blocks.truncate(keep);
    }

    pub(crate) fn finalize(&mut self) {
        self.finals = (self.finals + 1).min(self.blocks.len());
    }

    /// What stays, in order.
    pub(crate) fn stays(&self) -> Vec<Step> {
        let blocks = self.blocks.iter().take(self.finals).flatten();
        blocks.map(|(_, step)| step.clone()).collect()
    }
}

/// An endpoint.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) blocks: Arc<Mutex<Blocks>>,
    pub(crate) programs: Programs,
}

impl Endpoint {
    /// Does `work`, and loses its answer now and then: sometimes before it is done.
    fn call<T>(
        &self,
        method: &'static str,
        work: impl FnOnce(&mut Blocks) -> T,
    ) -> Result<T, RpcError> {
        let mut blocks = self.blocks.lock().expect("not poisoned");
        let loses = blocks.loses;
        let lost = |blocks: &mut Blocks| loses > 0 && blocks.below(loses) == 0;
        let error = || RpcError {
            method,
            what: "does not answer".to_owned(),
        };
        if lost(&mut blocks) {
            return Err(error());
        }
        let answer = work(&mut blocks);
        match lost(&mut blocks) {
            true => Err(error()),
            false => Ok(answer),
        }
    }
}

impl Rpc for Endpoint {
    fn blockhash(&self) -> BoxFuture<'_, Result<(Hash, u64), RpcError>> {
        let answer = self.call("getLatestBlockhash", |blocks| {
            let height = blocks.blocks.len() as u64;
            let nonce = blocks.below(u64::from(u32::MAX));
            let hash = hashv(&[&height.to_le_bytes(), &nonce.to_le_bytes()]);
            blocks.hashes.insert(hash.to_bytes(), height);
            (hash, height + LIFE)
        });
        async move { answer }.boxed()
    }

    fn final_height(&self) -> BoxFuture<'_, Result<u64, RpcError>> {
        let answer = self.call("getBlockHeight", |blocks| blocks.finals as u64);
        async move { answer }.boxed()
    }

    fn send<'a>(&'a self, transaction: &'a str) -> BoxFuture<'a, Result<(), RpcError>> {
        let (message, signatures) = read_transaction(transaction).expect("a transaction");
        let (step, whole) = Step::read(&message, &self.programs).expect("a step");
        for (key, signature) in whole.account_keys.iter().zip(&signatures) {
            assert!(signature.verify(key.as_ref(), &message), "everybody signed");
        }
        let bytes = STANDARD.decode_to_vec(transaction).expect("base64");
        let answer = self.call("sendTransaction", |blocks| {
            let signature = signatures[0].to_string();
            let born = blocks.hashes[&whole.recent_blockhash.to_bytes()];
            let sent = blocks.sent.entry(signature.clone()).or_default();
            sent.insert(hex::encode(&bytes));
            if !blocks.deaf {
                blocks.pool.insert(signature, (born + LIFE, step));
            }
        });
        async move { answer }.boxed()
    }

    fn simulate<'a>(
        &'a self,
        transaction: &'a str,
        _: &'a Pubkey,
    ) -> BoxFuture<'a, Result<Tried, RpcError>> {
        read_transaction(transaction).expect("a transaction");
        let answer = self.call("simulateTransaction", |blocks| blocks.tried.clone());
        async move { answer }.boxed()
    }

    fn status<'a>(&'a self, signature: &'a str) -> BoxFuture<'a, Result<Option<Status>, RpcError>> {
        let answer = self.call("getSignatureStatuses", |blocks| {
            let at = blocks
                .blocks
                .iter()
                .position(|b| b.iter().any(|(s, _)| s == signature))?;
            let level = match at < blocks.finals {
                true => Level::Finalized,
                false => Level::Confirmed,
            };
            Some(Status { error: None, level })
        });
        async move { answer }.boxed()
    }
}
