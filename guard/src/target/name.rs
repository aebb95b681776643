//! Host names: their one form, and which of them are public.

/// Longest name in bytes, without its trailing dot (RFC 1035).
const MOST_NAME_BYTES: usize = 253;
/// Longest label in bytes (RFC 1035).
const MOST_LABEL_BYTES: usize = 63;

/// Names that, with all below them, mean something within a network and nothing outside of it: special-use names
/// (RFC 6761, 6762, 7686, 8375, 9476), those that networks use on their own (RFC 6762, appendix G; ICANN's list of names
/// that are never delegated), and the tree of reverse lookups.
pub const RESERVED: &[&str] = &[
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "mail",
    "workgroup",
    "arpa",
    "onion",
    "alt",
    "test",
    "invalid",
    "example",
];

/// Why a host name is not called; reads on after "the URL's host".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty labels, characters other than letters, digits, `-` and `_`, or too long.
    #[error("is not a host name")]
    Form,
    /// The last label begins with a digit: some readers take it for an address, others for a name.
    #[error("ends in a number: write an IPv4 address as four decimal numbers")]
    Number,
    /// A name of [`RESERVED`], or below one.
    #[error("is a name for private networks")]
    Private,
    /// A single label, that a machine completes with its own domains.
    #[error("must be a full name with a dot, such as www.example.org")]
    Short,
}

/// The name without its trailing dot. `name` is lower case and ASCII, as the URL reader leaves it.
pub(super) fn normal(name: &str) -> Result<&str, NameError> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.len() > MOST_NAME_BYTES || !name.split('.').all(is_label) {
        return Err(NameError::Form);
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    match last.starts_with(|c: char| c.is_ascii_digit()) {
        true => Err(NameError::Number),
        false => Ok(name),
    }
}

/// Passes names that anybody's resolver can know. `name` is in its normal form.
pub(super) fn public(name: &str) -> Result<(), NameError> {
    let below = |reserved: &&str| match name.strip_suffix(*reserved) {
        Some(rest) => rest.is_empty() || rest.ends_with('.'),
        None => false,
    };
    if RESERVED.iter().any(below) {
        return Err(NameError::Private);
    }
    match name.contains('.') {
        true => Ok(()),
        false => Err(NameError::Short),
    }
}

/// Underscores are no part of host names, yet sites exist that have them.
fn is_label(label: &str) -> bool {
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    !label.is_empty()
        && label.len() <= MOST_LABEL_BYTES
        && label.bytes().all(known)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dot_at_the_end_is_no_part_of_a_name() {
        assert_eq!(normal("example.com."), Ok("example.com"));
        assert_eq!(normal("example.com.."), Err(NameError::Form));
        assert_eq!(normal("."), Err(NameError::Form));
        assert_eq!(normal(""), Err(NameError::Form));
    }

    #[test]
    fn labels_and_names_are_as_long_as_dns_allows() {
        let label = "a".repeat(63);
        let longest = [label.as_str(), &label, &label, &"a".repeat(61)].join(".");
        assert_eq!(normal(&longest), Ok(longest.as_str()));
        assert_eq!(normal(&format!("{longest}a")), Err(NameError::Form));
        assert_eq!(normal(&format!("{label}a.com")), Err(NameError::Form));
    }

    #[test]
    fn a_reserved_name_is_a_whole_label() {
        assert_eq!(public("printer.local"), Err(NameError::Private));
        assert_eq!(public("local"), Err(NameError::Private));
        assert_eq!(public("mylocal.org"), Ok(()));
        assert_eq!(public("notlocal"), Err(NameError::Short));
    }
}
