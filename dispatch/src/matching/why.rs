//! Why no node is chosen for a job: how many each condition leaves out.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::facts::{NodeFacts, Runs};
use super::pool::Pool;
use super::want::Needs;
use crate::ids::NodeId;

/// Nodes that each condition of a job leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Why {
    /// Nodes that are known to the matchmaker now.
    pub nodes: u32,
    /// Those that would do.
    pub fitting: u32,
    /// Those that each condition leaves out; a node that several leave out is counted by each.
    pub reasons: BTreeMap<&'static str, u32>,
}

/// The conditions, and what is said of so many nodes that one leaves out.
const SAYS: [(&str, &str); 12] = [
    ("away", "away or draining"),
    ("busy", "busy with as many jobs as they run at a time"),
    ("model", "with another GPU than the one asked for"),
    ("vram", "with too little VRAM"),
    ("capabilities", "without a capability that is needed"),
    ("reputation", "with too low a reputation"),
    ("stake", "with too little stake"),
    ("price", "that ask more than the budget bears"),
    ("sandbox", "not sandboxed"),
    ("program", "whose programs do not run such jobs"),
    ("owner", "of another owner than may run it"),
    ("excluded", "that failed or declined it a moment ago"),
];

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nodes == 0 {
            return f.write_str("no node is connected");
        }
        write!(
            f,
            "{} of {} connected nodes would do",
            self.fitting, self.nodes
        )?;
        let said = SAYS
            .iter()
            .filter_map(|(name, says)| Some((self.reasons.get(name)?, says)));
        for (n, (count, says)) in said.enumerate() {
            write!(f, "{}{count} {says}", if n == 0 { ": " } else { ", " })?;
        }
        Ok(())
    }
}

impl Pool {
    /// Why each node that is not chosen for these needs is not; none of `excluded` gets the job.
    pub fn why(&self, needs: &Needs, excluded: &[NodeId]) -> Why {
        let want = self.want(needs);
        let mut why = Why::default();
        for facts in self.each() {
            why.nodes += 1;
            let is_excluded = excluded.contains(&facts.id);
            if !is_excluded && self.fits(&want, facts.id) {
                why.fitting += 1;
                continue;
            }
            let takes = self.takes(&want, facts.id);
            for (name, _) in SAYS {
                if leaves_out(name, facts, needs, takes, is_excluded) {
                    *why.reasons.entry(name).or_default() += 1;
                }
            }
        }
        why
    }
}

/// Whether one condition leaves a node out.
fn leaves_out(name: &str, node: &NodeFacts, needs: &Needs, takes: bool, excluded: bool) -> bool {
    let has = |wanted: &String| {
        let mut own = node.capabilities.iter();
        own.any(|own| own.trim().to_lowercase() == wanted.trim().to_lowercase())
    };
    match name {
        "away" => !node.online,
        "busy" => node.online && node.running >= node.slots,
        "model" => !takes,
        "vram" => node.vram_mb < needs.min_vram_mb,
        "capabilities" => !needs.capabilities.iter().all(has),
        "reputation" => node.reputation < needs.min_reputation,
        "stake" => node.stake < needs.min_stake,
        "price" => needs.max_ask.is_some_and(|most| node.ask > most),
        "sandbox" => {
            let home = needs.free.is_some_and(|home| node.owner != home);
            (needs.sandboxed || home) && !node.sandboxed
        }
        "program" => {
            let unnamed = needs.node.is_none() && node.runs == Runs::Named;
            unnamed || (needs.free.is_some() && node.runs != Runs::Free)
        }
        "owner" => {
            needs.owner.is_some_and(|owner| node.owner != owner)
                || needs.not_owner.is_some_and(|owner| node.owner == owner)
                || needs.node.is_some_and(|named| node.id != named)
        }
        _ => excluded,
    }
}
