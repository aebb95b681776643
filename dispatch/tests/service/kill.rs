//! The dispatcher's process is killed again and again under load: nothing acknowledged is lost, nobody is paid twice.

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::{Manner, Outcome};
use hypernode_dispatch::service::{Told, start};
use hypernode_state::StoreExt;
use hypernode_state::credits::{Earner, ListCredits};
use hypernode_state::jobs::{CountJobs, GetJob};

use crate::support::{facts, now, order, setup, store};

const FOLDER: &str = "HYPERNODE_DISPATCH_KILLED";
const KILLS: u32 = 10;
const COMPLETED: u8 = 4;

/// The process that is killed: a dispatcher, four hosts and four submitters. It says which jobs were acknowledged, and
/// which results.
#[tokio::test]
async fn under_load() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let (dispatch, work) = start(setup(store(folder.as_ref()))).await.expect("starts");
    let work = tokio::spawn(work);
    for n in 1..=4 {
        let dispatch = dispatch.clone();
        tokio::spawn(async move {
            let node = NodeId::uuid(n);
            let mut frames = dispatch
                .connect(facts(n, 8), Manner::Renewed)
                .await
                .expect("connected");
            while let Some(told) = frames.recv().await {
                match told {
                    Told::Offer { job, fence, .. } => drop(dispatch.accept(node, job, fence).await),
                    Told::Run { job, fence, .. } => {
                        // A run of no time costs nothing, and what costs nothing is not credited.
                        tokio::time::sleep(Duration::from_millis(2)).await;
                        let ended = Outcome::Completed;
                        if dispatch
                            .ended(node, job, Some(fence), ended, Vec::new())
                            .await
                            .is_ok()
                        {
                            println!("done {job}");
                        }
                    }
                    _ => {}
                }
            }
        });
    }
    let idle = std::env::var_os("HYPERNODE_DISPATCH_IDLE").is_some();
    for submitter in 0..if idle { 0 } else { 4_u128 } {
        let dispatch = dispatch.clone();
        tokio::spawn(async move {
            for n in 0.. {
                let number = (u128::from(now().unsigned_abs()) << 32) | (submitter << 16) | n;
                if let Ok(job) = dispatch.submit(order(number)).await {
                    println!("kept {job}");
                }
            }
        });
    }
    work.await.expect("no panic").expect("no failure");
}

#[test]
fn kills_lose_nothing_and_pay_nobody_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut kept, mut done) = (BTreeSet::new(), BTreeSet::new());
    for kill in 0..=KILLS {
        // The last process submits nothing and is left to finish.
        let last = kill == KILLS;
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "kill::under_load", "--nocapture"]);
        command
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if last {
            command.env("HYPERNODE_DISPATCH_IDLE", "1");
        }
        let mut child = command.spawn().expect("started");
        let lines = BufReader::new(child.stdout.take().expect("piped"));
        let reader =
            std::thread::spawn(move || lines.lines().map_while(Result::ok).collect::<Vec<_>>());
        if last {
            wait_until_all_have_ended(folder.path());
        } else {
            std::thread::sleep(Duration::from_millis(400 + u64::from(kill) * 37));
        }
        child.kill().expect("killed");
        child.wait().expect("gone");
        for line in reader.join().expect("read") {
            let job = line
                .split(' ')
                .nth(1)
                .and_then(|id| id.parse::<JobId>().ok());
            match (line.get(..4), job) {
                (Some("kept"), Some(job)) => drop(kept.insert(job)),
                (Some("done"), Some(job)) => drop(done.insert(job)),
                _ => {}
            }
        }
    }
    assert!(kept.len() > 200, "{} jobs: not much of a load", kept.len());
    let rt = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    rt.block_on(async {
        let store = store(folder.path());
        let mut credits: HashMap<String, u32> = HashMap::new();
        let mut after = 0;
        loop {
            let by = Earner::All;
            let page = store
                .ask(ListCredits {
                    by,
                    after,
                    limit: 500,
                })
                .await
                .expect("an answer");
            let Some(last) = page.last() else { break };
            after = last.seq;
            for credit in page {
                *credits.entry(credit.job).or_default() += 1;
            }
        }
        for job in &kept {
            let id = job.to_string();
            let whole = store
                .ask(GetJob {
                    id: id.clone(),
                    content: false,
                    outcome: false,
                })
                .await;
            let whole = whole.expect("an answer");
            let state = whole.map(|whole| whole.job.state);
            assert_eq!(state, Some(COMPLETED), "{id} was acknowledged");
            assert!(
                credits.get(&id).copied().unwrap_or(0) <= 1,
                "{id} is paid twice"
            );
        }
        for job in &done {
            assert!(
                credits.contains_key(&job.to_string()),
                "{job}: an acknowledged result is paid"
            );
        }
    });
    println!(
        "{KILLS} kills, {} jobs acknowledged, {} results: none lost, none paid twice",
        kept.len(),
        done.len()
    );
}

fn wait_until_all_have_ended(folder: &std::path::Path) {
    let began = Instant::now();
    let rt = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let store = store(folder);
    loop {
        let counts = rt
            .block_on(store.ask(CountJobs { owner: None }))
            .expect("an answer");
        if counts.0[..4].iter().all(|open| *open == 0) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "{counts:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}
