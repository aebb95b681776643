//! Owners of nodes: registration, heartbeats, status, stake, leaving.

use rand::Rng as _;
use solana_sdk::signature::Signer as _;

use super::{
    cast::OWNERS,
    desk::Desk,
    state::{Effect, Node, State},
};
use crate::svm::instructions::{self as ix, NodeStatus};

/// Nodes that the network grows to.
const NODES: usize = 24;
/// Slots between two registrations once the first nodes are there.
const GROWTH: u64 = 10;
/// Seconds between heartbeats: the program refuses them within 30.
const HEARTBEAT: i64 = 32;

const PLACES: [&str; 12] = [
    "us-east",
    "us-west",
    "eu-central",
    "eu-north",
    "uk",
    "jp",
    "sg",
    "kr",
    "br",
    "in",
    "au",
    "ca",
];
const GPUS: [&str; 6] = [
    "rtx4090-24g",
    "a100-80g",
    "h100-80g",
    "l40s-48g",
    "rtx3090-24g",
    "a6000-48g",
];

/// Registers the network's first nodes, then one from time to time.
pub(super) fn grow(state: &mut State, desk: &mut Desk<'_>) {
    let (now, slot) = (state.nodes.len(), desk.slot);
    if state.next_node == 0 {
        for _ in 0..4 {
            register(state, desk);
        }
    } else if now < NODES && slot >= state.last_node + GROWTH {
        register(state, desk);
    }
}

fn register(state: &mut State, desk: &mut Desk<'_>) {
    let number = state.next_node;
    state.next_node += 1;
    state.last_node = desk.slot;
    let owner = desk.rng.random_range(0..OWNERS);
    let place = desk.pick(&PLACES).copied().unwrap_or("eu-central");
    let gpu = desk.pick(&GPUS).copied().unwrap_or("a100-80g");
    // Nothing keeps two owners from the same name: one in six repeats the last one's.
    let name = match state.nodes.last() {
        Some(last) if desk.once_in(6) && last.owner != owner => last.name.clone(),
        _ => format!("gpu-{place}-{number:04}"),
    };
    let key = desk.cast.owner(owner);
    let specs = format!("{gpu}-{}", desk.hash_text().get(..16).unwrap_or_default());
    let register = ix::register_node(&key.pubkey(), &name, &specs, place);
    let node = Node {
        owner,
        name,
        online: true,
        beat: desk.time,
        due: desk.slot + 1,
    };
    desk.write(&[register], &[key], Effect::Registered(node));
}

/// Sends the heartbeats that are due, as far as `budget` goes.
pub(super) fn heartbeats(state: &mut State, desk: &mut Desk<'_>, budget: usize) {
    let (slot, time, cast) = (desk.slot, desk.time, desk.cast);
    let due = state
        .nodes
        .iter_mut()
        .filter(|n| n.online && n.due <= slot && time - n.beat >= HEARTBEAT);
    for node in due.take(budget) {
        let key = cast.owner(node.owner);
        let Some(address) = ix::node_address(&key.pubkey(), &node.name) else {
            continue;
        };
        // If it fails, the next try is some seconds away.
        node.due = slot + 8 + u64::from(node.owner);
        let effect = Effect::Beat {
            owner: node.owner,
            name: node.name.clone(),
            time,
        };
        desk.write(&[ix::heartbeat(&address, &key.pubkey())], &[key], effect);
    }
}

/// One of the rarer things that owners do.
pub(super) fn incident(state: &mut State, desk: &mut Desk<'_>) {
    let count = state.nodes.len();
    if count == 0 {
        return;
    }
    let at = desk.rng.random_range(0..count);
    let slot = desk.slot;
    let Some(node) = state.nodes.get_mut(at).filter(|node| node.due <= slot) else {
        return;
    };
    let (owner, name) = (node.owner, node.name.clone());
    let key = desk.cast.owner(owner);
    let Some(address) = ix::node_address(&key.pubkey(), &name) else {
        return;
    };
    node.due = slot + 2;
    let online = node.online;
    match desk.rng.random_range(0..10) {
        0..=4 => {
            let amount = desk.rng.random_range(1..=50) * 1_000_000_000;
            desk.write(
                &[ix::stake_for_node(&address, &key.pubkey(), amount)],
                &[key],
                Effect::None,
            );
        }
        5..=7 => {
            let (status, online) = match (online, desk.once_in(5)) {
                (true, true) => (NodeStatus::Suspended, false),
                (true, false) => (NodeStatus::Offline, false),
                (false, _) => (NodeStatus::Online, true),
            };
            let change = ix::update_node_status(&address, &key.pubkey(), status);
            desk.write(
                &[change],
                &[key],
                Effect::Status {
                    owner,
                    name,
                    online,
                },
            );
        }
        8 => {
            // Too early: refused by the program with HeartbeatTooFrequent, mostly.
            desk.write(
                &[ix::heartbeat(&address, &key.pubkey())],
                &[key],
                Effect::None,
            );
        }
        _ if count > NODES / 2 => {
            let leave = ix::deregister_node(&address, &key.pubkey());
            desk.write(&[leave], &[key], Effect::Gone { owner, name });
        }
        _ => {}
    }
}
