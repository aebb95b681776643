//! One `hypernode.toml`, every key overridable by `HYPERNODE__SECTION__KEY` and by flags.

pub(crate) mod check;
pub(crate) mod keys;
pub(crate) mod settings;

use std::path::Path;

pub(crate) use settings::Settings;

use crate::cli::Common;
use crate::exit::{Failure, Outcome};
use settings::Loader;

/// File that is read from the working folder when `--config` names none.
pub(crate) const DEFAULT_FILE: &str = "hypernode.toml";

/// Reads file, environment and flags; all problems are reported at once, one line each.
///
/// # Errors
/// Exit 2 with every problem: place, key, what is wrong, what to do.
pub(crate) fn load(common: &Common) -> Outcome<Settings> {
    let mut loader = Loader::default();
    let named = common.config.as_deref();
    let path = named.unwrap_or_else(|| Path::new(DEFAULT_FILE));
    match std::fs::read_to_string(path) {
        Ok(text) => loader.file(path, &text),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => {
            return Err(Failure::start(
                format!("configuration {}", path.display()),
                error,
            ));
        }
    }
    loader.environment(
        std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }),
    );
    for pair in &common.set {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Failure::start(
                "--set",
                format!("{pair:?} is not KEY=VALUE"),
            ));
        };
        loader.flag("--set", key, value);
    }
    for (flag, key, value) in common.overrides() {
        loader.flag(flag, key, value);
    }
    loader.finish().map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Failure::CannotStart(lines.join("\n"))
    })
}

#[cfg(test)]
mod tests {
    use super::settings::{Loader, Origin};
    use std::path::Path;

    fn loaded(text: &str) -> Loader {
        let mut loader = Loader::default();
        loader.file(Path::new("hypernode.toml"), text);
        loader
    }

    #[test]
    fn a_problem_names_file_line_key_and_fix() {
        let problems = loaded("[api]\nport = 3001\n\n[clickhouse]\nport = 99999\nprot = 1\n")
            .finish()
            .unwrap_err();
        let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            [
                "hypernode.toml:5: clickhouse.port: \"99999\" is not a port from 0 to 65535 (0 = any free one); choose another port",
                "hypernode.toml:6: clickhouse.prot: no such key; did you mean clickhouse.port?",
            ]
        );
    }

    #[test]
    fn broken_toml_names_its_line() {
        let problems = loaded("[api]\nport = = 1\n").finish().unwrap_err();
        assert!(
            problems[0].to_string().starts_with("hypernode.toml:2: "),
            "{}",
            problems[0]
        );
    }

    #[test]
    fn flags_win_over_environment_and_environment_over_file() {
        let mut loader = loaded("[api]\nport = 1\nsecond_port = 2\nbind = \"file\"\n");
        let variables = [
            ("PORT", "7"),
            ("HYPERNODE__API__SECOND_PORT", "8"),
            ("WS_PORT", "9"),
            ("REDIS_URL", "redis://x"),
        ];
        loader.environment(
            variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        loader.flag("--api-port", "api.port", "5");
        let settings = loader.finish().unwrap();
        assert_eq!(settings.parsed::<u16>("api.port"), 5);
        assert_eq!(
            settings.parsed::<u16>("api.second_port"),
            8,
            "our own name wins over the older one"
        );
        assert_eq!(settings.get("api.bind"), Some("file"));
        assert_eq!(
            settings.origin("api.bind"),
            Origin::File {
                path: "hypernode.toml".into(),
                line: 4
            }
        );
        assert_eq!(settings.notices.len(), 1);
    }

    #[test]
    fn secrets_are_not_shown() {
        let mut loader = Loader::default();
        loader.flag("--x-token", "geyser.x_token", "hunter2");
        let settings = loader.finish().unwrap();
        assert!(
            settings
                .shown()
                .iter()
                .all(|(_, value, _)| !value.contains("hunter2"))
        );
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert_eq!(
            settings.secret("geyser.x_token").unwrap().as_deref(),
            Some("hunter2")
        );
    }
}
