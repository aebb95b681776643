//! How much anybody may ask for.

/// How much anybody may ask for. Amounts are raw HYPER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest run that may be asked for, in seconds.
    pub longest_s: u32,
    /// Most attempts after the first.
    pub most_retries: u8,
    /// Attempts after the first where nothing is said.
    pub retries: u8,
    /// Largest budget of a job: a million HYPER. Sums of ten thousand open ones fit.
    pub most_budget: u64,
    /// Decimals of HYPER.
    pub decimals: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            longest_s: 86_400,
            most_retries: 10,
            retries: 3,
            most_budget: 1_000_000_000_000,
            decimals: 6,
        }
    }
}
