//! Why there is no answer. None of these says whether a score is right.

use hypernode_decoder::ConfigError;

use crate::rpc::RpcError;

/// What keeps an audit from an answer: what, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The chain cannot be asked.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The API does not answer with a proof.
    #[error("proof from {api}: {what}")]
    Api {
        /// The API's address.
        api: String,
        /// What is wrong.
        what: String,
    },
    /// The description of the network cannot be used.
    #[error("network ({origin}): {place}: {what}")]
    Network {
        /// Whose description it is.
        origin: String,
        /// The member that is wrong.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// A program was indexed by an IDL that is not at hand.
    #[error(
        "program {label} ({id}): from slot {from_slot} on it was indexed by an IDL with the SHA-256 {wanted}; {have}. Put that IDL's file into a folder and name it with --idl DIR"
    )]
    Idl {
        /// The program's label.
        label: String,
        /// Its address.
        id: String,
        /// First slot that the IDL describes.
        from_slot: u64,
        /// Its hash.
        wanted: String,
        /// The hashes that are at hand.
        have: String,
    },
    /// The programs cannot be decoded together.
    #[error("programs: {0}")]
    Decoder(#[from] ConfigError),
    /// A slot that may still change.
    #[error(
        "slot {slot} is not final at the RPC endpoint, whose newest final slot is {finalized}: wait, or name an earlier --slot"
    )]
    NotFinal {
        /// What was asked for.
        slot: u64,
        /// What is final.
        finalized: u64,
    },
    /// The endpoint serves another chain.
    #[error(
        "the RPC endpoint serves the network with the genesis hash {theirs}, the score is of {wanted}: name an endpoint of that network with --rpc"
    )]
    OtherNetwork {
        /// The score's network.
        wanted: String,
        /// The endpoint's.
        theirs: String,
    },
    /// More history than is to be read.
    #[error(
        "more than {most} signatures have to be looked at: raise --max-transactions if that is not somebody filling up the history"
    )]
    TooMany {
        /// The limit.
        most: u64,
    },
    /// No block whose time is known.
    #[error(
        "the RPC endpoint knows no block with a time at slot {slot} or in the {looked} slots before it: name an endpoint with history (--rpc)"
    )]
    NoBlock {
        /// What was asked for.
        slot: u64,
        /// How far back was looked.
        looked: u64,
    },
    /// A transaction that the endpoint lists and does not tell whole.
    #[error(
        "transaction {signature}: the RPC endpoint lists it, but {what}: name an endpoint that keeps the whole history (--rpc)"
    )]
    Transaction {
        /// Its signature.
        signature: String,
        /// What is missing.
        what: String,
    },
    /// A registration that does not belong to the address.
    #[error(
        "node {node}: it was registered by {owner} as {name:?}, from which another address follows: the program is not the node_registry that HNR-1 speaks of"
    )]
    Underived {
        /// The node.
        node: String,
        /// Who registered it.
        owner: String,
        /// As what.
        name: String,
    },
    /// The decoder's rows have another layout than this reader knows.
    #[error("canonical events: {0}")]
    Rows(String),
}
