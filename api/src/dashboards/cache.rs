//! Panels' answers, kept while what they rest on stands still: many viewers cost one query.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hypernode_analytics::Error;
use hypernode_analytics::panels::{self, Marks, Panel, Table};
use hypernode_warehouse::Client;
use tokio::sync::{Mutex, OnceCell, Semaphore};

/// Answers that are kept; the oldest goes first. Each is bounded, most hold a few kilobytes.
const KEPT: usize = 96;
/// How long the marks are believed without looking again.
const MARKS_AGE: Duration = Duration::from_millis(500);
/// An answer this young is given even though the chain has moved on: it says which slot it is of.
const YOUNG: Duration = Duration::from_secs(1);
/// One this old is asked for again though nothing seems to have moved: gaps, for instance, are found while no slot is stored.
const OLD: Duration = Duration::from_secs(15);
/// Panels that are asked for at a time: readers of the embedded engine have four places, and other pages ask, too.
const AT_ONCE: usize = 2;

/// A panel and what it is asked.
type Key = (&'static str, &'static str, Vec<u64>);

#[derive(Debug)]
struct Entry {
    made: Instant,
    state: (u64, u64),
    table: Arc<OnceCell<Arc<Table>>>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct PanelCache {
    client: Client,
    marks: Mutex<Option<(Instant, Marks)>>,
    entries: Mutex<HashMap<Key, Entry>>,
    places: Semaphore,
}

impl PanelCache {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            marks: Mutex::default(),
            entries: Mutex::default(),
            places: Semaphore::new(AT_ONCE),
        }
    }

    /// The rows of a panel for these values.
    pub(super) async fn table(
        &self,
        panel: &'static Panel,
        values: Vec<u64>,
    ) -> Result<Arc<Table>, Error> {
        let state = self.marks().await?.state(panel.header.basis);
        let table = self
            .place((panel.group, panel.name, values.clone()), state)
            .await;
        let rows = table.get_or_try_init(|| async {
            // Fails only if the semaphore is closed, which it never is.
            let _place = self.places.acquire().await;
            panels::run(&self.client, panel, &values)
                .await
                .map(Arc::new)
        });
        rows.await.cloned()
    }

    async fn marks(&self) -> Result<Marks, Error> {
        let mut kept = self.marks.lock().await;
        if let Some((at, marks)) = *kept
            && at.elapsed() < MARKS_AGE
        {
            return Ok(marks);
        }
        let marks = Marks::load(&self.client).await?;
        *kept = Some((Instant::now(), marks));
        Ok(marks)
    }

    /// Where the answer is, or will be for all who ask for it now.
    async fn place(&self, key: Key, state: (u64, u64)) -> Arc<OnceCell<Arc<Table>>> {
        let mut entries = self.entries.lock().await;
        if let Some(entry) = entries.get(&key) {
            let age = entry.made.elapsed();
            if age < YOUNG || (entry.state == state && age < OLD) {
                return Arc::clone(&entry.table);
            }
        }
        if entries.len() >= KEPT && !entries.contains_key(&key) {
            let oldest = entries.iter().min_by_key(|(_, entry)| entry.made);
            let oldest = oldest.map(|(key, _)| key.clone());
            oldest.and_then(|key| entries.remove(&key));
        }
        let table = Arc::default();
        let made = Instant::now();
        let kept = Arc::clone(&table);
        entries.insert(
            key,
            Entry {
                made,
                state,
                table: kept,
            },
        );
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hypernode_warehouse::{Endpoint, Secret};

    #[tokio::test]
    async fn the_same_question_has_one_place_and_there_are_only_so_many() {
        let endpoint = Endpoint {
            url: "http://127.0.0.1:9".into(),
            user: "nobody".into(),
            password: Secret::new(String::new()),
            database: "none".into(),
        };
        let cache = PanelCache::new(Client::new(&endpoint).unwrap());
        let first = cache.place(("jobs", "flow", vec![24]), (1, 1)).await;
        let again = cache.place(("jobs", "flow", vec![24]), (2, 2)).await;
        assert!(
            Arc::ptr_eq(&first, &again),
            "a young answer is given to all"
        );
        for hours in 0..1_000 {
            cache.place(("jobs", "flow", vec![hours]), (1, 1)).await;
        }
        assert_eq!(cache.entries.lock().await.len(), KEPT);
    }
}
