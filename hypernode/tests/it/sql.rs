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
    // A query may begin with a comment, as the panels do, and take parameters; what is no parameter is refused.
    let args = ["sql", "--data", data, "--format", "TSV"];
    let ask = |more: &[&str]| run(&[args.as_slice(), &free, more].concat());
    let output = ask(&[
        "--param",
        "n=7",
        "--param",
        "t=a'b",
        "-- title: x\nSELECT {n:UInt32} + 1, {t:String}",
    ]);
    assert_eq!(stdout(&output), "8\ta\\'b\n", "{}", stderr(&output));
    assert_eq!(ask(&["--param", "n", "SELECT 1"]).status.code(), Some(2));
    assert_eq!(
        ask(&["--param", "n=x", "SELECT {n:UInt32}"]).status.code(),
        Some(1)
    );
    // A second migration finds nothing to do.
    let output = run(&migrate);
    assert!(output.status.success(), "{}", stderr(&output));
}
