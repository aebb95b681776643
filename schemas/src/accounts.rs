//! Typed model of `accounts.toml`: layouts that share a discriminator, and what the fields of accounts mean.
//! Whether the named accounts and fields exist is checked where IDLs are known (`decoder`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The file that ships with Hypernode.
pub const TEXT: &str = include_str!("../accounts.toml");

/// The version of the format that this code reads.
pub const VERSION: u32 = 1;

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountMap {
    /// Version of the format; always [`VERSION`] after [`parse`].
    pub version: u32,
    /// One entry per (label, account).
    #[serde(default, rename = "account")]
    pub accounts: Vec<AccountEntry>,
}

/// One account of a program.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    /// IDL label of the program that owns it.
    pub label: String,
    /// Account name in that IDL.
    pub account: String,
    /// What it is.
    pub kind: AccountKind,
    /// Field of each column.
    #[serde(default)]
    pub set: BTreeMap<NodeColumn, String>,
    /// Its layouts; at least one.
    #[serde(default, rename = "layout")]
    pub layouts: Vec<Layout>,
}

/// What an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A node: its rows also go to `node_account_versions`.
    Node,
}

/// One way in which an account is laid out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Name in configuration and in the `layout` columns.
    pub name: String,
    /// File of `schemas/idl` that describes it, without its ending.
    pub idl: String,
    /// Bytes that such an account has, discriminator included.
    #[serde(default)]
    pub lengths: Vec<u32>,
    /// Texts of the status field's numbers.
    #[serde(default)]
    pub status: Vec<String>,
}

/// Value columns of `node_account_versions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeColumn {
    /// Wallet that owns the node.
    Owner,
    /// The owner's name for it.
    NodeId,
    /// Hash of the GPU specifications.
    GpuSpecsHash,
    /// Place, as the owner states it.
    Location,
    /// `online`, `offline`, `suspended`.
    Status,
    /// Staked amount.
    Stake,
    /// The program's own score.
    Reputation,
    /// Jobs completed, by the program's count.
    JobsCompleted,
    /// Jobs failed, by the program's count.
    JobsFailed,
    /// Earnings, by the program's count.
    TotalEarned,
    /// Time of the last heartbeat.
    LastHeartbeat,
    /// Time of registration.
    RegisteredAt,
}

/// Why a file is no account map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountMapError {
    /// Not TOML of this shape.
    #[error("accounts.toml: {0}")]
    Toml(String),
    /// Another version of the format.
    #[error("accounts.toml: version {0} is unknown, this program reads version {VERSION}")]
    Version(u32),
    /// Two entries, or two layouts, of one name.
    #[error("accounts.toml: {0} occurs twice: keep one")]
    Twice(String),
    /// An entry without a layout.
    #[error("accounts.toml: `{account}` of `{label}` has no [[account.layout]]: add one")]
    NoLayout {
        /// IDL label.
        label: String,
        /// The account.
        account: String,
    },
    /// Two layouts that claim one length.
    #[error(
        "accounts.toml: `{account}` of `{label}`: {length} bytes stand for two layouts: give each its own lengths"
    )]
    Length {
        /// IDL label.
        label: String,
        /// The account.
        account: String,
        /// The length.
        length: u32,
    },
}

/// Reads an account map.
///
/// # Errors
/// [`AccountMapError`] says what is wrong.
pub fn parse(text: &str) -> Result<AccountMap, AccountMapError> {
    let map: AccountMap =
        toml::from_str(text).map_err(|error| AccountMapError::Toml(error.to_string()))?;
    if map.version != VERSION {
        return Err(AccountMapError::Version(map.version));
    }
    let mut names = BTreeSet::new();
    for entry in &map.accounts {
        let AccountEntry { label, account, .. } = entry;
        if !names.insert((label, account)) {
            return Err(AccountMapError::Twice(format!("`{account}` of `{label}`")));
        }
        if entry.layouts.is_empty() {
            return Err(AccountMapError::NoLayout {
                label: label.clone(),
                account: account.clone(),
            });
        }
        let (mut layouts, mut lengths) = (BTreeSet::new(), BTreeSet::new());
        for layout in &entry.layouts {
            if !layouts.insert(&layout.name) {
                let what = format!("layout `{}` of `{account}` of `{label}`", layout.name);
                return Err(AccountMapError::Twice(what));
            }
            for length in &layout.lengths {
                if !lengths.insert(*length) {
                    return Err(AccountMapError::Length {
                        label: label.clone(),
                        account: account.clone(),
                        length: *length,
                    });
                }
            }
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_has_two_layouts_with_swapped_numbers() {
        let map = parse(TEXT).unwrap();
        let [node] = map.accounts.as_slice() else {
            panic!("one entry")
        };
        let [first, second] = node.layouts.as_slice() else {
            panic!("two layouts")
        };
        assert_eq!((&first.lengths, &second.lengths), (&vec![288], &vec![232]));
        assert_eq!(first.status[0], second.status[1]);
        assert_eq!(node.set.len(), 12);
        for layout in &node.layouts {
            assert!(crate::idl::layout(&layout.idl).is_some(), "{}", layout.idl);
        }
    }

    #[test]
    fn a_bad_file_is_refused_with_its_reason() {
        let entry = "[[account]]\nlabel = \"x\"\naccount = \"A\"\nkind = \"node\"\n";
        let layout = |name: &str, length: u32| {
            format!("[[account.layout]]\nname = \"{name}\"\nidl = \"x\"\nlengths = [{length}]\n")
        };
        for (text, wanted) in [
            ("version = 2".to_owned(), "version 2"),
            (format!("version = 1\n{entry}"), "[[account.layout]]"),
            (
                format!("version = 1\n{entry}{}{}", layout("a", 1), layout("a", 2)),
                "layout `a`",
            ),
            (
                format!("version = 1\n{entry}{}{}", layout("a", 1), layout("b", 1)),
                "1 bytes",
            ),
            (
                format!(
                    "version = 1\n{entry}{}{entry}{}",
                    layout("a", 1),
                    layout("a", 1)
                ),
                "`A` of `x` occurs twice",
            ),
            ("version = 1\nfoo = 2".to_owned(), "foo"),
        ] {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
