//! `hypernode sql` on a data directory at rest.

use crate::support::{run, stderr, stdout, text};

#[test]
fn reading_is_the_default_and_writing_needs_its_flag() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = text(folder.path());
    let free = ["--set", "clickhouse.port=0"];
    let mut migrate = vec!["migrate", "--data", data];
    migrate.extend(free);
    let output = run(&migrate);
    assert!(output.status.success(), "{}", stderr(&output));

    let sql = |query: &str, write: bool| {
        let mut args = vec!["sql", "--data", data, "--format", "TSV"];
        args.extend(free);
        if write {
            args.push("--write");
        }
        args.push(query);
        run(&args)
    };
    assert_eq!(stdout(&sql("SELECT count() FROM events", false)), "0\n");
    let refused = sql("CREATE TABLE t (x UInt8) ENGINE = Memory", false);
    assert_eq!(refused.status.code(), Some(1));
    let written = sql(
        "CREATE TABLE t (x UInt8) ENGINE = MergeTree ORDER BY x",
        true,
    );
    assert!(written.status.success(), "{}", stderr(&written));
    assert_eq!(stdout(&sql("SELECT count() FROM t", false)), "0\n");
    // A second migration finds nothing to do.
    let output = run(&migrate);
    assert!(output.status.success(), "{}", stderr(&output));
}
