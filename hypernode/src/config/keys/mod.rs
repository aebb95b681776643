//! Every key that configuration knows: its type, default, meaning and the names older systems used for it.

mod fixed;
mod kind;
mod older;

pub(crate) use fixed::KEYS;
pub(crate) use kind::Kind;
pub(crate) use older::{PROGRAM_ALIASES, UNUSED_ALIASES};

/// One key of `hypernode.toml`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// Dotted name, `section.key`.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Default as text; empty = unset.
    pub(crate) default: &'static str,
    /// Environment names that older systems used.
    pub(crate) aliases: &'static [&'static str],
    pub(crate) help: &'static str,
}

/// The key with this name; `programs.<label>.id|idl|account_layout` included.
pub(crate) fn find(name: &str) -> Option<Kind> {
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        return Some(key.kind);
    }
    let rest = name.strip_prefix("programs.")?;
    match rest.rsplit_once('.') {
        Some((label, "id")) if !label.is_empty() => Some(Kind::Pubkey),
        Some((label, "idl")) if !label.is_empty() => Some(Kind::Path),
        Some((label, "account_layout")) if !label.is_empty() => Some(Kind::Text),
        _ => None,
    }
}

/// The known key nearest to a misspelt one, if any is near.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    KEYS.iter()
        .map(|key| (strsim::levenshtein(name, key.name), key.name))
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_finds_its_neighbour() {
        assert_eq!(nearest("api.prot"), Some("api.port"));
        assert_eq!(nearest("something.else"), None);
    }

    #[test]
    fn program_keys_are_known_for_any_label() {
        assert_eq!(find("programs.job_receipt.id"), Some(Kind::Pubkey));
        assert_eq!(find("programs.job_receipt.idx"), None);
        assert_eq!(find("programs..id"), None);
    }
}
