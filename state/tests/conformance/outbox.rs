//! The outbox.

use std::sync::Arc;

use futures::future::join_all;
use hypernode_state::outbox::{
    Ack, Consumer, Emit, ListConsumers, Message, OutboxRefusal, ReadOutbox, StartAt, Subscribe,
    TrimOutbox, Unsubscribe,
};
use hypernode_state::{Refusal, Store, StoreExt, Unit};

use super::refused;
use super::units::{emit, enqueue};

async fn read(store: &Arc<dyn Store>, topic: &str, after: u64) -> Vec<Message> {
    let topic = topic.to_owned();
    store
        .ask(ReadOutbox {
            topic,
            after,
            limit: 1_000,
        })
        .await
        .unwrap()
}

fn subscribe(consumer: &str, from: StartAt) -> Subscribe {
    Subscribe {
        topic: "t".to_owned(),
        consumer: consumer.to_owned(),
        from,
    }
}

fn ack(consumer: &str, upto: u64) -> Ack {
    Ack {
        topic: "t".to_owned(),
        consumer: consumer.to_owned(),
        upto,
    }
}

fn trim(limit: u32) -> TrimOutbox {
    TrimOutbox {
        topic: "t".to_owned(),
        limit,
    }
}

pub(crate) async fn messages_come_in_order_and_none_is_skipped(store: Arc<dyn Store>) {
    // A reader follows while many write: what it has read up to a number is all that there ever is up to it.
    let writes = join_all((0..600).map(|n| {
        let topic = if n % 3 == 0 { "other" } else { "t" };
        store.run(Emit {
            topic: topic.to_owned(),
            ..emit(&format!("k{n}"))
        })
    }));
    let follow = async {
        let (mut seen, mut after) = (Vec::new(), 0);
        while seen.len() < 400 {
            let new = read(&store, "t", after).await;
            after = new.last().map_or(after, |message| message.seq);
            seen.extend(new);
        }
        seen
    };
    let (writes, seen) = futures::join!(writes, follow);
    let numbers: Vec<u64> = writes.into_iter().map(Result::unwrap).collect();
    assert!(numbers.is_sorted());
    assert_eq!((numbers[0], numbers[599]), (1, 600));
    assert_eq!(seen, read(&store, "t", 0).await);
    assert!(seen.is_sorted_by(|a, b| a.seq < b.seq));
}

pub(crate) async fn a_refused_unit_emits_nothing_and_leaves_no_hole(store: Arc<dyn Store>) {
    store.run(enqueue("a")).await.unwrap();
    assert_eq!(store.run(emit("1")).await.unwrap(), 1);
    let mut unit = Unit::new();
    unit.push(emit("lost"));
    unit.push(enqueue("a"));
    refused(store.apply(unit).await);
    assert_eq!(store.run(emit("2")).await.unwrap(), 2);
    let keys: Vec<String> = read(&store, "t", 0)
        .await
        .into_iter()
        .map(|message| message.key)
        .collect();
    assert_eq!(keys, ["1", "2"]);
}

pub(crate) async fn trimming_waits_for_every_consumer(store: Arc<dyn Store>) {
    for key in ["1", "2", "3", "4"] {
        store.run(emit(key)).await.unwrap();
    }
    assert_eq!(
        store.run(trim(10)).await.unwrap(),
        0,
        "without a consumer all is kept"
    );
    assert_eq!(
        store.run(subscribe("slow", StartAt::Oldest)).await.unwrap(),
        0
    );
    assert_eq!(store.run(subscribe("late", StartAt::Now)).await.unwrap(), 4);
    store.run(ack("slow", 3)).await.unwrap();
    assert_eq!(store.run(trim(2)).await.unwrap(), 2);
    assert_eq!(store.run(trim(10)).await.unwrap(), 1);
    assert_eq!(read(&store, "t", 0).await[0].seq, 4);
    let consumers = store
        .ask(ListConsumers {
            topic: "t".to_owned(),
            limit: 9,
        })
        .await
        .unwrap();
    let expected = [("late", 4), ("slow", 3)].map(|(consumer, acked)| Consumer {
        consumer: consumer.to_owned(),
        acked,
    });
    assert_eq!(consumers, expected);
    let leave = Unsubscribe {
        topic: "t".to_owned(),
        consumer: "slow".to_owned(),
    };
    store.run(leave.clone()).await.unwrap();
    assert_eq!(store.run(trim(10)).await.unwrap(), 1);
    assert!(matches!(
        refused(store.run(leave).await),
        Refusal::Outbox(OutboxRefusal::ConsumerUnknown { .. })
    ));
}

pub(crate) async fn numbers_are_not_used_again_after_a_trim(store: Arc<dyn Store>) {
    store.run(subscribe("c", StartAt::Oldest)).await.unwrap();
    for key in ["1", "2"] {
        store.run(emit(key)).await.unwrap();
    }
    store.run(ack("c", 2)).await.unwrap();
    assert_eq!(store.run(trim(10)).await.unwrap(), 2);
    assert_eq!(store.run(emit("3")).await.unwrap(), 3);
}

pub(crate) async fn an_ack_does_not_go_back_or_ahead(store: Arc<dyn Store>) {
    store.run(subscribe("c", StartAt::Oldest)).await.unwrap();
    store.run(emit("1")).await.unwrap();
    store.run(emit("2")).await.unwrap();
    store.run(ack("c", 2)).await.unwrap();
    store.run(ack("c", 1)).await.unwrap();
    // Subscribing again keeps the place.
    assert_eq!(store.run(subscribe("c", StartAt::Oldest)).await.unwrap(), 2);
    let why = refused(store.run(ack("c", 3)).await);
    assert_eq!(
        why,
        Refusal::Outbox(OutboxRefusal::Ahead { upto: 3, last: 2 })
    );
    let why = refused(store.run(ack("nobody", 1)).await);
    assert!(matches!(
        why,
        Refusal::Outbox(OutboxRefusal::ConsumerUnknown { .. })
    ));
}
