//! The live source against a server that fails in the ways that real ones do.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

#[path = "common/geyser.rs"]
mod scripted;

use std::time::Duration;

use hypernode_indexer::geyser::{self, Event, GeyserError, GeyserOptions, Server};
use hypernode_indexer::slots::Input;
use scripted::{Scripted, Session, blocks, wrap};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use yellowstone_grpc_proto::geyser::{SubscribeUpdatePing, subscribe_update::UpdateOneof};

struct Client {
    events: mpsc::Receiver<Event>,
    published: watch::Sender<Option<u64>>,
    resync: watch::Sender<u64>,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), GeyserError>>,
}

impl Client {
    fn start(
        server: &Scripted,
        published: Option<u64>,
        change: impl FnOnce(&mut GeyserOptions),
    ) -> Self {
        let mut options = GeyserOptions::new(server.url(), vec![[1; 32]]);
        options.first_pause = Duration::from_millis(5);
        options.max_pause = Duration::from_millis(20);
        change(&mut options);
        let (sender, events) = mpsc::channel(1024);
        let (published, receiver) = watch::channel(published);
        let (resync, resynced) = watch::channel(0);
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(geyser::run(
            options,
            receiver,
            resynced,
            sender,
            shutdown.clone(),
        ));
        Self {
            events,
            published,
            resync,
            shutdown,
            task,
        }
    }

    async fn next(&mut self) -> Event {
        tokio::time::timeout(Duration::from_secs(10), self.events.recv())
            .await
            .expect("in time")
            .expect("open")
    }

    /// Slots of blocks until this many have come; what else was told.
    async fn blocks(&mut self, count: usize) -> (Vec<u64>, Vec<Event>) {
        let (mut slots, mut others) = (Vec::new(), Vec::new());
        while slots.len() < count {
            match self.next().await {
                Event::Update(update, _) => {
                    if let (Some(Input::Block(block)), _) = update.convert().expect("update") {
                        slots.push(block.slot);
                        self.published.send_replace(Some(block.slot));
                    }
                }
                other => others.push(other),
            }
        }
        (slots, others)
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("task").expect("orderly");
    }
}

#[tokio::test]
async fn asks_for_whole_blocks_of_the_programs_and_every_status() {
    let server = Scripted::start(vec![Session::Send(blocks(5..7), None)]).await;
    let mut client = Client::start(&server, None, |options| {
        options.x_token = Some("secret".into());
    });
    assert_eq!(client.blocks(2).await.0, [5, 6]);
    client.stop().await;
    let asked = server.asked().remove(0);
    assert_eq!(
        (asked.x_token.as_deref(), asked.from_slot),
        (Some("secret"), None)
    );
    let filter = &asked.request.blocks["hypernode"];
    assert_eq!(
        filter.account_include,
        ["4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi"]
    );
    assert_eq!(filter.include_transactions, Some(true));
    let slots = &asked.request.slots["hypernode"];
    assert_eq!(
        (slots.filter_by_commitment, slots.interslot_updates),
        (Some(false), Some(true))
    );
    assert!(asked.request.blocks_meta.contains_key("hypernode") && asked.request.ping.is_none());
    assert_eq!(asked.request.commitment, Some(1));
}

#[tokio::test]
async fn takes_the_stream_up_again_from_the_last_published_slot() {
    let server = Scripted::start(vec![
        Session::Send(
            blocks(100..110),
            Some(Status::internal("lagged (to send an update)")),
        ),
        Session::Refuse(Status::internal("failed to get replay response")),
        Session::Refuse(Status::unavailable("restarting")),
        Session::Send(blocks(106..112), None),
    ])
    .await;
    let mut client = Client::start(&server, None, |_| ());
    let (slots, others) = client.blocks(16).await;
    assert_eq!(slots, (100..110).chain(106..112).collect::<Vec<_>>());
    assert_eq!(
        others
            .iter()
            .filter(|event| matches!(event, Event::Disconnected { .. }))
            .count(),
        3
    );
    client.stop().await;
    let from: Vec<_> = server.asked().iter().map(|asked| asked.from_slot).collect();
    assert_eq!(from, [None, Some(106), Some(106), Some(106)]);
}

#[tokio::test]
async fn a_replay_that_is_no_longer_held_is_told_once_and_not_asked_for_again() {
    let lost = || Status::out_of_range("broadcast from 97 is not available, last available: 400");
    let server = Scripted::start(vec![
        Session::Refuse(lost()),
        Session::Send(vec![], Some(Status::unavailable("gone"))),
        Session::Send(blocks(400..402), None),
    ])
    .await;
    let mut client = Client::start(&server, Some(100), |_| ());
    let Event::ReplayLost { wanted, available } = client.next().await else {
        panic!("not told")
    };
    assert_eq!((wanted, available), (101, Some(400)));
    assert_eq!(client.blocks(2).await.0, [400, 401]);
    client.stop().await;
    let from: Vec<_> = server.asked().iter().map(|asked| asked.from_slot).collect();
    assert_eq!(from, [Some(97), Some(400), Some(400)]);
}

#[tokio::test]
async fn only_the_overlap_being_too_old_costs_nothing() {
    let server = Scripted::start(vec![
        Session::Send(vec![], Some(Status::out_of_range("last available: 99"))),
        Session::Send(blocks(101..103), None),
    ])
    .await;
    let mut client = Client::start(&server, Some(100), |_| ());
    let (slots, others) = client.blocks(2).await;
    assert_eq!(slots, [101, 102]);
    assert!(
        !others
            .iter()
            .any(|event| matches!(event, Event::ReplayLost { .. })),
        "{others:?}"
    );
    client.stop().await;
    assert_eq!(server.asked()[1].from_slot, Some(101));
}

#[tokio::test]
async fn a_refused_token_is_an_error_that_names_the_setting_and_not_the_token() {
    let server = Scripted::start(vec![Session::Refuse(Status::unauthenticated(
        "No valid auth token",
    ))])
    .await;
    let client = Client::start(&server, None, |options| {
        options.x_token = Some("hunter2".into());
    });
    let error = client.task.await.expect("task").expect_err("refused");
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("x-token") && !text.contains("hunter2"),
        "{text}"
    );
    let mut options = GeyserOptions::new("http://x", vec![]);
    options.x_token = Some("hunter2".into());
    assert!(!format!("{options:?}").contains("hunter2"));
}

#[tokio::test]
async fn silence_ends_a_connection() {
    let server = Scripted::start(vec![
        Session::Send(blocks([5]), None),
        Session::Send(blocks([6]), None),
    ])
    .await;
    let mut client = Client::start(&server, None, |options| {
        options.idle = Duration::from_millis(200);
    });
    let (slots, others) = client.blocks(2).await;
    assert_eq!(slots, [5, 6]);
    assert!(others.iter().any(
        |event| matches!(event, Event::Disconnected { reason, .. } if reason.contains("nothing"))
    ));
    client.stop().await;
}

#[tokio::test]
async fn a_missing_block_makes_it_ask_again() {
    let ping = wrap(UpdateOneof::Ping(SubscribeUpdatePing {}));
    let mut first = blocks([5, 7]);
    first.push(ping);
    let server = Scripted::start(vec![
        Session::Send(first, None),
        Session::Send(blocks([6]), None),
    ])
    .await;
    let mut client = Client::start(&server, None, |_| ());
    assert_eq!(client.blocks(2).await.0, [5, 7]);
    client.published.send_replace(Some(5));
    client.resync.send_modify(|count| *count += 1);
    assert_eq!(client.blocks(1).await.0, [6]);
    client.stop().await;
    assert_eq!(server.asked()[1].from_slot, Some(2));
}

#[tokio::test]
async fn messages_above_four_mebibytes_arrive() {
    let mut updates = blocks([5]);
    if let Some(UpdateOneof::Block(block)) = &mut updates[0].update_oneof {
        block.rewards = Some(Default::default());
        block.parent_blockhash = scripted::hash(4);
        block.entries = (0..200_000)
            .map(
                |index| yellowstone_grpc_proto::geyser::SubscribeUpdateEntry {
                    index,
                    hash: vec![1; 32],
                    ..Default::default()
                },
            )
            .collect();
    }
    let server = Scripted::start(vec![Session::Send(updates, None)]).await;
    let mut client = Client::start(&server, None, |_| ());
    assert_eq!(client.blocks(1).await.0, [5]);
    client.stop().await;
}

#[tokio::test]
async fn a_server_that_fails_again_and_again_is_asked_ever_less() {
    let end = |updates: &[_], status: Status| Session::Send(updates.to_vec(), Some(status));
    let one = &blocks([101])[..1];
    type Answer<'a> = Box<dyn Fn() -> Session + 'a>;
    let answers: [(&str, Answer<'_>); 7] = [
        (
            "out of range",
            Box::new(|| {
                let text = "broadcast from 97 is not available, last available: 400";
                Session::Refuse(Status::out_of_range(text))
            }),
        ),
        (
            "no replay",
            Box::new(|| Session::Refuse(Status::internal("from_slot is not supported"))),
        ),
        (
            "replay failed",
            Box::new(|| end(&[], Status::internal("failed to get replay response"))),
        ),
        (
            "unavailable",
            Box::new(|| Session::Refuse(Status::unavailable("restarting"))),
        ),
        ("ended", Box::new(|| end(&[], Status::ok("")))),
        (
            "ended after the same one",
            Box::new(|| end(one, Status::ok(""))),
        ),
        (
            "lagged",
            Box::new(|| end(one, Status::internal("lagged (to send an update)"))),
        ),
    ];
    for (name, answer) in answers {
        let server = Scripted::start((0..20).map(|_| answer()).collect()).await;
        let mut client = Client::start(&server, Some(100), |options| {
            options.first_pause = Duration::from_millis(4);
            options.max_pause = Duration::from_secs(60);
        });
        // What is announced is counted, not time: pauses are between half and all of 4, 8, 16, ... ms.
        let mut pauses = Vec::new();
        while pauses.len() < 7 {
            if let Event::Disconnected { retry_in, .. } = client.next().await {
                pauses.push(retry_in.as_millis());
            }
        }
        client.stop().await;
        // One that has brought a new block may start over once.
        let doubled = |skip: usize| {
            let mut whole = pauses[skip..].iter().zip((0..).map(|n| 4 << n));
            whole.all(|(pause, whole)| (whole / 2..=whole).contains(pause))
        };
        assert!(doubled(0) || doubled(1), "{name}: {pauses:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_the_call_or_only_pings_is_given_up() {
    let ping = || wrap(UpdateOneof::Ping(SubscribeUpdatePing {}));
    let pings = Session::Every(Box::new(ping()), Duration::from_millis(20));
    let server =
        Scripted::start(vec![Session::Hang, pings, Session::Send(blocks([7]), None)]).await;
    let mut client = Client::start(&server, Some(5), |options| {
        options.idle = Duration::from_millis(200);
    });
    let (slots, others) = client.blocks(1).await;
    client.stop().await;
    assert_eq!(slots, [7]);
    let silent = |event: &&Event| matches!(event, Event::Disconnected { reason, .. } if reason.contains("nothing received"));
    assert_eq!(others.iter().filter(silent).count(), 2, "{others:?}");
}

#[tokio::test]
async fn another_server_is_asked_while_the_first_fails_with_its_own_token_only() {
    let first = Scripted::start(vec![
        Session::Send(blocks(100..103), Some(Status::unavailable("restarting"))),
        Session::Send(blocks(104..108), None),
    ])
    .await;
    let second = Scripted::start(vec![Session::Send(
        blocks(101..104),
        Some(Status::unavailable("restarting, too")),
    )])
    .await;
    let mut client = Client::start(&first, None, |options| {
        options.x_token = Some("of the first".into());
        options.fallbacks = vec![Server {
            url: second.url(),
            x_token: Some("of the second".into()),
        }];
    });
    let (slots, _) = client.blocks(10).await;
    client.stop().await;
    let expected: Vec<u64> = (100..103).chain(101..104).chain(104..108).collect();
    assert_eq!(slots, expected);
    // From where the first ended, and back again.
    let asked = |server: &Scripted| -> Vec<_> {
        let asked = server.asked().into_iter();
        asked.map(|one| (one.from_slot, one.x_token)).collect()
    };
    let tokens = ["of the first", "of the second"].map(|token| Some(token.to_owned()));
    let [of_first, of_second] = tokens;
    assert_eq!(
        asked(&first),
        [(None, of_first.clone()), (Some(100), of_first)]
    );
    assert_eq!(asked(&second), [(Some(99), of_second)]);
}

#[tokio::test]
async fn slots_that_one_server_has_lost_are_asked_of_another_before_they_are_called_lost() {
    let lost = |first: u64| {
        let text = format!("broadcast from 97 is not available, last available: {first}");
        Session::Refuse(Status::out_of_range(text))
    };
    let first = Scripted::start(vec![lost(400)]).await;
    let second = Scripted::start(vec![Session::Send(blocks(101..103), None)]).await;
    let with_second = |options: &mut GeyserOptions, second: &Scripted| {
        options.fallbacks = vec![Server {
            url: second.url(),
            x_token: None,
        }];
    };
    let mut client = Client::start(&first, Some(100), |options| with_second(options, &second));
    let (slots, others) = client.blocks(2).await;
    client.stop().await;
    assert_eq!(slots, [101, 102]);
    let told = |event: &Event| matches!(event, Event::ReplayLost { .. });
    assert!(!others.iter().any(told), "{others:?}");

    // Where neither holds them, it is said.
    let first = Scripted::start(vec![lost(400)]).await;
    let second = Scripted::start(vec![lost(300), Session::Send(blocks(300..302), None)]).await;
    let mut client = Client::start(&first, Some(100), |options| with_second(options, &second));
    let told_lost = loop {
        if let Event::ReplayLost { wanted, available } = client.next().await {
            break (wanted, available);
        }
    };
    client.stop().await;
    assert_eq!(told_lost, (101, Some(300)));
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_does_not_end_what_another_serves() {
    let closed = || Session::Refuse(Status::unauthenticated("No valid auth token"));
    let first = Scripted::start(vec![closed(), closed()]).await;
    let second = Scripted::start(vec![Session::Send(blocks([5]), None)]).await;
    let fallbacks = vec![Server {
        url: second.url(),
        x_token: None,
    }];
    let mut client = Client::start(&first, None, |options| {
        options.fallbacks.clone_from(&fallbacks);
    });
    assert_eq!(client.blocks(1).await.0, [5]);
    client.stop().await;
    let second = Scripted::start(vec![closed()]).await;
    let client = Client::start(&first, None, |options| {
        options.fallbacks = vec![Server {
            url: second.url(),
            x_token: None,
        }];
    });
    let error = client.task.await.expect("task").expect_err("both refuse");
    assert!(matches!(error, GeyserError::Refused { .. }), "{error}");
}
