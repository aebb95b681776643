//! Lists and counts of jobs.

use std::sync::Arc;

use hypernode_state::jobs::{
    CountJobs, JobCounts, JobInsert, JobPage, JobStates, ListJobs, OpenJobs,
};
use hypernode_state::{Store, StoreExt, Unit, limits};

use super::jobs::{insert, put, trim};
use super::{address, refused};

pub(crate) fn list() -> ListJobs {
    ListJobs {
        owner: None,
        kind: None,
        node: None,
        states: JobStates::ALL,
        before: None,
        limit: 500,
    }
}

pub(crate) fn ids(page: &JobPage) -> Vec<&str> {
    page.jobs.iter().map(|job| job.id.as_str()).collect()
}

pub(crate) async fn jobs_are_listed_by_what_is_asked(store: Arc<dyn Store>) {
    for (id, owner, kind, node, state) in [
        ("a", 1, "render", Some("n1"), 1),
        ("b", 2, "render", None, 2),
        ("c", 1, "rag", Some("n1"), 5),
        ("d", 2, "rag", Some("n2"), 15),
        ("e", 1, "render", Some("n1"), 5),
    ] {
        let job = JobInsert {
            owner: address(owner),
            kind: kind.to_owned(),
            node: node.map(str::to_owned),
            state,
            ..insert(id)
        };
        store.run(job).await.unwrap();
    }
    let (owner, kind) = (Some(address(1)), Some("render".to_owned()));
    let node = |id: &str| Some(id.to_owned());
    let states = |states: &[u8]| states.iter().copied().collect::<JobStates>();
    let asked: [(ListJobs, &[&str]); 8] = [
        (list(), &["e", "d", "c", "b", "a"]),
        (ListJobs { owner, ..list() }, &["e", "c", "a"]),
        (
            ListJobs {
                kind: kind.clone(),
                ..list()
            },
            &["e", "b", "a"],
        ),
        (
            ListJobs {
                node: node("n1"),
                states: states(&[5]),
                ..list()
            },
            &["e", "c"],
        ),
        (
            ListJobs {
                states: states(&[5, 2, 15]),
                ..list()
            },
            &["e", "d", "c", "b"],
        ),
        (
            ListJobs {
                states: states(&[5, 2]),
                kind: kind.clone(),
                ..list()
            },
            &["e", "b"],
        ),
        (
            ListJobs {
                owner,
                kind,
                node: node("n1"),
                states: states(&[1]),
                before: Some(5),
                limit: 1,
            },
            &["a"],
        ),
        (
            ListJobs {
                owner,
                node: node("n2"),
                ..list()
            },
            &[],
        ),
    ];
    for (query, expected) in asked {
        let page = store.ask(query.clone()).await.unwrap();
        assert_eq!(ids(&page), expected, "{query:?}");
    }
    let mut query = ListJobs { limit: 2, ..list() };
    let mut pages = Vec::new();
    loop {
        let page = store.ask(query.clone()).await.unwrap();
        pages.extend(page.jobs.iter().map(|job| job.number));
        match page.next {
            Some(next) => query.before = Some(next),
            None => break,
        }
    }
    assert_eq!(pages, [5, 4, 3, 2, 1]);
}

pub(crate) async fn a_list_looks_at_so_many_jobs_and_says_where_to_go_on(store: Arc<dyn Store>) {
    // The one that is looked for is the first of more than a query looks at.
    let all = limits::SCANNED + 100;
    for from in (0..all).step_by(500) {
        let jobs = from..all.min(from + 500);
        let unit: Unit = jobs
            .map(|n| {
                let kind = if n == 0 { "rare" } else { "common" };
                JobInsert {
                    kind: kind.to_owned(),
                    node: Some("n".to_owned()),
                    ..insert(&n.to_string())
                }
                .into()
            })
            .collect();
        store.apply(unit).await.unwrap();
    }
    let rare = ListJobs {
        kind: Some("rare".to_owned()),
        ..list()
    };
    for query in [
        rare.clone(),
        ListJobs {
            owner: Some(address(1)),
            ..rare.clone()
        },
        ListJobs {
            node: Some("n".to_owned()),
            ..rare.clone()
        },
        ListJobs {
            states: [1, 2].into_iter().collect(),
            ..rare.clone()
        },
    ] {
        let page = store.ask(query.clone()).await.unwrap();
        let next = Some(101);
        assert_eq!(page, JobPage { jobs: vec![], next }, "{query:?}");
        let rest = ListJobs {
            before: next,
            ..query
        };
        let page = store.ask(rest).await.unwrap();
        assert_eq!((ids(&page), page.next), (vec!["0"], None));
    }
    // Fewer than a page, but all were looked at.
    let none = ListJobs {
        owner: Some(address(9)),
        ..list()
    };
    assert_eq!(store.ask(none).await.unwrap(), JobPage::default());
}

pub(crate) async fn open_jobs_are_read_in_order(store: Arc<dyn Store>) {
    for n in 0..7 {
        let open = n % 2 == 0;
        let id = n.to_string();
        store
            .run(JobInsert {
                open,
                due: Some(n),
                ..insert(&id)
            })
            .await
            .unwrap();
    }
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let open = store.ask(OpenJobs { after, limit: 3 }).await.unwrap();
        let Some(last) = open.last() else { break };
        after = last.number;
        seen.extend(open.iter().map(|job| job.due));
    }
    assert_eq!(seen, [Some(0), Some(2), Some(4), Some(6)]);
}

pub(crate) async fn counts_are_those_of_a_scan(store: Arc<dyn Store>) {
    for n in 0..40_u8 {
        let id = n.to_string();
        let owner = address(n % 3);
        store
            .run(JobInsert {
                owner,
                ..insert(&id)
            })
            .await
            .unwrap();
        if n % 4 != 0 {
            store.run(put(&id, 1, n % 16)).await.unwrap();
        }
        if n % 8 == 1 {
            store.run(put(&id, 2, 9)).await.unwrap();
        }
    }
    assert_eq!(store.run(trim(20, [9])).await.unwrap(), 5);
    refused(store.run(insert("7")).await);
    for owner in [None, Some(0), Some(1), Some(2), Some(3)] {
        let owner = owner.map(address);
        let jobs = store.ask(ListJobs { owner, ..list() }).await.unwrap().jobs;
        let mut scan = JobCounts::default();
        for job in &jobs {
            scan.0[usize::from(job.state)] += 1;
        }
        let counts = store.ask(CountJobs { owner }).await.unwrap();
        assert_eq!(counts, scan, "{owner:?}");
        assert_eq!(counts.of(JobStates::ALL), jobs.len() as u64);
    }
}
