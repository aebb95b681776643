//! Transactions on their way as a list.

use hypernode_state::sends::{SendAnswer, SendOp, SendQuery, SendRecord, SendRefusal, SendReply};

use super::{Stop, few};

#[derive(Debug, Clone, Default)]
pub(crate) struct Sends(Vec<SendRecord>);

impl Sends {
    pub(crate) fn run(&mut self, op: &SendOp) -> Result<SendReply, Stop> {
        match op {
            SendOp::SendAdd(op) => {
                if self.0.iter().any(|send| send.id == op.id) {
                    return Err(SendRefusal::Exists { id: op.id.clone() }.into());
                }
                let number = self.0.len() as u64 + 1;
                self.0.push(SendRecord {
                    number,
                    id: op.id.clone(),
                    open: true,
                    version: 1,
                    created_at: op.at,
                    changed_at: op.at,
                    record: op.record.clone(),
                });
                Ok(SendReply::SendAdd(number))
            }
            SendOp::SendPut(op) => {
                let id = op.id.clone();
                let Some(send) = self.0.iter_mut().find(|send| send.id == op.id) else {
                    return Err(SendRefusal::Unknown { id }.into());
                };
                if send.version != op.version {
                    let (given, current) = (op.version, send.version);
                    return Err(SendRefusal::Stale { id, given, current }.into());
                }
                send.version += 1;
                send.open = op.open;
                send.changed_at = op.at;
                send.record.clone_from(&op.record);
                Ok(SendReply::SendPut(send.version))
            }
        }
    }

    pub(crate) fn ask(&self, query: &SendQuery) -> SendAnswer {
        match query {
            SendQuery::GetSend(query) => {
                SendAnswer::GetSend(self.0.iter().find(|send| send.id == query.id).cloned())
            }
            SendQuery::OpenSends(query) => {
                let open = self.0.iter().filter(|s| s.open && s.number > query.after);
                SendAnswer::OpenSends(few(open.cloned(), query.limit))
            }
        }
    }
}
