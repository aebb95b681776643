//! The engine and the programs that the tests need.

use hypernode_faults::store::{self, Store};
use hypernode_warehouse::library;

/// An open store, or why the test is skipped. With `CI=true` there is no skipping.
pub(crate) async fn store() -> Option<Store> {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let library = std::env::var_os("HYPERNODE__CLICKHOUSE__LIBRARY").is_some()
        || matches!(library::locate(None), Ok(Some(_)));
    if !ci && !library {
        eprintln!("skipped: no ClickHouse library here (HYPERNODE__CLICKHOUSE__LIBRARY names one)");
        return None;
    }
    if let Err(error) = store::hypernode() {
        assert!(!ci, "{error}");
        eprintln!("skipped: {error}");
        return None;
    }
    Some(Store::open().await.expect("an engine"))
}
