//! The Anchor IDLs that ship with Hypernode, as text: `decoder` parses them.

/// Label and JSON of every built-in IDL. `payment_splitter` is in the legacy (pre-0.30) format and carries
/// no address; the others carry the address that their source declares, which configuration may override.
#[must_use]
pub fn builtin() -> &'static [(&'static str, &'static str)] {
    &[
        (
            "node_registry",
            include_str!("../idl/node_registry.idl.json"),
        ),
        ("job_receipt", include_str!("../idl/job_receipt.idl.json")),
        (
            "payment_splitter",
            include_str!("../idl/payment_splitter.idl.json"),
        ),
        (
            "hypernode_jobs",
            include_str!("../idl/hypernode_jobs.idl.json"),
        ),
        (
            "hypernode_staking",
            include_str!("../idl/hypernode_staking.idl.json"),
        ),
        (
            "hypernode_rewards",
            include_str!("../idl/hypernode_rewards.idl.json"),
        ),
    ]
}

/// JSON of the built-in IDL with this label.
#[must_use]
pub fn text(label: &str) -> Option<&'static str> {
    builtin()
        .iter()
        .find(|(name, _)| *name == label)
        .map(|(_, json)| *json)
}

/// JSON of an IDL that describes a layout, not a program of its own: named by `accounts.toml`. Every built-in IDL can
/// also stand for a layout.
#[must_use]
pub fn layout(name: &str) -> Option<&'static str> {
    match name {
        "node_registry.second" => Some(include_str!("../idl/node_registry.second.idl.json")),
        label => text(label),
    }
}
