//! A real engine for tests.
#![allow(dead_code, unreachable_pub)] // each test file uses its own part
#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

pub mod batches;

use std::path::{Path, PathBuf};

use hypernode_warehouse::engine::{Engine, EngineOptions};
use hypernode_warehouse::{Client, library};

/// The child program that cargo builds beside the tests.
pub fn child_program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    folder.join("examples").join("engine_child")
}

/// An engine with a data directory of its own.
pub struct TestEngine {
    pub engine: Engine,
    pub client: Client,
    pub reader: Client,
    pub dir: tempfile::TempDir,
}

/// Starts an engine, or says why the test is skipped. With `CI=true` there is no skipping.
pub async fn engine() -> Option<TestEngine> {
    let dir = tempfile::tempdir().unwrap();
    engine_in(dir).await
}

/// Starts an engine on an existing directory.
pub async fn engine_in(dir: tempfile::TempDir) -> Option<TestEngine> {
    let fetch = std::env::var_os("HYPERNODE_TEST_FETCH").is_some();
    let ci = std::env::var("CI").is_ok_and(|v| v == "true");
    match library::locate(None) {
        Ok(Some(_)) => {}
        Ok(None) if fetch || ci => {}
        other => {
            assert!(!ci, "no ClickHouse library: {other:?}");
            eprintln!(
                "skipped: no ClickHouse library here ({other:?}); HYPERNODE_TEST_FETCH=1 fetches it"
            );
            return None;
        }
    }
    let options = EngineOptions {
        data_dir: dir.path().to_owned(),
        port: 0,
        library: None,
        program: child_program(),
    };
    let engine = Engine::start(options).await.unwrap();
    let client = Client::new(&engine.endpoint()).unwrap();
    let reader = Client::new(&engine.readonly_endpoint()).unwrap();
    Some(TestEngine {
        engine,
        client,
        reader,
        dir,
    })
}

impl TestEngine {
    /// Output of a statement as text.
    pub async fn text(&self, sql: &str) -> String {
        let bytes = self.client.text(sql, "TabSeparated").await.unwrap();
        String::from_utf8(bytes.to_vec())
            .unwrap()
            .trim_end()
            .to_owned()
    }
}

/// Migrates and makes the typed test table.
pub async fn prepare(client: &Client) {
    hypernode_warehouse::migrate::migrate(client).await.unwrap();
    hypernode_warehouse::migrate::evolve_tables(client, &[batches::spec()])
        .await
        .unwrap();
}
