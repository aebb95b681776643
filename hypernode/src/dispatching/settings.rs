//! Section `[dispatch]` of the configuration.

use std::path::Path;

use hypernode_dispatch::board::Config;
use hypernode_dispatch::job::Rules;
use hypernode_dispatch::matching::Algorithm;
use hypernode_dispatch::nodes::NodesConfig;
use hypernode_dispatch::results::Results;
use hypernode_dispatch::retention::Retention;
use hypernode_dispatch::sessions::SessionsConfig;
use hypernode_wire::Catalog;

use crate::config::Settings;
use crate::exit::{Failure, OrCannotStart as _, Outcome};

/// Bytes of a file of manifests.
const LARGEST: u64 = 1 << 20;

/// Rules and limits of the board. Every value has passed `config check`.
pub(crate) fn board(settings: &Settings) -> Config {
    let ms = |key: &str, unit: i64| settings.parsed::<i64>(key).saturating_mul(unit);
    let algorithm = match settings.get("dispatch.algorithm") {
        Some("reputation_weighted") => Algorithm::ReputationWeighted,
        _ => Algorithm::Draw,
    };
    Config {
        rules: Rules {
            lease_ms: ms("dispatch.lease_seconds", 1_000),
            slack_ms: ms("dispatch.slack_seconds", 1_000),
            input_ms: ms("dispatch.input_hours", 3_600_000),
            queue_ms: ms("dispatch.queue_hours", 3_600_000),
            offers: settings.parsed("dispatch.offers"),
            poison_nodes: settings.parsed("dispatch.poison_nodes"),
            ..Rules::default()
        },
        algorithm,
        half_stake: settings.parsed("dispatch.half_stake"),
        min_reputation: settings.parsed("dispatch.min_reputation"),
        offer_ms: ms("dispatch.offer_ms", 1),
        most_running: settings.parsed("dispatch.most_running"),
        most_open: settings.parsed("dispatch.most_open"),
    }
}

/// Who the nodes may be.
pub(crate) fn nodes(settings: &Settings) -> NodesConfig {
    NodesConfig {
        ask: settings.parsed("dispatch.ask"),
        ..NodesConfig::default()
    }
}

/// Limits and times of hosts' sockets.
pub(crate) fn sessions(settings: &Settings) -> SessionsConfig {
    let ms = |key: &str| settings.parsed::<i64>(key).saturating_mul(1_000);
    SessionsConfig {
        most_sockets: settings.parsed("dispatch.most_sockets"),
        most_per_address: settings.parsed("dispatch.most_sockets_per_address"),
        lease_ms: ms("dispatch.lease_seconds"),
        ..SessionsConfig::default()
    }
}

/// How long what is over is kept.
pub(crate) fn retention(settings: &Settings) -> Retention {
    Retention {
        done_days: settings.parsed("dispatch.keep_days"),
        dead_days: settings.parsed("dispatch.keep_dead_days"),
        ..Retention::default()
    }
}

/// What hosts may be told to run: the built-in manifests and those of the operator's file.
pub(crate) fn catalog(settings: &Settings) -> Outcome<Catalog> {
    let mut catalog = Catalog::default();
    if let Some(path) = settings.path("dispatch.manifests") {
        let what = format!("dispatch.manifests = {}", path.display());
        let text = text(&path, &what)?;
        catalog.add_json(&text).or_cannot_start(&what)?;
    }
    Ok(catalog)
}

/// What results must look like: the built-in schemas and those of the operator's file.
pub(crate) fn results(settings: &Settings) -> Outcome<Results> {
    let results = Results::default();
    let Some(path) = settings.path("dispatch.results") else {
        return Ok(results);
    };
    let what = format!("dispatch.results = {}", path.display());
    let text = text(&path, &what)?;
    results.with_json(&text).or_cannot_start(&what)
}

fn text(path: &Path, what: &str) -> Outcome<String> {
    let size = std::fs::metadata(path).or_cannot_start(what)?.len();
    if size > LARGEST {
        return Err(Failure::start(
            what,
            format!("is of {size} bytes; at most {LARGEST} are read"),
        ));
    }
    std::fs::read_to_string(path).or_cannot_start(what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::Loader;

    fn settings(text: &str) -> Settings {
        let mut loader = Loader::default();
        loader.file(Path::new("hypernode.toml"), text);
        loader.finish().unwrap()
    }

    #[test]
    fn without_a_word_the_rules_are_the_built_in_ones() {
        let built_in = Config {
            min_reputation: 50,
            ..Config::default()
        };
        assert_eq!(board(&settings("")), built_in);
        assert_eq!(retention(&settings("")), Retention::default());
        assert_eq!(nodes(&settings("")), NodesConfig::default());
        assert_eq!(sessions(&settings("")), SessionsConfig::default());
        let text = "[dispatch]\nalgorithm = \"reputation_weighted\"\noffer_ms = 500\nlease_seconds = 20\nmost_open = 3";
        let config = board(&settings(text));
        assert_eq!(config.algorithm, Algorithm::ReputationWeighted);
        assert_eq!((config.offer_ms, config.rules.lease_ms), (500, 20_000));
        assert_eq!(config.most_open, 3);
    }

    #[test]
    fn schemas_of_results_come_from_a_file_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        let text = format!("[dispatch]\nresults = {:?}", path.display().to_string());
        let config = settings(&text);
        std::fs::write(&path, r#"{"render": {"type": "object"}}"#).unwrap();
        let strict = results(&config).unwrap();
        assert!(strict.judge("render", &serde_json::json!("text")).is_err());
        std::fs::write(&path, r#"{"render": {"pattern": "x"}}"#).unwrap();
        let wrong = results(&config).unwrap_err().to_string();
        assert!(
            wrong.contains("dispatch.results") && wrong.contains("pattern"),
            "{wrong}"
        );
    }

    #[test]
    fn manifests_come_from_a_file_that_is_named_when_it_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifests.json");
        let config = settings(&format!(
            "[dispatch]\nmanifests = {:?}",
            path.display().to_string()
        ));
        let missing = catalog(&config).unwrap_err().to_string();
        assert!(missing.contains("manifests.json"), "{missing}");
        let one = r#"[{"id": "burn", "job_type": "generic_compute", "command": ["gpu-burn"]}]"#;
        std::fs::write(&path, one).unwrap();
        assert!(catalog(&config).unwrap().get("burn").is_some());
        std::fs::write(&path, "[{}]").unwrap();
        let wrong = catalog(&config).unwrap_err().to_string();
        assert!(wrong.contains("dispatch.manifests"), "{wrong}");
    }
}
