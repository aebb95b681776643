//! A transaction's instructions in execution order (pre-order), with parents.

use super::{Catalogue, CpiProof, Trust};
use crate::chain::{Instruction, Pubkey, Transaction};

/// No configured program.
pub(crate) const NONE: u16 = u16::MAX;

/// Data of Anchor's self-CPI starts with this: sha256("anchor:event")[..8], reversed.
pub(crate) const EVENT_TAG: [u8; 8] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

/// Ed25519, Secp256k1 and Secp256r1 signature checks: instructions that the runtime runs without log lines.
const PRECOMPILES: [Pubkey; 3] = [
    solana_sdk::pubkey!("Ed25519SigVerify111111111111111111111111111").to_bytes(),
    solana_sdk::pubkey!("KeccakSecp256k11111111111111111111111111111").to_bytes(),
    solana_sdk::pubkey!("Secp256r1SigVerify1111111111111111111111111").to_bytes(),
];

/// Deepest call that is believed: the runtime stops at 9.
pub(crate) const MAX_HEIGHT: usize = 64;

/// One instruction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    pub(crate) ix: &'a Instruction,
    pub(crate) program: &'a Pubkey,
    pub(crate) slot: u16,
    pub(crate) outer: u16,
    /// -1 for an outer instruction.
    pub(crate) inner: i32,
    pub(crate) height: u32,
    /// Whether the source stated the height.
    pub(crate) height_known: bool,
    /// Node that invoked it; itself for an outer instruction.
    pub(crate) parent: u32,
    /// Which of its parent's calls it is, from 0.
    pub(crate) child: u16,
    /// Whether it is an event that its parent emitted, and whether that is proven.
    pub(crate) event: Option<Trust>,
    pub(crate) precompile: bool,
}

/// An instruction that may still call others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Open {
    node: u32,
    children: u16,
}

/// The buffer of a tree for that of another transaction.
#[allow(
    clippy::unnecessary_filter_map,
    reason = "the lifetime changes, which `filter` cannot say"
)]
pub(crate) fn recycle<'b>(mut nodes: Vec<Node<'_>>) -> Vec<Node<'b>> {
    nodes.clear();
    // Collects in place: nothing is there to be moved, and the allocation stays.
    nodes.into_iter().filter_map(|_| None).collect()
}

const UNKNOWN_PROGRAM: Pubkey = [0xff; 32];

/// Fills `nodes`; false if something about the tree is not as the runtime makes it.
pub(crate) fn build<'a>(
    tx: &'a Transaction,
    catalogue: &impl Catalogue,
    nodes: &mut Vec<Node<'a>>,
    open: &mut Vec<Open>,
) -> bool {
    nodes.clear();
    let mut sound = true;
    let groups = tx.inner.as_deref().unwrap_or_default();
    let ascending = groups
        .windows(2)
        .all(|w| matches!(w, [a, b] if a.outer < b.outer));
    let in_range = groups
        .iter()
        .all(|g| usize::from(g.outer) < tx.instructions.len());
    sound &= ascending && in_range;
    let mut next_group = 0;
    for (outer, ix) in tx
        .instructions
        .iter()
        .take(usize::from(u16::MAX))
        .enumerate()
    {
        let outer = outer as u16;
        open.clear();
        let index = nodes.len() as u32;
        let (mut node, known) = node(tx, ix, catalogue);
        sound &= known;
        node.outer = outer;
        node.parent = index;
        nodes.push(node);
        // Instructions that call each other: the node at each height, from 1.
        open.push(Open {
            node: index,
            children: 0,
        });
        let of_outer = |g: &&crate::chain::InnerGroup| u16::from(g.outer) == outer;
        if ascending {
            if let Some(group) = groups.get(next_group).filter(of_outer) {
                next_group += 1;
                sound &= add_group(tx, &group.instructions, outer, catalogue, nodes, open);
            }
        } else {
            for group in groups.iter().filter(of_outer) {
                sound &= add_group(tx, &group.instructions, outer, catalogue, nodes, open);
            }
        }
    }
    sound && tx.instructions.len() <= usize::from(u16::MAX)
}

fn add_group<'a>(
    tx: &'a Transaction,
    instructions: &'a [Instruction],
    outer: u16,
    catalogue: &impl Catalogue,
    nodes: &mut Vec<Node<'a>>,
    open: &mut Vec<Open>,
) -> bool {
    let mut sound = true;
    let first = open.first().map_or(0, |outer| outer.node as usize + 1);
    for ix in instructions {
        let (mut node, known) = node(tx, ix, catalogue);
        // A height that is missing or impossible is taken as 2, the only one that every runtime had.
        let stated = ix
            .stack_height
            .filter(|&h| h >= 2 && h as usize <= MAX_HEIGHT.min(open.len() + 1));
        sound &= known && stated.is_some();
        node.height = stated.unwrap_or(2);
        node.height_known = stated.is_some();
        node.outer = outer;
        // Counted over all groups of the outer instruction: no two instructions stand at one place.
        node.inner = i32::try_from(nodes.len().saturating_sub(first)).unwrap_or(i32::MAX);
        open.truncate(node.height as usize - 1);
        if let Some(caller) = open.last_mut() {
            node.parent = caller.node;
            node.child = caller.children;
            caller.children = caller.children.saturating_add(1);
        }
        let parent = nodes.get(node.parent as usize);
        node.event = parent.and_then(|parent| event(tx, &node, parent, catalogue));
        open.push(Open {
            node: nodes.len() as u32,
            children: 0,
        });
        nodes.push(node);
    }
    sound
}

fn node<'a>(
    tx: &'a Transaction,
    ix: &'a Instruction,
    catalogue: &impl Catalogue,
) -> (Node<'a>, bool) {
    let key = tx.keys.get(usize::from(ix.program));
    let program = key.unwrap_or(&UNKNOWN_PROGRAM);
    let node = Node {
        ix,
        program,
        slot: catalogue.slot(program).unwrap_or(NONE),
        outer: 0,
        inner: -1,
        height: 1,
        height_known: true,
        parent: 0,
        child: 0,
        event: None,
        precompile: PRECOMPILES.contains(program),
    };
    (node, key.is_some())
}

/// An event: the program calls itself with the tag and its own event authority as only account. A tagged
/// instruction that another program or a client sends is none.
fn event(
    tx: &Transaction,
    node: &Node<'_>,
    parent: &Node<'_>,
    catalogue: &impl Catalogue,
) -> Option<Trust> {
    if !node.ix.data.starts_with(&EVENT_TAG) || node.program != parent.program {
        return None;
    }
    let slot = (node.slot != NONE).then_some(node.slot);
    match catalogue.cpi_proof(node.program, slot) {
        CpiProof::SelfCall => Some(Trust::Proven),
        CpiProof::Unwanted => None,
        CpiProof::Authority(authority) => {
            let proven = match node.ix.accounts.as_slice() {
                [account] => tx.keys.get(usize::from(*account)) == Some(&authority),
                _ => false,
            };
            if proven {
                Some(Trust::Proven)
            } else {
                slot.map(|_| Trust::WrongAuthority)
            }
        }
    }
}
