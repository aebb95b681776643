//! Facts of dispatch reach the warehouse exactly once, whatever dies on the way.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod support;

use std::process::{Command, Stdio};
use std::sync::Arc;

use hypernode_dispatch::days::DAY_MS;
use hypernode_dispatch::facts::{Forwarder, Progress, roots};
use hypernode_dispatch::service::TOPIC;
use hypernode_state::outbox::{ListConsumers, ReadOutbox};
use hypernode_state::receipts::ListReceipts;
use hypernode_state::{SqliteStore, StoreExt};
use hypernode_warehouse::{Client, Endpoint, Secret, fail};
use support::{Sent, engine, now, store, work, work_again};

const FOLDER: &str = "HYPERNODE_FACTS_FOLDER";
const ENGINE: &str = "HYPERNODE_FACTS_ENGINE";

/// I-52: the warehouse holds all of these messages, each once.
async fn check(client: &Client, sent: &Sent) {
    let count = async |sql: &str| client.rows::<u64>(sql).await.expect("rows")[0];
    let jobs = count("SELECT count() FROM dispatch_jobs").await;
    let different = count("SELECT uniqExact(seq) FROM dispatch_jobs").await;
    assert_eq!((jobs, different), (sent.changes, sent.changes));
    let others =
        count("SELECT count() FROM dispatch_attempts WHERE what IN ('missed', 'refused')").await;
    assert_eq!(others, sent.others);
    let rows = count("SELECT count() FROM dispatch_attempts").await;
    let different = count("SELECT uniqExact(seq, n) FROM dispatch_attempts").await;
    assert_eq!(rows, different);
    let rows = count("SELECT count() FROM dispatch_receipts").await;
    let different = count("SELECT uniqExact(seq) FROM dispatch_receipts").await;
    assert_eq!(rows, different);
}

#[tokio::test]
async fn a_job_s_life_is_told_in_rows() {
    let Some((client, _engine)) = engine().await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let sent = work(&store, 3).await;
    let progress = Arc::<Progress>::default();
    let mut forwarder = Forwarder::new(store.clone(), client.clone(), progress.clone());
    assert!(!forwarder.step().await.expect("carried"));
    check(&client, &sent).await;
    assert_eq!(progress.acked(), sent.last);
    // Again, by one that does not know what became of the first: nothing is to be done.
    let mut again = Forwarder::new(store.clone(), client.clone(), Arc::default());
    again.step().await.expect("nothing to do");
    check(&client, &sent).await;

    let text = async |sql: &str| {
        let text = client.text(sql, "TSV").await.expect("an answer");
        String::from_utf8(text.to_vec()).expect("text")
    };
    let ended = "SELECT count(), min(cost > 0), min(ran_ms > 0), min(node != '') FROM dispatch_jobs WHERE state = 'completed'";
    assert_eq!(text(ended).await.trim(), "3\t1\t1\t1");
    let attempts = "SELECT what, fault, count() FROM dispatch_attempts WHERE what != 'offered' GROUP BY ALL ORDER BY ALL";
    assert_eq!(
        text(attempts).await,
        "missed\tdeclined\t1\nrefused\tstale\t1\nrun\t\t3\n"
    );
    let kinds = "SELECT kind, count() FROM dispatch_jobs WHERE kind != '' GROUP BY kind";
    assert_eq!(text(kinds).await, "llm_inference\t3\n");
    assert_eq!(
        text("SELECT min(wait_ms < 60000) FROM dispatch_attempts WHERE what = 'run'")
            .await
            .trim(),
        "1"
    );

    receipts_are_there_and_their_day_has_a_root(&client, &store, &mut forwarder).await;

    // What everybody has is removed.
    while Forwarder::trim(store.as_ref()).await.expect("trimmed") {}
    let read = ReadOutbox {
        topic: TOPIC.to_owned(),
        after: 0,
        limit: 10,
    };
    assert!(store.ask(read).await.expect("read").is_empty());
}

async fn receipts_are_there_and_their_day_has_a_root(
    client: &Client,
    store: &Arc<SqliteStore>,
    forwarder: &mut Forwarder,
) {
    let receipts = async || {
        let list = ListReceipts {
            after: 0,
            limit: 500,
        };
        let kept = store.ask(list).await.expect("read");
        kept.iter().map(|one| one.hash.0).collect::<Vec<_>>()
    };
    let hashes = receipts().await;
    assert!(hashes.len() >= 3);
    for _ in 0..2 {
        forwarder.round(now()).await.expect("carried");
        // Another that knows nothing finds them there.
        let mut again = Forwarder::new(store.clone(), client.clone(), Arc::default());
        again.round(now()).await.expect("nothing to do");
    }
    #[derive(clickhouse::Row, serde::Deserialize)]
    struct Hashed {
        hash: [u8; 32],
    }
    let sql = "SELECT hash FROM dispatch_receipts ORDER BY seq";
    let there: Vec<Hashed> = client.rows(sql).await.expect("rows");
    let there: Vec<[u8; 32]> = there.into_iter().map(|one| one.hash).collect();
    assert_eq!(there, hashes);
    assert_eq!(
        roots(client, 0).await.expect("roots"),
        [],
        "the day is not over"
    );

    let after = now() + 2 * DAY_MS;
    forwarder.round(after).await.expect("closed");
    let found = roots(client, 0).await.expect("roots");
    let [root] = found[..] else {
        panic!("{found:?}");
    };
    assert_eq!((root.first_seq, root.receipts), (1, hashes.len() as u64));
    let mut again = Forwarder::new(store.clone(), client.clone(), Arc::default());
    again.round(after).await.expect("nothing to do");
    assert_eq!(roots(client, 0).await.expect("roots"), [root]);

    // What comes later is of a later day, and the root of before stays.
    work_again(store, 50).await;
    forwarder.round(now()).await.expect("carried");
    let more = receipts().await.len();
    let sql = "SELECT count() FROM dispatch_receipts";
    assert_eq!(client.rows::<u64>(sql).await.expect("rows"), [more as u64]);
    assert_eq!(roots(client, 0).await.expect("roots"), [root]);
}

/// The process that is killed: carries everything over, if it lives.
#[tokio::test]
async fn carrying() {
    let (Some(folder), Ok(endpoint)) = (std::env::var_os(FOLDER), std::env::var(ENGINE)) else {
        return;
    };
    let parts: Vec<&str> = endpoint.split(' ').collect();
    let [url, user, password, database] = parts[..] else {
        panic!("{endpoint}");
    };
    let client = Client::new(&Endpoint {
        url: url.to_owned(),
        user: user.to_owned(),
        password: Secret::new(password),
        database: database.to_owned(),
    });
    let client = client.expect("a client");
    let mut forwarder = Forwarder::new(store(folder.as_ref()), client, Arc::default());
    forwarder.round(now()).await.expect("carried");
}

#[tokio::test]
async fn a_process_that_dies_between_the_steps_leaves_nothing_out_and_nothing_twice() {
    let Some((client, running)) = engine().await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let sent = work(&store(folder.path()), 40).await;
    let endpoint = running.engine.endpoint();
    let told = format!(
        "{} {} {} {}",
        endpoint.url,
        endpoint.user,
        endpoint.password.expose(),
        endpoint.database
    );
    // Dies behind each table, then behind the acknowledgement, then not at all.
    let mut sizes = Vec::new();
    for point in fail::OTHERS.iter().map(Some).chain([None]) {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command
            .args(["--exact", "carrying"])
            .env(FOLDER, folder.path())
            .env(ENGINE, &told)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(point) = point {
            command.env("HYPERNODE_FAIL", point);
        }
        let status = command.status().expect("ran");
        assert_eq!(status.success(), point.is_none(), "{point:?}");
        let rows: Vec<u64> = client
            .rows("SELECT count() FROM dispatch_jobs")
            .await
            .expect("rows");
        sizes.push(rows[0]);
    }
    assert_eq!(sizes, [sent.changes; 7], "written at once, and never again");
    check(&client, &sent).await;
    let store = store(folder.path());
    let consumers = ListConsumers {
        topic: TOPIC.to_owned(),
        limit: 10,
    };
    let consumers = store.ask(consumers).await.expect("read");
    assert_eq!(consumers[0].acked, sent.last);
}
