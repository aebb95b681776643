//! Every committed input of the fuzz targets, through the checks of its target (I-13).

use std::path::Path;

use crate::fuzz;

fn replay(target: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let mut count = 0;
    for file in std::fs::read_dir(corpus.join(target)).expect("corpus") {
        let path = file.expect("file").path();
        // A test that fails shows its output: the last file named is the one.
        println!("{}", path.display());
        check(&std::fs::read(&path).expect("input"));
        count += 1;
    }
    assert!(count >= 10, "{count} inputs of {target}");
}

#[test]
fn scanner() {
    replay("scanner", fuzz::scanner::check);
}

#[test]
fn idl_parser() {
    replay("idl_parser", fuzz::idl_parser::check);
}

#[test]
fn plan() {
    replay("plan", fuzz::plan::check);
}

#[test]
fn executor() {
    replay("executor", fuzz::executor::check);
}

/// Bytes that no corpus holds, the same in each run.
#[test]
fn noise() {
    let mut state = 1_u64;
    for round in 0..400 {
        let mut bytes = Vec::new();
        for _ in 0..round {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            // Small values choose known names and variants.
            let byte = (state >> 56) as u8;
            bytes.push(if state >> 40 & 3 == 0 { byte } else { byte & 7 });
        }
        for check in [
            fuzz::scanner::check,
            fuzz::idl_parser::check,
            fuzz::plan::check,
            fuzz::executor::check,
        ] {
            check(&bytes);
        }
    }
}
