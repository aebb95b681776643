//! What values look like.

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// A file or folder.
    Path,
    /// `true` or `false`.
    Flag,
    /// A TCP port; 0 = any free one.
    Port,
    /// A whole number in a range.
    Integer(u64, u64),
    /// A number in a range.
    Number(f64, f64),
    /// `http://` or `https://` with a host.
    Url,
    /// Several of [`Kind::Url`], separated by commas or spaces.
    Urls,
    /// Several of [`Kind::Endpoint`], separated by commas or spaces.
    Endpoints,
    /// As [`Kind::Url`], of a server that pages and logs name: without credentials or a query in it.
    Endpoint,
    /// A 32-byte address in base58.
    Pubkey,
    /// Pairs of token accounts, each for a range of slots.
    FeeAccounts,
    /// Origins of web pages, separated by commas or spaces; `*` = every one.
    Origins,
    /// Addresses or networks (10.0.0.0/8), separated by commas or spaces.
    Networks,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Like text, never printed.
    Secret,
}

impl Kind {
    /// How `config check` describes it.
    pub(crate) fn describe(self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Path => "a path".into(),
            Self::Flag => "true or false".into(),
            Self::Port => "a port from 0 to 65535 (0 = any free one)".into(),
            Self::Integer(low, high) => format!("a whole number from {low} to {high}"),
            Self::Number(low, high) => format!("a number from {low} to {high}"),
            Self::Url => "a URL starting with http:// or https://".into(),
            Self::Urls => "URLs starting with http:// or https://, separated by commas".into(),
            Self::Endpoints => {
                "URLs starting with http:// or https://, without credentials or a query, separated by commas".into()
            }
            Self::Endpoint => {
                "a URL starting with http:// or https://, without credentials or a query".into()
            }
            Self::Pubkey => "a 32-byte address in base58".into(),
            Self::FeeAccounts => "accounts as TREASURY/INCENTIVE or TREASURY/INCENTIVE@FIRST-LAST, separated by commas".into(),
            Self::Origins => "origins as https://pages.example, separated by commas, or *".into(),
            Self::Networks => "addresses or networks as 10.0.0.0/8, separated by commas".into(),
            Self::Choice(words) => format!("one of: {}", words.join(", ")),
            Self::Secret => "a secret (environment or file)".into(),
        }
    }
}
