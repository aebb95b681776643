//! A real engine with a data directory of its own.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use hypernode_decoder::{Decoder, Keep, ProgramConfig, idl};
use hypernode_schemas::canonical;
use hypernode_warehouse::engine::{Engine, EngineOptions};
use hypernode_warehouse::{Client, library, migrate};

pub(crate) struct TestEngine {
    pub(crate) engine: Engine,
    pub(crate) client: Client,
    _dir: tempfile::TempDir,
}

/// Starts one with all tables, or says why the test is skipped. With `CI=true` there is no skipping.
pub(crate) async fn start(decoder: &Decoder) -> Option<TestEngine> {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let setting = std::env::var_os("HYPERNODE__CLICKHOUSE__LIBRARY").map(std::path::PathBuf::from);
    if setting.is_none() && !matches!(library::locate(None), Ok(Some(_))) && !ci {
        eprintln!("skipped: no ClickHouse library here (HYPERNODE__CLICKHOUSE__LIBRARY names one)");
        return None;
    }
    let test = std::env::current_exe().expect("own path");
    let folder = test.parent().and_then(Path::parent).expect("target folder");
    let dir = tempfile::tempdir().expect("directory");
    let options = EngineOptions {
        data_dir: dir.path().to_owned(),
        port: 0,
        library: setting,
        program: folder.join("examples").join("engine_for_tests"),
    };
    let engine = Engine::start(options).await.expect("engine");
    let client = Client::new(&engine.endpoint()).expect("client");
    migrate::migrate(&client).await.expect("migrations");
    migrate::evolve_tables(&client, decoder.tables())
        .await
        .expect("tables");
    Some(TestEngine {
        engine,
        client,
        _dir: dir,
    })
}

impl TestEngine {
    /// Output of a query, tab-separated.
    pub(crate) async fn text(&self, sql: &str) -> String {
        let bytes = self.client.text(sql, "TabSeparated").await.expect(sql);
        String::from_utf8(bytes.to_vec())
            .expect("text")
            .trim_end()
            .to_owned()
    }

    /// Rows and a checksum of every table that holds any.
    pub(crate) async fn contents(&self) -> BTreeMap<String, String> {
        let names = self
            .text("SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'")
            .await;
        let mut contents = BTreeMap::new();
        for name in names.lines().filter(|name| {
            [
                "blocks",
                "transactions",
                "events",
                "dead_letters",
                "canonical_events",
                "instructions",
            ]
            .contains(name)
                || name.starts_with("ev_")
                || name.starts_with("ix_")
        }) {
            let sql = format!(
                "SELECT count(), sum(cityHash64(toString(tuple(*)))) FROM `{name}` FORMAT TabSeparated"
            );
            let content = self.text(&sql).await;
            if !content.starts_with("0\t") {
                contents.insert(name.to_owned(), content);
            }
        }
        contents
    }
}

/// A decoder of the IDL files in a folder; ids override the files' addresses.
pub(crate) fn decoder(folder: &Path, ids: &[(&str, &str)]) -> Arc<Decoder> {
    let mut programs = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("folder")
        .map(|entry| entry.expect("entry").path())
        .collect();
    files.sort();
    for file in files {
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .expect("name");
        let label = name.trim_end_matches(".json").trim_end_matches(".idl");
        let text = std::fs::read(&file).expect("readable");
        let idl = idl::parse(label, name, &text).expect("an IDL");
        let id = ids.iter().find(|(of, _)| *of == label).map(|(_, id)| {
            let mut key = [0; 32];
            five8::decode_32(id, &mut key).expect("a key");
            key
        });
        let program_id = id.or(idl.address()).expect("an address");
        programs.push(ProgramConfig::new(label, program_id, idl));
    }
    let map = canonical::parse(canonical::TEXT).expect("map");
    Arc::new(Decoder::new(programs, &map, Keep::All).expect("decoder"))
}
