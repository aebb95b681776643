//! Every committed input of the fuzz target, through its checks.

use std::path::Path;

use crate::target;

#[test]
fn committed_inputs_pass() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/wire_frames");
    let mut count = 0;
    for file in std::fs::read_dir(corpus).expect("corpus") {
        let path = file.expect("file").path();
        // A test that fails shows its output: the last file named is the one.
        println!("{}", path.display());
        target::check(&std::fs::read(&path).expect("input"));
        count += 1;
    }
    assert!(count >= 10, "{count} inputs");
}
