//! What network the figures are of.

/// Addresses of the programs, those that the validation page names first; base58, `None` where not configured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProgramIds {
    /// The program `node_registry`.
    pub node_registry: Option<String>,
    /// The program `job_receipt`.
    pub job_receipt: Option<String>,
    /// The program `payment_splitter`.
    pub payment_splitter: Option<String>,
    /// Every program that is indexed, by label.
    pub indexed: Vec<IndexedProgram>,
}

/// A program and the IDLs that it is decoded with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndexedProgram {
    /// What its tables are named by.
    pub label: String,
    /// Its address, base58.
    pub id: String,
    /// First slot and hash of each IDL: SHA-256 of its JSON with sorted keys and no white space, in hex.
    pub idls: Vec<(u64, String)>,
}

/// The network as pages and answers name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkInfo {
    /// Name for people, e.g. `localnet (simulated)` or `Solana Mainnet`.
    pub name: String,
    /// Whether the chain is a simulation. Then every page says so and links stay on our own transaction page.
    pub simulated: bool,
    /// Whether anybody on this machine may change anything. Then every page says so.
    pub open_dev: bool,
    /// Genesis hash, base58.
    pub genesis: String,
    /// Address that `/tx/<signature>` is appended to, without a slash at its end: an explorer, or on a simulated
    /// network the address of this very server.
    pub explorer: String,
    /// Programs that are indexed.
    pub programs: ProgramIds,
    /// Mint of the HYPER token, base58; `None` where not configured.
    pub mint: Option<String>,
    /// Decimals of HYPER: amounts in base units are divided by ten to this power. At most 18.
    pub decimals: u8,
}

/// What answers say in place of an address that is not configured. Old pages need a string there.
pub(crate) const NOT_CONFIGURED: &str = "not configured";

impl NetworkInfo {
    /// Base units as a HYPER number.
    pub(crate) fn hyper(&self, raw: u128) -> f64 {
        hypernode_analytics::amount::to_hyper(raw, self.decimals)
    }

    /// Where a reader of our page can look a transaction up.
    pub(crate) fn transaction_link(&self, signature: &str) -> String {
        if self.simulated {
            format!("/tx/{signature}")
        } else {
            format!("{}/tx/{signature}", self.explorer)
        }
    }
}

/// The address, or [`NOT_CONFIGURED`].
pub(crate) fn or_not_configured(address: Option<&str>) -> &str {
    address.unwrap_or(NOT_CONFIGURED)
}
