//! The queue with real files: what is written comes back, whatever the disk does.

use std::fs;
use std::path::Path;
use std::time::Duration;

use prost::Message as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use yellowstone_grpc_proto::geyser::SubscribeUpdateBlock;

use super::*;
use crate::geyser::{Event, Update};
use crate::pipeline::StatusHandle;
use crate::recording::{self, Format};

fn block(slot: u64) -> Event {
    let block = SubscribeUpdateBlock {
        slot,
        blockhash: "1".repeat(32),
        parent_blockhash: "1".repeat(32),
        ..Default::default()
    };
    Event::Update(Update::Block(block.encode_to_vec().into()), None)
}

fn slots(events: impl Iterator<Item = Event>) -> Vec<u64> {
    events.filter_map(|event| frame::slot(&event)).collect()
}

struct Queue {
    sender: Option<mpsc::Sender<Event>>,
    line: Option<Line>,
    feeding: tokio::task::JoinHandle<Feed>,
    status: StatusHandle,
    stop: CancellationToken,
}

impl Queue {
    fn open(options: &WalOptions, as_of: u64) -> Self {
        let status = StatusHandle::new();
        status.stored_up_to(as_of);
        let (feed, line) = open(options, &[[1; 32]], 4_096, &status).unwrap();
        let (sender, events) = mpsc::channel(4);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        Self {
            sender: Some(sender),
            line: Some(line),
            feeding: tokio::task::spawn_blocking(move || feed.run(events, &stopped)),
            status,
            stop,
        }
    }

    async fn send(&self, slots: std::ops::Range<u64>) {
        for slot in slots {
            let sent = self.sender.as_ref().unwrap().send(block(slot));
            tokio::time::timeout(Duration::from_secs(10), sent)
                .await
                .expect("room")
                .unwrap();
        }
    }

    async fn until(
        &self,
        what: impl FnMut(&crate::pipeline::IndexerStatus) -> bool,
    ) -> QueueStatus {
        let mut changes = self.status.subscribe();
        tokio::time::timeout(Duration::from_secs(10), changes.wait_for(what))
            .await
            .unwrap_or_else(|_| panic!("{:?}", self.status.get().queue))
            .unwrap()
            .queue
            .clone()
    }

    async fn take(&mut self, count: usize) -> Vec<u64> {
        let mut line = self.line.take().unwrap();
        let (line, taken) = tokio::task::spawn_blocking(move || {
            let taken = slots(line.by_ref().take(count));
            (line, taken)
        })
        .await
        .unwrap();
        self.line = Some(line);
        taken
    }

    async fn close(mut self) {
        self.sender = None;
        self.line = None;
        self.stop.cancel();
        self.feeding.await.unwrap().close();
    }
}

fn options(folder: &Path, bytes: u64) -> WalOptions {
    WalOptions {
        messages: 3,
        ..WalOptions::new(folder, bytes)
    }
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

/// I-32: beyond memory to disk, back in order, and away when stored.
#[tokio::test(flavor = "multi_thread")]
async fn what_memory_does_not_hold_comes_back_from_disk_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut queue = Queue::open(&options(folder.path(), 4_096), 0);
    queue.send(100..130).await;
    let full = queue.until(|status| status.queue.wal_messages == 27).await;
    assert!(
        full.wal_bytes > 0 && full.oldest.is_some() && !full.paused,
        "{full:?}"
    );
    assert!(files(folder.path()) > 1);
    assert_eq!(queue.take(30).await, (100..130).collect::<Vec<_>>());
    // Read back is not stored.
    assert!(files(folder.path()) > 1);
    queue.status.stored_up_to(130);
    let empty = queue.until(|status| status.queue.wal_bytes == 0).await;
    assert_eq!((empty.wal_messages, files(folder.path())), (0, 0));
    // And memory serves again.
    queue.send(130..132).await;
    assert_eq!(queue.take(2).await, [130, 131]);
    assert_eq!(files(folder.path()), 0);
    queue.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stop_leaves_is_replayed_from_what_was_not_stored_on() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path(), 1 << 20);
    let mut queue = Queue::open(&options, 0);
    queue.send(100..103).await;
    // Handed over, but not stored: after a kill it has to be there too.
    assert_eq!(queue.take(2).await, [100, 101]);
    queue.send(103..110).await;
    queue.until(|status| status.queue.wal_messages >= 5).await;
    queue.close().await;

    // The end was torn.
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    names.sort();
    let last = names.last().unwrap();
    let bytes = fs::read(last).unwrap();
    fs::write(last, &bytes[..bytes.len() - 3]).unwrap();

    let mut queue = Queue::open(&options, 101);
    queue.send(108..112).await;
    let taken = queue.take(13).await;
    assert_eq!(taken, (100..109).chain(108..112).collect::<Vec<_>>());
    queue.close().await;

    // Segments are recordings.
    let recording = recording::open(&names[0], Format::Auto, None).unwrap();
    assert!(recording.count() > 5);
    // Stored meanwhile.
    Queue::open(&options, 200).close().await;
    assert_eq!(files(folder.path()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_other_programs_are_not_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path(), 1 << 20);
    let queue = Queue::open(&options, 0);
    queue.send(100..110).await;
    queue.until(|status| status.queue.wal_messages == 7).await;
    queue.close().await;
    let (_feed, line) = open(&options, &[[2; 32]], 4_096, &StatusHandle::new()).unwrap();
    drop(line);
    assert_eq!(files(folder.path()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_write_ahead_file_pauses_the_source_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut queue = Queue::open(&options(folder.path(), 1_000), 0);
    let sender = queue.sender.clone().unwrap();
    let sending = tokio::spawn(async move {
        for slot in 100..140 {
            sender.send(block(slot)).await.unwrap();
        }
    });
    let full = queue.until(|status| status.queue.paused).await;
    assert!(full.message.unwrap().contains("indexer.wal_bytes"));
    assert!(full.wal_bytes <= 1_000);
    let mut taken = Vec::new();
    while taken.len() < 40 {
        let more = queue.take(1).await;
        queue.status.stored_up_to(more[0]);
        taken.extend(more);
    }
    assert_eq!(taken, (100..140).collect::<Vec<_>>());
    sending.await.unwrap();
    queue
        .until(|status| !status.queue.paused && status.queue.message.is_none())
        .await;
    queue.close().await;
}

/// A disk without room: `/dev/full` stands where the segments would.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_pauses_the_source_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path(), 1 << 20);
    let mark = line::mark(&[[1; 32]]);
    let name = |number| format!("{number:010}-{mark:016x}.bin");
    let links: Vec<_> = (0..100)
        .map(|number| folder.path().join(name(number)))
        .collect();
    let mut queue = Queue::open(&options, 0);
    for link in &links {
        std::os::unix::fs::symlink("/dev/full", link).unwrap();
    }
    let sender = queue.sender.clone().unwrap();
    let sending = tokio::spawn(async move {
        for slot in 100..120 {
            sender.send(block(slot)).await.unwrap();
        }
    });
    let full = queue.until(|status| status.queue.paused).await;
    let message = full.message.unwrap();
    assert!(message.contains("No space left on device"), "{message}");
    assert_eq!(queue.take(3).await, [100, 101, 102]);
    // Room again.
    for link in &links {
        let _ = fs::remove_file(link);
    }
    assert_eq!(queue.take(17).await, (103..120).collect::<Vec<_>>());
    sending.await.unwrap();
    queue.until(|status| !status.queue.paused).await;
    queue.close().await;
}
