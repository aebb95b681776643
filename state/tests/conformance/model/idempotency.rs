//! Idempotency keys as a map.

use std::collections::BTreeMap;

use hypernode_state::idempotency::{
    IdempotencyAnswer, IdempotencyOp, IdempotencyQuery, IdempotencyRecord, IdempotencyRefusal,
    IdempotencyReply,
};

use super::Stop;

#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    attempts: u64,
    /// Attempts that the present unit began.
    begun: Vec<u64>,
    keys: BTreeMap<(String, String), IdempotencyRecord>,
}

impl Keys {
    pub(crate) fn begin_unit(&mut self) {
        self.begun.clear();
    }

    fn in_flight(
        &mut self,
        owner: &str,
        key: &str,
        given: Option<u64>,
    ) -> Result<&mut IdempotencyRecord, Stop> {
        let begun = &self.begun;
        let found = self.keys.get_mut(&(owner.to_owned(), key.to_owned()));
        found
            .filter(|record| record.response.is_none())
            .filter(|record| match given {
                Some(given) => given == record.attempt,
                None => begun.contains(&record.attempt),
            })
            .ok_or_else(|| IdempotencyRefusal::NotInFlight { given }.into())
    }

    pub(crate) fn run(&mut self, op: &IdempotencyOp) -> Result<IdempotencyReply, Stop> {
        Ok(match op {
            IdempotencyOp::IdempotencyBegin(op) => {
                let key = (op.owner.clone(), op.key.clone());
                let before = self
                    .keys
                    .get(&key)
                    .filter(|record| op.now < record.expires_at);
                if let Some(record) = before {
                    if record.body != op.body {
                        return Err(IdempotencyRefusal::Conflict.into());
                    }
                    if let Some(response) = record.response.clone() {
                        return Err(IdempotencyRefusal::Answered { response }.into());
                    }
                    if op.now < record.held_until {
                        let held_until = record.held_until;
                        return Err(IdempotencyRefusal::InFlight { held_until }.into());
                    }
                }
                self.attempts += 1;
                self.begun.push(self.attempts);
                let record = IdempotencyRecord {
                    body: op.body,
                    attempt: self.attempts,
                    held_until: op.now + op.hold_ms,
                    response: None,
                    expires_at: op.expires_at,
                };
                self.keys.insert(key, record);
                IdempotencyReply::IdempotencyBegin(self.attempts)
            }
            IdempotencyOp::IdempotencyFinish(op) => {
                let record = self.in_flight(&op.owner, &op.key, op.attempt)?;
                record.response = Some(op.response.clone());
                IdempotencyReply::IdempotencyFinish(())
            }
            IdempotencyOp::IdempotencyAbandon(op) => {
                self.in_flight(&op.owner, &op.key, Some(op.attempt))?;
                self.keys.remove(&(op.owner.clone(), op.key.clone()));
                IdempotencyReply::IdempotencyAbandon(())
            }
            IdempotencyOp::IdempotencyPurge(op) => {
                let expired = self
                    .keys
                    .iter()
                    .filter(|(_, record)| record.expires_at <= op.now);
                let mut expired: Vec<_> = expired
                    .map(|(key, record)| (record.expires_at, key.clone()))
                    .collect();
                expired.sort();
                expired.truncate(op.limit as usize);
                for (_, key) in &expired {
                    self.keys.remove(key);
                }
                IdempotencyReply::IdempotencyPurge(expired.len() as u64)
            }
        })
    }

    pub(crate) fn ask(&self, query: &IdempotencyQuery) -> IdempotencyAnswer {
        match query {
            IdempotencyQuery::GetIdempotency(query) => {
                let key = (query.owner.clone(), query.key.clone());
                IdempotencyAnswer::GetIdempotency(self.keys.get(&key).cloned())
            }
        }
    }
}
