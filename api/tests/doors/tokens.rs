//! Tokens that are nobody's: they cost whoever sends them, not the store.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use hypernode_accounts::limits::{Class, Rate};
use hypernode_state::{Answer, BackupError, BackupReport, Query, Replies, Store, StoreError, Unit};
use reqwest::Method;

use crate::support::access::{Doors, Manners, Wallet};
use crate::{number, refusal};

/// A store that notes what it is asked.
#[derive(Debug)]
struct Watched {
    store: Arc<dyn Store>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Store for Watched {
    fn apply(&self, unit: Unit) -> BoxFuture<'_, Result<Replies, StoreError>> {
        self.store.apply(unit)
    }

    fn read(&self, query: Query) -> BoxFuture<'_, Result<Answer, StoreError>> {
        let mut asked = self.asked.lock().expect("not poisoned");
        asked.push(format!("{query:?}"));
        drop(asked);
        self.store.read(query)
    }

    fn backup(&self, to: PathBuf) -> BoxFuture<'_, Result<BackupReport, BackupError>> {
        self.store.backup(to)
    }
}

fn unknown(number: u32) -> String {
    format!("Bearer hn_live_{number:08}_{}", "a".repeat(43))
}

#[tokio::test]
async fn whoever_guesses_tokens_is_stopped_before_the_store() {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let manners = Manners::default();
    let three = Rate::new(3, 3, Duration::from_hours(1)).expect("a rate");
    let manners = Manners {
        rates: manners.rates.with(Class::UnknownToken, three),
        proxies: vec!["127.0.0.1"],
        ..manners
    };
    let notes = Arc::clone(&asked);
    let doors = Doors::over(manners, |store| {
        Arc::new(Watched {
            store,
            asked: notes,
        })
    })
    .await;
    let known = doors
        .key(&doors.session(&Wallet::new(1)).await, &["read"])
        .await;
    let known = format!("Bearer {known}");
    // Whether anything changed at all is asked once a second, whoever comes.
    let lookups = || {
        let asked = asked.lock().expect("not poisoned");
        let of_tokens = asked
            .iter()
            .filter(|query| !query.contains("AccountsVersion"));
        of_tokens.count()
    };
    let ask = async |token: &str, from: &str| {
        let headers = [("authorization", token), ("x-forwarded-for", from)];
        doors.ask(Method::GET, "/api/auth/me", &headers, "").await
    };
    let before = lookups();
    for number in 0..3 {
        let (status, text) = refusal(ask(&unknown(number), "198.51.100.1").await).await;
        assert_eq!(status, 401);
        assert!(text.contains("sign in, or check the API key"), "{text}");
    }
    let after_three = lookups();
    assert!(after_three >= before + 3, "each was looked up");
    for number_sent in 3..20 {
        let answer = ask(&unknown(number_sent), "198.51.100.1").await;
        let wait = number(&answer, "retry-after");
        assert!((1..=1_201).contains(&wait), "{wait}");
        let (status, text) = refusal(answer).await;
        assert_eq!(status, 429);
        assert!(text.contains("too many unknown tokens"), "{text}");
    }
    assert_eq!(lookups(), after_three, "the store is left alone");
    // What has not even the form of a token is never looked up, and says what is wrong.
    for odd in ["Bearer hn_live_", "Bearer x", "Bearer hn_session_short"] {
        let (status, text) = refusal(ask(odd, "198.51.100.2").await).await;
        assert_eq!(status, 401);
        assert!(text.contains("check that it was copied whole"), "{text}");
    }
    assert_eq!(lookups(), after_three);
    // Others are let in, and are not counted for it; reads that need nobody go on.
    for _ in 0..5 {
        assert_eq!(ask(&known, "198.51.100.3").await.status(), 200);
    }
    let guess = unknown(99);
    let headers = [
        ("authorization", guess.as_str()),
        ("x-forwarded-for", "198.51.100.1"),
    ];
    let answer = doors.ask(Method::GET, "/web/app.css", &headers, "").await;
    assert_eq!(answer.status(), 200);
}
