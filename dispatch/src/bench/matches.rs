//! How fast a node is chosen, updates included, beside a plain loop over the same nodes.

use std::time::{Duration, Instant};

use hypernode_state::{Address, Digest};

use crate::ids::NodeId;
use crate::matching::seed::{DaySecret, Seed};
use crate::matching::{Algorithm, Gamma, Needs, NodeFacts, Pool, Runs, Want};

/// Jobs that run at a time for each hundred nodes: the oldest ends when a new one begins.
const RUNNING_PER_HUNDRED: usize = 30;
/// One decision of so many is followed by new facts of a node.
const FACTS_EVERY: u64 = 16;

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matches {
    /// Nodes in the pool.
    pub nodes: u32,
    /// Nodes that passed the filter, on average.
    pub eligible: f64,
    /// Decisions per second on one core, with a slot taken and one freed for each.
    pub per_second: f64,
    /// Half of the decisions took no longer, in µs.
    pub p50_us: f64,
    /// 99 of a hundred took no longer, in µs.
    pub p99_us: f64,
    /// The longest, in µs.
    pub max_us: f64,
    /// Decisions per second of a plain loop: filter and score of each node in floating point, the best taken.
    pub plain_per_second: f64,
}

/// Chooses nodes for jobs of six kinds out of `nodes` for about `time`.
pub fn matches(nodes: u32, time: Duration) -> Matches {
    let facts: Vec<NodeFacts> = (0..nodes).map(facts).collect();
    let mut pool = Pool::new(1_000_000_000);
    facts.iter().cloned().for_each(|node| pool.put(node));
    let wants: Vec<Want> = needs().iter().map(|needs| pool.want(needs)).collect();
    let secret = DaySecret::new(20_000, [7; 32]);
    let most = (nodes as usize * RUNNING_PER_HUNDRED / 100).max(1);
    let mut running: std::collections::VecDeque<NodeId> = std::collections::VecDeque::new();
    let (mut took, mut eligible) = (Vec::new(), 0_u64);
    let began = Instant::now();
    let mut n = 0_u64;
    while began.elapsed() < time {
        let start = Instant::now();
        let want = &wants[n as usize % wants.len()];
        let seed = secret.seed(&content(n), &[], 1);
        if let Some(decision) = pool.choose(Algorithm::Draw, want, &[], &seed) {
            eligible += u64::from(decision.eligible);
            begin(&mut pool, decision.chosen, 1);
            running.push_back(decision.chosen);
        }
        if running.len() > most
            && let Some(node) = running.pop_front()
        {
            begin(&mut pool, node, -1);
        }
        if n.is_multiple_of(FACTS_EVERY) {
            let node = facts[n as usize % facts.len()].id;
            let score = (300 + n % 600) as u16;
            pool.change(node, |facts| facts.reputation = score);
        }
        took.push(start.elapsed().as_nanos().min(u128::from(u32::MAX)) as u32);
        n += 1;
    }
    let total = began.elapsed();
    took.sort_unstable();
    let at = |share: f64| {
        let place = ((took.len() as f64 * share) as usize).min(took.len().saturating_sub(1));
        f64::from(took.get(place).copied().unwrap_or(0)) / 1000.0
    };
    Matches {
        nodes,
        eligible: eligible as f64 / n as f64,
        per_second: n as f64 / total.as_secs_f64(),
        p50_us: at(0.5),
        p99_us: at(0.99),
        max_us: at(1.0),
        plain_per_second: plain(&facts, time / 4),
    }
}

fn begin(pool: &mut Pool, node: NodeId, change: i32) {
    let running = pool.get(node).map_or(0, |facts| i32::from(facts.running));
    pool.set_running(node, (running + change).max(0) as u16);
}

/// What a first draft would do: every node looked at, its score in floating point, the best taken.
fn plain(facts: &[NodeFacts], time: Duration) -> f64 {
    let needs = needs();
    let began = Instant::now();
    let mut n = 0_u64;
    while began.elapsed() < time {
        let needs = &needs[n as usize % needs.len()];
        let passes = |node: &&NodeFacts| {
            node.online
                && node.running < node.slots
                && node.vram_mb >= needs.min_vram_mb
                && node.reputation >= needs.min_reputation
                && needs.max_ask.is_none_or(|most| node.ask <= most)
                && needs
                    .gpu_model
                    .as_ref()
                    .is_none_or(|model| node.model.contains(model))
                && needs
                    .capabilities
                    .iter()
                    .all(|c| node.capabilities.contains(c))
        };
        let score = |node: &NodeFacts| {
            let runs = f64::from(node.completed + node.failed + 1);
            let quality = 0.4 * f64::from(node.reputation) / 1000.0
                + 0.15 * f64::from(node.completed) / runs
                + 0.2 * f64::from(node.slots - node.running) / f64::from(node.slots)
                + 0.15 * (-f64::from(node.rtt_ms) / 250.0).exp();
            quality * (10_000.0 / node.ask as f64).min(2.0)
        };
        let best = (facts.iter().filter(passes)).max_by(|a, b| score(a).total_cmp(&score(b)));
        std::hint::black_box(best);
        n += 1;
    }
    n as f64 / began.elapsed().as_secs_f64()
}

fn content(n: u64) -> Digest {
    let mut content = [0; 32];
    content[..8].copy_from_slice(&n.to_le_bytes());
    Digest(content)
}

/// Six kinds of jobs.
fn needs() -> Vec<Needs> {
    let plain = Needs::default;
    vec![
        plain(),
        Needs {
            min_vram_mb: 8_192,
            capabilities: vec!["inference".to_owned()],
            ..plain()
        },
        Needs {
            gpu_model: Some("RTX 4090".to_owned()),
            ..plain()
        },
        Needs {
            min_vram_mb: 40_000,
            min_reputation: 600,
            gamma: Gamma::Quality,
            ..plain()
        },
        Needs {
            max_ask: Some(12_000),
            gamma: Gamma::Cheapest,
            ..plain()
        },
        Needs {
            min_vram_mb: 16_000,
            capabilities: vec!["render".to_owned()],
            ..plain()
        },
    ]
}

/// A network as one would find it: eight models, many asks, all reputations.
fn facts(n: u32) -> NodeFacts {
    let seed = Seed([n as u8; 32]).lot(&n.to_string());
    let part = |shift: u32, below: u64| (seed >> shift) % below;
    let models = [
        ("NVIDIA GeForce RTX 4090", 24_576),
        ("NVIDIA GeForce RTX 4080", 16_384),
        ("NVIDIA GeForce RTX 3090", 24_576),
        ("NVIDIA GeForce RTX 3060", 12_288),
        ("NVIDIA A100-SXM4-80GB", 81_920),
        ("NVIDIA H100 PCIe", 81_920),
        ("NVIDIA L40S", 46_068),
        ("Tesla T4", 15_360),
    ];
    let (model, vram_mb) = models[part(0, 8) as usize];
    let mut capabilities = vec!["inference".to_owned()];
    if part(3, 2) == 0 {
        capabilities.push("render".to_owned());
    }
    NodeFacts {
        id: NodeId::uuid(u128::from(seed) << 32 | u128::from(n)),
        owner: Address([n as u8; 32]),
        online: part(4, 20) > 0,
        model: model.to_owned(),
        vram_mb,
        capabilities,
        reputation: part(8, 1000) as u16,
        evidence: part(18, 200) as u32,
        stake: part(26, 5_000_000_000),
        completed: part(20, 500) as u32,
        failed: part(30, 20) as u32,
        rtt_ms: part(36, 300) as u32,
        ask: 2_000 + part(44, 40_000),
        slots: 1 + part(60, 4) as u16,
        running: 0,
        sandboxed: part(63, 2) == 1,
        runs: Runs::Manifests,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_decisions_that_were_made() {
        let found = matches(200, Duration::from_millis(200));
        assert!(found.eligible > 10.0, "{found:?}");
        assert!(
            found.per_second > 1.0 && found.plain_per_second > 1.0,
            "{found:?}"
        );
        assert!(found.p50_us <= found.p99_us && found.p99_us <= found.max_us);
    }
}
