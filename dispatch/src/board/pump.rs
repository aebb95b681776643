//! Free nodes get jobs.

use hypernode_state::{Digest, UnixMs};

use super::{Board, Step};
use crate::ids::{JobId, NodeId};
use crate::job::{Event, Manner};
use crate::matching::Decision;
use crate::matching::receipt::Asked;
use crate::queue::{ClassId, Rank, Ticket};

impl Board {
    /// Gives jobs to nodes until nothing that waits fits anything that is free.
    pub fn pump(&mut self, at: UnixMs, out: &mut Step) {
        while let Some((class, ticket)) = self.next(at) {
            let Some(id) = self.tickets.get(&ticket).copied() else {
                self.queue.remove(ticket);
                continue;
            };
            let excluded = self.excluded(id, at);
            match self.decide(class, id, &excluded, at, out) {
                Some(decision) => self.give(id, ticket, &decision, at, out),
                None => self.pass(class, id, &excluded, at),
            }
        }
    }

    /// The first job of all classes that are worth a look.
    fn next(&mut self, at: UnixMs) -> Option<(ClassId, Ticket)> {
        let mut first: Option<(Rank, ClassId, Ticket)> = None;
        for class in self.classes.awake() {
            match self.queue.first(class, at) {
                None => self.classes.rest(class),
                Some((ticket, rank)) => {
                    if first.is_none_or(|(best, ..)| rank < best) {
                        first = Some((rank, class, ticket));
                    }
                }
            }
        }
        first.map(|(_, class, ticket)| (class, ticket))
    }

    /// Nodes that do not get the job now, and until when.
    fn excluded(&self, id: JobId, at: UnixMs) -> Vec<(NodeId, UnixMs)> {
        let job = self.job(id);
        let excluded = job.into_iter().flat_map(|job| &job.excluded);
        excluded
            .filter(|e| e.until > at)
            .map(|e| (e.node, e.until))
            .collect()
    }

    fn decide(
        &mut self,
        class: ClassId,
        id: JobId,
        excluded: &[(NodeId, UnixMs)],
        at: UnixMs,
        out: &mut Step,
    ) -> Option<Decision> {
        let open = self.open.get(&id)?;
        let want = self.classes.want(class, &self.pool)?;
        let asked = Asked {
            job: id,
            fence: open.record.job.fence.checked_add(1)?,
            at,
            as_of_slot: self.slot,
            algorithm: self.config.algorithm,
            needs: &open.record.spec.needs,
            half_stake: self.config.half_stake,
            content: Digest(open.record.spec.content.0),
            nonce: &open.record.spec.nonce,
            secret: &self.secret,
        };
        let nodes: Vec<NodeId> = excluded.iter().map(|(node, _)| *node).collect();
        let seed = asked.seed();
        let decision = self
            .pool
            .choose(self.config.algorithm, want, &nodes, &seed)?;
        out.receipts.push(asked.receipt(decision.clone(), &seed));
        Some(decision)
    }

    fn give(&mut self, id: JobId, ticket: Ticket, decision: &Decision, at: UnixMs, out: &mut Step) {
        let (node, ask) = (decision.chosen, decision.ask);
        let manner = self
            .nodes
            .get(&node)
            .map_or(Manner::Renewed, |node| node.manner);
        let event = match manner {
            Manner::Renewed => Event::Offer {
                node,
                ask,
                until: at.saturating_add(self.config.offer_ms.max(1)),
            },
            Manner::Silent => Event::Assign { node, ask, manner },
        };
        self.queue.take(ticket);
        if self.apply(id, event, at, out).is_err() {
            // Refused only where the job is not what the queue believes: it is put where it belongs.
            out.receipts.pop();
            self.due(id, at, out);
        }
    }

    /// No node for this job now. Where only its own exclusions are in the way it steps aside; else all of its class waits.
    fn pass(&mut self, class: ClassId, id: JobId, excluded: &[(NodeId, UnixMs)], at: UnixMs) {
        let want = self.classes.want(class, &self.pool);
        let would = |node: NodeId| want.as_ref().is_some_and(|want| self.pool.fits(want, node));
        // A node that is excluded may come back before those that are here may have it: the first end of all counts.
        let in_the_way = excluded.iter().any(|(node, _)| would(*node));
        let again = excluded.iter().map(|(_, until)| *until).min();
        let again = again.filter(|_| in_the_way);
        match again {
            Some(again) => self.step_aside(class, id, again, at),
            None => self.classes.sleep(class),
        }
    }
}
