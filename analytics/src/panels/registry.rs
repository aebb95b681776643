//! Every panel, by group: the list that `dashboards/` is compared with in a test.

use std::sync::LazyLock;

use super::header::{self, Header};

/// A panel.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Its group's name in addresses.
    pub group: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// The whole file.
    pub text: &'static str,
    /// What the file says.
    pub header: Header,
}

/// Panels that answer one question.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name in addresses.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// In the order of the page.
    pub panels: Vec<Panel>,
}

/// A panel's name and file.
type Text = (&'static str, &'static str);

macro_rules! panels {
    ($group:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../dashboards/", $group, "/", $name, ".sql")))),+]
    };
}

const NETWORK: &[Text] =
    panels!("network": "jobs_in_total", "hyper_in_total", "nodes", "gpu_utilisation");
const JOBS: &[Text] = panels!("jobs": "flow", "open", "by_state", "by_type", "run_time", "queue_wait", "hyper_paid",
    "value_locked", "settled");
const NODES: &[Text] = panels!("nodes": "top_by_completions", "reputation_distribution", "evidence", "by_gpu", "by_location",
    "top_reputation", "requesters");
const INDEXER: &[Text] = panels!("indexer": "complete", "lag", "throughput", "dead_letters", "certificates", "gaps",
    "account_coverage");

const DISPATCH: &[Text] = panels!("dispatch": "flow", "by_state", "queue_wait", "run_time", "offers", "lost", "utilisation");

const GROUPS: [(&str, &str, &[Text]); 5] = [
    ("network", "Network health", NETWORK),
    ("jobs", "Jobs and money", JOBS),
    ("dispatch", "Dispatch", DISPATCH),
    ("nodes", "Nodes and reputation", NODES),
    ("indexer", "Indexer completeness", INDEXER),
];

/// Every file, as (group, panel, text), whether it can be read or not.
pub fn texts() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let all = GROUPS.into_iter();
    all.flat_map(|(group, _, texts)| texts.iter().map(move |(name, text)| (group, *name, *text)))
}

/// Every group with its panels. A test holds that each file is among them.
pub fn groups() -> &'static [Group] {
    static ALL: LazyLock<Vec<Group>> = LazyLock::new(|| {
        let group = |(name, title, texts): (&'static str, &'static str, &'static [Text])| Group {
            name,
            title,
            panels: texts.iter().filter_map(|text| panel(name, *text)).collect(),
        };
        GROUPS.into_iter().map(group).collect()
    });
    &ALL
}

fn panel(group: &'static str, (name, text): Text) -> Option<Panel> {
    let header = header::parse(text).ok()?;
    Some(Panel {
        group,
        name,
        text,
        header,
    })
}

/// A panel by its names.
#[must_use]
pub fn find(group: &str, name: &str) -> Option<&'static Panel> {
    let group = groups().iter().find(|known| known.name == group)?;
    group.panels.iter().find(|panel| panel.name == name)
}
