//! Python's own client, where an interpreter that has it is named by `HYPERNODE_TEST_PYTHON`.

mod common;

#[tokio::test]
async fn clickhouse_connect_is_served() {
    let Some(python) = std::env::var_os("HYPERNODE_TEST_PYTHON") else {
        eprintln!("skipped: HYPERNODE_TEST_PYTHON names no interpreter with clickhouse-connect");
        return;
    };
    let Some(t) = common::engine().await else {
        return;
    };
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/clickhouse_connect_client.py"
    );
    let credentials = t.dir.path().join("clickhouse.credentials");
    let run = tokio::process::Command::new(python)
        .arg(script)
        .arg(credentials)
        .output()
        .await
        .unwrap();
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success() && run.stdout.ends_with(b"all answered\n"),
        "{errors}"
    );
}
