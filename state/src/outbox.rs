//! Messages that leave in the unit of the change they tell of, in the order of commits.
//!
//! A consumer subscribes once, reads after what it has acknowledged, and acknowledges. What every consumer of a topic
//! has acknowledged may be trimmed; what no consumer has subscribed to is kept.

use crate::area::area;
use crate::ids::UnixMs;
use crate::limits::{Bounded, Check, Checked, PAYLOAD};

area!(
    Outbox,
    /// Changes of the outbox.
    ops OutboxOp -> OutboxReply {
        Emit => u64,
        Subscribe => u64,
        Unsubscribe => (),
        Ack => (),
        TrimOutbox => u64,
    }
    /// Questions about the outbox.
    queries OutboxQuery -> OutboxAnswer {
        ReadOutbox => Vec<Message>,
        ListConsumers => Vec<Consumer>,
    }
);

/// Adds a message; its number. Numbers ascend in the order of commits over all topics, without holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emit {
    /// The topic; it need not exist.
    pub topic: String,
    /// What the message is about; up to [`crate::limits::NAME`] bytes.
    pub key: String,
    /// Up to [`PAYLOAD`] bytes.
    pub payload: Vec<u8>,
    /// Now.
    pub at: UnixMs,
}

/// From where a new consumer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartAt {
    /// All that is kept.
    Oldest,
    /// Only what comes after this.
    Now,
}

/// Registers a consumer of a topic, from when on messages are kept for it; the number that it has acknowledged. One that
/// is registered keeps its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribe {
    /// The topic.
    pub topic: String,
    /// The consumer.
    pub consumer: String,
    /// From where it reads.
    pub from: StartAt,
}

/// Forgets a consumer. Refused where it is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    /// The topic.
    pub topic: String,
    /// The consumer.
    pub consumer: String,
}

/// Acknowledges all messages up to a number. A smaller number than before changes nothing. Refused where the consumer is
/// unknown, or the number was not given to a message yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// The topic.
    pub topic: String,
    /// The consumer.
    pub consumer: String,
    /// The number.
    pub upto: u64,
}

/// Removes the oldest messages of a topic that all its consumers have acknowledged; how many. None without a consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrimOutbox {
    /// The topic.
    pub topic: String,
    /// At most so many.
    pub limit: u32,
}

/// Messages of a topic in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOutbox {
    /// The topic.
    pub topic: String,
    /// Only numbers greater than this; 0 for all.
    pub after: u64,
    /// At most so many.
    pub limit: u32,
}

/// Consumers of a topic by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListConsumers {
    /// The topic.
    pub topic: String,
    /// At most so many.
    pub limit: u32,
}

/// A message as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number.
    pub seq: u64,
    /// What it is about.
    pub key: String,
    /// What it says.
    pub payload: Vec<u8>,
    /// When it was emitted.
    pub at: UnixMs,
}

/// A consumer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// Its name.
    pub consumer: String,
    /// What it has acknowledged.
    pub acked: u64,
}

/// Why a change of the outbox is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboxRefusal {
    /// The consumer did not subscribe.
    #[error("consumer {consumer} of topic {topic} is unknown")]
    ConsumerUnknown {
        /// The topic.
        topic: String,
        /// The consumer.
        consumer: String,
    },
    /// The number lies beyond the last message of all.
    #[error("message {upto} was not emitted yet; the last one is {last}")]
    Ahead {
        /// The number that was given.
        upto: u64,
        /// The last one.
        last: u64,
    },
}

impl Bounded for Emit {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("topic", &self.topic)?;
        check.name("key", &self.key)?;
        check.blob("payload", &self.payload, PAYLOAD)?;
        check.time("at", self.at)
    }
}

impl Bounded for Subscribe {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("topic", &self.topic)?;
        check.name("consumer", &self.consumer)
    }
}

impl Bounded for Unsubscribe {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("topic", &self.topic)?;
        check.name("consumer", &self.consumer)
    }
}

impl Bounded for Ack {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("topic", &self.topic)?;
        check.name("consumer", &self.consumer)
    }
}

impl Bounded for TrimOutbox {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("topic", &self.topic)?;
        check.many("limit", self.limit)
    }
}

impl Bounded for ReadOutbox {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("topic", &self.topic)?;
        check.many("limit", self.limit)
    }
}

impl Bounded for ListConsumers {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("topic", &self.topic)?;
        check.many("limit", self.limit)
    }
}
