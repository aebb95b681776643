//! Events as frames of a varint recording: `hypernode index --recording` reads a segment like any other recording.
//!
//! What is no update of the stream (it came up, it went down) is an empty update whose filter name tells it: a reader of
//! recordings passes over it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use yellowstone_grpc_proto::geyser::subscribe_update::UpdateOneof;
use yellowstone_grpc_proto::geyser::{SubscribeUpdate, SubscribeUpdatePing};

use crate::convert;
use crate::geyser::{Event, Update};
use crate::recording::{encode_other, encode_update};

/// Filter name of what is no update of the stream.
const OWN: &str = "hypernode.source";

/// Appends the event with its length before it. One that has a time of its own keeps it.
pub(super) fn encode(event: &Event, at: SystemTime, out: &mut Vec<u8>) {
    match event {
        Event::Update(update, _) | Event::Kept(update) => encode_update(update, at, out),
        Event::Connected { from_slot } => own(&["connected", &number(*from_slot)], at, out),
        Event::Disconnected { reason, retry_in } => own(
            &["disconnected", reason, &retry_in.as_millis().to_string()],
            at,
            out,
        ),
        // Asked for again by whoever said it.
        Event::Inputs(..) => {}
        Event::AccountsRefused { reason } => own(&["accounts_refused", reason], at, out),
        Event::ReplayLost { wanted, available } => own(
            &["replay_lost", &wanted.to_string(), &number(*available)],
            at,
            out,
        ),
    }
}

fn own(words: &[&str], at: SystemTime, out: &mut Vec<u8>) {
    let words = std::iter::once(OWN).chain(words.iter().copied());
    let update = SubscribeUpdate {
        filters: words.map(str::to_owned).collect(),
        update_oneof: Some(UpdateOneof::Ping(SubscribeUpdatePing {})),
        created_at: None,
    };
    encode_other(&update, at, out);
}

/// The event that a frame stands for.
pub(super) fn decode(frame: &Bytes) -> Result<Event, String> {
    let update = Update::from_wire(frame).map_err(|error| error.to_string())?;
    if let Update::Other(other) = &update
        && let Some((OWN, words)) = other
            .filters
            .split_first()
            .map(|(name, rest)| (name.as_str(), rest))
    {
        return told(words).ok_or_else(|| format!("an event that is not known here: {words:?}"));
    }
    Ok(Event::Update(update, None))
}

fn told(words: &[String]) -> Option<Event> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Some(match words.as_slice() {
        ["connected", slot] => Event::Connected {
            from_slot: slot.parse().ok(),
        },
        ["disconnected", reason, pause] => Event::Disconnected {
            reason: (*reason).to_owned(),
            retry_in: Duration::from_millis(pause.parse().ok()?),
        },
        ["accounts_refused", reason] => Event::AccountsRefused {
            reason: (*reason).to_owned(),
        },
        ["replay_lost", wanted, available] => Event::ReplayLost {
            wanted: wanted.parse().ok()?,
            available: available.parse().ok(),
        },
        _ => return None,
    })
}

fn number(slot: Option<u64>) -> String {
    slot.map_or_else(|| "-".to_owned(), |slot| slot.to_string())
}

/// When a frame was written, or sent.
pub(super) fn written_at(frame: &[u8]) -> Option<SystemTime> {
    let (seconds, nanos) = convert::sent_at(frame)?;
    UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
}

/// The slot whose rows wait for this event; `None` where none do.
pub(super) fn slot(event: &Event) -> Option<u64> {
    let (Event::Update(update, _) | Event::Kept(update)) = event else {
        return None;
    };
    match update {
        Update::Block(block) => convert::slot_of_block(block),
        Update::Other(update) => match update.update_oneof.as_ref()? {
            UpdateOneof::Slot(message) => Some(message.slot),
            UpdateOneof::BlockMeta(message) => Some(message.slot),
            UpdateOneof::Transaction(message) => Some(message.slot),
            UpdateOneof::Block(message) => Some(message.slot),
            // Accounts are stored by a lane of their own; the rest makes no rows.
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use yellowstone_grpc_proto::geyser::{SubscribeUpdateBlock, SubscribeUpdateSlot};

    use super::*;

    fn round(event: &Event) -> (Event, Option<SystemTime>) {
        let at = UNIX_EPOCH + Duration::new(1_700_000_000, 5);
        let mut out = Vec::new();
        encode(event, at, &mut out);
        let mut bytes = Bytes::from(out);
        let length = prost::encoding::decode_varint(&mut bytes).unwrap();
        assert_eq!(length, bytes.len() as u64);
        (decode(&bytes).unwrap(), written_at(&bytes))
    }

    #[test]
    fn every_event_comes_back_as_it_was_with_its_time() {
        let block = SubscribeUpdateBlock {
            slot: 7,
            blockhash: "x".repeat(300),
            ..Default::default()
        };
        let status = SubscribeUpdate {
            filters: vec!["hypernode".into()],
            update_oneof: Some(UpdateOneof::Slot(SubscribeUpdateSlot {
                slot: 9,
                ..Default::default()
            })),
            created_at: None,
        };
        let events = [
            Event::Update(Update::Block(block.encode_to_vec().into()), None),
            Event::Update(Update::Other(Box::new(status)), None),
            Event::Connected { from_slot: None },
            Event::Connected { from_slot: Some(3) },
            Event::Disconnected {
                reason: "gone".into(),
                retry_in: Duration::from_millis(250),
            },
            Event::AccountsRefused {
                reason: "no".into(),
            },
            Event::ReplayLost {
                wanted: 4,
                available: None,
            },
        ];
        let slots = [Some(7), Some(9), None, None, None, None, None];
        for (event, expected) in events.iter().zip(slots) {
            let (back, at) = round(event);
            let text = |event: &Event| {
                format!("{event:?}")
                    .split("created_at")
                    .next()
                    .unwrap()
                    .to_owned()
            };
            assert_eq!(text(&back), text(event));
            assert_eq!(at, Some(UNIX_EPOCH + Duration::new(1_700_000_000, 5)));
            assert_eq!(slot(&back), expected);
        }
    }
}
