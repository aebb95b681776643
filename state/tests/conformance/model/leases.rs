//! Named leases as a map.

use std::collections::BTreeMap;

use hypernode_state::leases::{
    LeaseAnswer, LeaseOp, LeaseQuery, LeaseRecord, LeaseRefusal, LeaseReply,
};

use super::Stop;

#[derive(Debug, Clone, Default)]
pub(crate) struct Leases(BTreeMap<String, LeaseRecord>);

impl Leases {
    fn held(&mut self, role: &str, given: u64) -> Result<&mut LeaseRecord, Stop> {
        let current = self.0.get(role).map_or(0, |lease| lease.fence);
        let lost = || LeaseRefusal::Lost {
            role: role.to_owned(),
            given,
            current,
        };
        let lease = self.0.get_mut(role);
        let held = lease.filter(|lease| lease.fence == given && lease.holder.is_some());
        held.ok_or_else(|| lost().into())
    }

    pub(crate) fn run(&mut self, op: &LeaseOp) -> Result<LeaseReply, Stop> {
        Ok(match op {
            LeaseOp::LeaseAcquire(op) => {
                let before = self.0.get(&op.role);
                if let Some(lease) = before
                    && let Some(holder) = lease.holder.clone()
                    && holder != op.holder
                    && op.now < lease.until
                {
                    let (role, until) = (op.role.clone(), lease.until);
                    return Err(LeaseRefusal::Held {
                        role,
                        holder,
                        until,
                    }
                    .into());
                }
                let lease = LeaseRecord {
                    role: op.role.clone(),
                    holder: Some(op.holder.clone()),
                    fence: before.map_or(1, |lease| lease.fence + 1),
                    until: op.now + op.lease_ms,
                };
                self.0.insert(op.role.clone(), lease.clone());
                LeaseReply::LeaseAcquire(lease)
            }
            LeaseOp::LeaseRenew(op) => {
                let lease = self.held(&op.role, op.fence)?;
                lease.until = lease.until.max(op.now + op.lease_ms);
                LeaseReply::LeaseRenew(lease.clone())
            }
            LeaseOp::LeaseRelease(op) => {
                self.held(&op.role, op.fence)?.holder = None;
                LeaseReply::LeaseRelease(())
            }
            LeaseOp::RequireLease(op) => {
                self.held(&op.role, op.fence)?;
                LeaseReply::RequireLease(())
            }
        })
    }

    pub(crate) fn ask(&self, query: &LeaseQuery) -> LeaseAnswer {
        match query {
            LeaseQuery::GetLease(query) => LeaseAnswer::GetLease(self.0.get(&query.role).cloned()),
        }
    }
}
