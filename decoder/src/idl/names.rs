//! Discriminators that Anchor derives from names.

use sha2::{Digest, Sha256};

/// First eight bytes of sha256("namespace:name").
pub(super) fn discriminator(namespace: &str, name: &str) -> Vec<u8> {
    let hash = Sha256::new()
        .chain_update(namespace)
        .chain_update(":")
        .chain_update(name)
        .finalize();
    hash.iter().copied().take(8).collect()
}

/// `swapBaseIn` to `swap_base_in`, with the word boundaries that Anchor's own converter uses: a lower
/// case letter or digit before an upper case one, and the last letter of an upper case run before a lower one.
pub(super) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 8);
    let mut lower_before = false;
    for (i, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            lower_before = false;
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        if c.is_uppercase() {
            let run_ends = i > 0
                && chars.get(i - 1).is_some_and(|p| p.is_alphanumeric())
                && chars.get(i + 1).is_some_and(|n| n.is_lowercase());
            if (lower_before || run_ends) && !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            lower_before = false;
        } else if c.is_lowercase() {
            lower_before = true;
        }
        out.extend(c.to_lowercase());
    }
    while out.ends_with('_') {
        out.pop();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_split_as_anchor_splits_them() {
        for (camel, want) in [
            ("registerNode", "register_node"),
            ("swapV2", "swap_v2"),
            ("addLiquidityByStrategy2", "add_liquidity_by_strategy2"),
            ("initializeLBPair", "initialize_lb_pair"),
            ("setFeeBps", "set_fee_bps"),
            ("already_snake", "already_snake"),
            ("a2B", "a2_b"),
            ("X", "x"),
            ("", ""),
        ] {
            assert_eq!(snake(camel), want);
        }
    }

    #[test]
    fn derived_discriminators_are_the_programs() {
        assert_eq!(
            discriminator("event", "JobCreatedEvent"),
            [0x19, 0x10, 0xbd, 0x98, 0x84, 0xd7, 0xa2, 0x74]
        );
        assert_eq!(
            discriminator("global", &snake("createJob")),
            [0xb2, 0x82, 0xd9, 0x6e, 0x64, 0x1b, 0x52, 0x77]
        );
        assert_eq!(
            discriminator("account", "NodeAccount"),
            [0x7d, 0xa6, 0x12, 0x92, 0xc3, 0x7f, 0x56, 0xdc]
        );
    }
}
