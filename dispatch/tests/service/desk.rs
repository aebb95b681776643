//! What the desk promises, whatever happens between a commit and its answer.

use std::sync::Arc;
use std::time::Duration;

use hypernode_accounts::limits::{Limiter, Rates};
use hypernode_dispatch::asked::Limits;
use hypernode_dispatch::board::Config;
use hypernode_dispatch::desk::{Desk, DeskError, JobView, JobsAsked, Parts, Submit};
use hypernode_dispatch::nodes::{Fields, Nodes, NodesConfig};
use hypernode_dispatch::service::{Setup, keep_at_work};
use hypernode_state::{Address, SqliteStore};
use hypernode_wire::Catalog;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use crate::support::{now, setup, store};

const ME: Address = Address([3; 32]);

/// A desk over a store, and what works behind it until it is dropped.
async fn desk(store: &Arc<SqliteStore>, config: Config) -> (Desk, JoinSet<()>) {
    let kept = store.clone();
    let (center, work) = keep_at_work(move || Setup {
        config,
        ..setup(kept.clone())
    });
    let work = Box::pin(work);
    let nodes = Nodes::open(store.clone(), Arc::new(now), NodesConfig::default());
    let mut found = center.clone();
    let desk = Desk::new(Parts {
        center,
        nodes: nodes.await.expect("nodes"),
        store: store.clone(),
        catalog: Arc::new(Catalog::default()),
        clock: Arc::new(now),
        limits: Limits::default(),
        limiter: Arc::new(Limiter::new(Rates::default(), 64)),
    });
    let mut at_work = JoinSet::new();
    at_work.spawn(async move {
        let _ = work.await;
    });
    at_work.spawn(desk.clone().keep());
    found.wait().await.expect("a dispatcher");
    (desk, at_work)
}

fn body() -> Map<String, Value> {
    let body = json!({"jobType": "render", "manifest": "test", "budget": 1, "maxDuration": 60});
    body.as_object().expect("an object").clone()
}

fn name(job: &JobView) -> Vec<u8> {
    job.id().to_string().into_bytes()
}

fn submit(body: &Map<String, Value>) -> Submit<'_> {
    Submit {
        owner: ME,
        key: None,
        body,
        repeat: Some("order-1"),
        counted: false,
    }
}

// I-49.
#[tokio::test]
async fn a_request_whose_answer_was_lost_in_a_crash_is_answered_and_done_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let (first, work) = desk(&store, Config::default()).await;
    let asked = body();
    let (gone, lost) = (first.clone(), asked.clone());
    // Nobody hears the answer: whoever asked is dropped as soon as the job is on disk, and the dispatcher with it.
    let asking = tokio::spawn(async move { gone.submit(submit(&lost), name).await });
    let everything = JobsAsked {
        limit: 10,
        ..JobsAsked::default()
    };
    let kept = loop {
        let found = first.jobs(&everything).await.expect("an answer").jobs;
        match found.first() {
            Some(job) => break job.id(),
            None => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    };
    asking.abort();
    drop((first, work));

    let (second, _work) = desk(&store, Config::default()).await;
    let answered = second
        .submit(submit(&asked), name)
        .await
        .expect("an answer");
    assert!(answered.repeated);
    assert_eq!(answered.answer, kept.to_string().into_bytes());
    let mut other = asked.clone();
    other.insert("budget".to_owned(), json!(2));
    let refused = second.submit(submit(&other), name).await;
    assert!(matches!(refused, Err(DeskError::KeyReused)), "{refused:?}");
    let found = second.jobs(&everything).await.expect("an answer");
    assert_eq!((found.jobs.len(), found.next), (1, None));
}

#[tokio::test]
async fn a_job_that_nobody_takes_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let (desk, _work) = desk(&store, Config::default()).await;
    let mut body = body();
    body.insert("budget".to_owned(), json!("600"));
    let unnamed = Submit {
        repeat: None,
        ..submit(&body)
    };
    let answer = desk.submit(unnamed, name).await.expect("taken in").answer;
    let id = String::from_utf8(answer)
        .expect("text")
        .parse()
        .expect("a job");
    let why = desk.why(id).await.expect("an answer").expect("it waits");
    assert_eq!(why.to_string(), "no node is connected");
    let dispatch = desk.center.now().expect("a dispatcher");
    let dear = crate::support::facts(1, 1);
    let small = hypernode_dispatch::matching::NodeFacts {
        vram_mb: 4_096,
        ..crate::support::facts(2, 1)
    };
    let manner = hypernode_dispatch::job::Manner::Renewed;
    let _dear = dispatch.connect(dear, manner).await.expect("connected");
    let _small = dispatch.connect(small, manner).await.expect("connected");
    let why = desk.why(id).await.expect("an answer").expect("it waits");
    assert_eq!((why.nodes, why.fitting), (2, 0));
    let reasons: Vec<(&str, u32)> = why.reasons.iter().map(|(name, n)| (*name, *n)).collect();
    assert_eq!(reasons, [("price", 2), ("vram", 1)]);
    let job = desk.job(&id.to_string()).await.expect("a job");
    let by = hypernode_dispatch::job::By::Owner;
    desk.cancel(&job, by).await.expect("cancelled");
    assert_eq!(
        desk.why(id).await.expect("an answer"),
        None,
        "nobody asks why"
    );
}

#[tokio::test]
async fn a_sum_of_credits_that_is_full_ends_no_dispatcher() {
    use hypernode_dispatch::desk::Report;
    use hypernode_dispatch::job::Outcome;
    use hypernode_state::StoreExt;
    use hypernode_state::credits::{CreditAdd, Earned, Earner, GetCredit};
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let full = CreditAdd {
        job: "before".to_owned(),
        fence: 1,
        node: "n".to_owned(),
        wallet: ME,
        cost: u64::MAX,
        operator: u64::MAX,
        treasury: 0,
        incentive: 0,
        orchestrator: 0,
        at: now(),
    };
    store.run(full).await.expect("credited");
    let (desk, _work) = desk(&store, Config::default()).await;
    let fields = Fields::read(&json!({"vram": 24}));
    let node = desk.nodes.register_http(Address([9; 32]), &fields).await;
    let node = node.expect("a node").node;
    let mut body = body();
    body.insert("budget".to_owned(), json!(1_000));
    desk.submit(submit(&body), name).await.expect("taken in");
    let given = desk.next_job(&node).await.expect("an answer");
    let given = given.expect("a job");
    tokio::time::sleep(Duration::from_millis(5)).await;
    let report = Report {
        fence: Some(1),
        outcome: Outcome::Completed,
        kept: hypernode_dispatch::outcome::Kept::default(),
    };
    let done = desk
        .report(&node, &given.view, report)
        .await
        .expect("taken");
    assert_eq!(done.status(), "completed");
    assert!(desk.center.now().is_ok(), "the dispatcher goes on");
    let job = given.view.id().to_string();
    let credit = store.ask(GetCredit { job }).await.expect("an answer");
    assert_eq!(credit.expect("a credit").cost, done.cost());
    let all = store.ask(Earned { by: Earner::All }).await.expect("sums");
    assert_eq!((all.credits, all.cost), (2, u64::MAX));
}

#[tokio::test]
async fn more_open_jobs_than_an_owner_may_have_are_refused_until_some_have_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let config = Config {
        most_open: 2,
        ..Config::default()
    };
    let (desk, _work) = desk(&store, config).await;
    let body = body();
    let unnamed = || Submit {
        repeat: None,
        ..submit(&body)
    };
    let mut jobs = Vec::new();
    for _ in 0..2 {
        let answer = desk.submit(unnamed(), name).await.expect("taken in").answer;
        jobs.push(String::from_utf8(answer).expect("text"));
    }
    let refused = desk.submit(unnamed(), name).await;
    assert!(
        matches!(refused, Err(DeskError::TooManyOpen(2))),
        "{refused:?}"
    );
    let job = desk.job(&jobs[0]).await.expect("a job");
    desk.cancel(&job, hypernode_dispatch::job::By::Owner)
        .await
        .expect("cancelled");
    desk.submit(unnamed(), name).await.expect("taken in");
}

// I-45.
#[tokio::test]
async fn a_host_that_speaks_http_keeps_its_job_when_the_dispatcher_begins_anew() {
    use hypernode_dispatch::desk::Report;
    use hypernode_dispatch::job::Outcome;
    use hypernode_dispatch::outcome::Kept;
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let (first, work) = desk(&store, Config::default()).await;
    let fields = Fields::read(&json!({"vram": 24}));
    let node = first
        .nodes
        .register_http(Address([9; 32]), &fields)
        .await
        .expect("a node")
        .node;
    first.submit(submit(&body()), name).await.expect("taken in");
    let given = first
        .next_job(&node)
        .await
        .expect("an answer")
        .expect("a job");
    drop((first, work));

    let (second, _work) = desk(&store, Config::default()).await;
    // Those that held something before the start are awaited for ten seconds.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let node = second.nodes.get(node.node.id).expect("the node");
    let again = second
        .next_job(&node)
        .await
        .expect("an answer")
        .expect("the job");
    assert_eq!(
        (again.view.id(), again.view.job.fence),
        (given.view.id(), 1)
    );
    let report = Report {
        fence: Some(1),
        outcome: Outcome::Completed,
        kept: Kept {
            result: json!(42),
            ..Kept::default()
        },
    };
    let done = second
        .report(&node, &again.view, report.clone())
        .await
        .expect("taken");
    assert_eq!(
        (done.status(), done.outcome.map(|kept| kept.result)),
        ("completed", Some(json!(42)))
    );
    let twice = second
        .job(&again.view.id().to_string())
        .await
        .expect("a job");
    let twice = second.report(&node, &twice, report).await;
    assert!(
        matches!(twice, Err(DeskError::Over("completed"))),
        "{twice:?}"
    );
}
