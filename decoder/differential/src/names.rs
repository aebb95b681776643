//! Names that a Rust type or field may have, those of our own columns among them.

use crate::rng::Rng;

const FIELDS: [&str; 30] = [
    "slot",
    "tx_index",
    "outer_ix",
    "inner_ix",
    "ordinal",
    "signature",
    "block_time",
    "f_slot",
    "accounts",
    "result",
    "depth",
    "remaining_accounts",
    "kind",
    "value",
    "data",
    "program",
    "label",
    "event",
    "null",
    "pubkey",
    "owner",
    "lamports",
    "nodeId",
    "amount",
    "price",
    "name_",
    "x",
    "_y",
    "a1b2",
    "count",
];
const TYPES: [&str; 16] = [
    "Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Heron", "Islet", "Jetty",
    "Kelp", "Larch", "Maple", "NodeV2", "OrderXY", "Pine_",
];
const VERBS: [&str; 6] = ["open", "close", "swap_v", "settle_all", "init_lb", "pay2"];

/// Fields of one structure: all different.
pub(crate) fn fields(count: usize, rng: &mut Rng) -> Vec<String> {
    let mut out: Vec<String> = Vec::with_capacity(count);
    while out.len() < count {
        let mut name = (*rng.pick(&FIELDS)).to_owned();
        if out.contains(&name) {
            name = format!("{name}{}", out.len());
        }
        if !out.contains(&name) {
            out.push(name);
        }
    }
    out
}

/// A type's name; the number keeps it apart from others and from those of Anchor's prelude.
pub(crate) fn type_name(index: usize, rng: &mut Rng) -> String {
    format!("{}{index}", rng.pick(&TYPES))
}

/// An instruction's name.
pub(crate) fn instruction(index: usize, rng: &mut Rng) -> String {
    format!("{}{index}", rng.pick(&VERBS))
}
