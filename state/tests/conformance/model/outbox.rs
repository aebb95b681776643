//! The outbox as one list.

use std::collections::BTreeMap;

use hypernode_state::outbox::{
    Consumer, Message, OutboxAnswer, OutboxOp, OutboxQuery, OutboxRefusal, OutboxReply, StartAt,
};

use super::{Stop, few};

#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox {
    last: u64,
    messages: Vec<(String, Message)>,
    consumers: BTreeMap<(String, String), u64>,
}

fn unknown(topic: &str, consumer: &str) -> Stop {
    let (topic, consumer) = (topic.to_owned(), consumer.to_owned());
    OutboxRefusal::ConsumerUnknown { topic, consumer }.into()
}

impl Outbox {
    pub(crate) fn run(&mut self, op: &OutboxOp) -> Result<OutboxReply, Stop> {
        Ok(match op {
            OutboxOp::Emit(op) => {
                self.last += 1;
                let message = Message {
                    seq: self.last,
                    key: op.key.clone(),
                    payload: op.payload.clone(),
                    at: op.at,
                };
                self.messages.push((op.topic.clone(), message));
                OutboxReply::Emit(self.last)
            }
            OutboxOp::Subscribe(op) => {
                let start = match op.from {
                    StartAt::Oldest => 0,
                    StartAt::Now => self.last,
                };
                let key = (op.topic.clone(), op.consumer.clone());
                OutboxReply::Subscribe(*self.consumers.entry(key).or_insert(start))
            }
            OutboxOp::Unsubscribe(op) => {
                let key = (op.topic.clone(), op.consumer.clone());
                let gone = self.consumers.remove(&key);
                gone.ok_or_else(|| unknown(&op.topic, &op.consumer))?;
                OutboxReply::Unsubscribe(())
            }
            OutboxOp::Ack(op) => {
                let key = (op.topic.clone(), op.consumer.clone());
                let acked = self.consumers.get_mut(&key);
                let acked = acked.ok_or_else(|| unknown(&op.topic, &op.consumer))?;
                if op.upto > self.last {
                    let (upto, last) = (op.upto, self.last);
                    return Err(OutboxRefusal::Ahead { upto, last }.into());
                }
                *acked = op.upto.max(*acked);
                OutboxReply::Ack(())
            }
            OutboxOp::TrimOutbox(op) => {
                let of_topic = self
                    .consumers
                    .iter()
                    .filter(|((topic, _), _)| *topic == op.topic);
                let upto = of_topic.map(|(_, acked)| *acked).min().unwrap_or(0);
                let (mut left, before) = (op.limit, self.messages.len());
                self.messages.retain(|(topic, message)| {
                    let goes = left > 0 && *topic == op.topic && message.seq <= upto;
                    left -= u32::from(goes);
                    !goes
                });
                OutboxReply::TrimOutbox((before - self.messages.len()) as u64)
            }
        })
    }

    pub(crate) fn ask(&self, query: &OutboxQuery) -> OutboxAnswer {
        match query {
            OutboxQuery::ReadOutbox(query) => {
                let after = self
                    .messages
                    .iter()
                    .filter(|(topic, message)| *topic == query.topic && message.seq > query.after);
                let messages = after.map(|(_, message)| message.clone());
                OutboxAnswer::ReadOutbox(few(messages, query.limit))
            }
            OutboxQuery::ListConsumers(query) => {
                let of_topic = self
                    .consumers
                    .iter()
                    .filter(|((topic, _), _)| *topic == query.topic);
                let consumers = of_topic.map(|((_, consumer), acked)| Consumer {
                    consumer: consumer.clone(),
                    acked: *acked,
                });
                OutboxAnswer::ListConsumers(few(consumers, query.limit))
            }
        }
    }
}
