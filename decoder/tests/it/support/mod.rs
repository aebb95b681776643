//! What several tests need: test data, readers, small builders.

pub(crate) mod build;
pub(crate) mod getblock;
pub(crate) mod native;
pub(crate) mod stream;
pub(crate) mod twins;
pub(crate) mod victim;

use std::path::{Path, PathBuf};

use hypernode_decoder::chain::Pubkey;
use hypernode_decoder::{Decoder, Keep, ProgramConfig, idl};
use hypernode_schemas::canonical::{self, CanonicalMap};

/// A directory of the shared test data; `None` (and a message) where it is absent, which fails under CI.
pub(crate) fn data(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("HYPERNODE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let dir = root.join(name);
    if dir.is_dir() {
        return Some(dir);
    }
    let ci = std::env::var("CI").is_ok_and(|v| v == "true");
    assert!(
        !ci,
        "test data is missing: {} (set HYPERNODE_TEST_DATA)",
        dir.display()
    );
    eprintln!(
        "skipped: no test data at {} (set HYPERNODE_TEST_DATA)",
        dir.display()
    );
    None
}

pub(crate) fn key(text: &str) -> Pubkey {
    let mut key = [0; 32];
    five8::decode_32(text, &mut key).expect("base58");
    key
}

pub(crate) fn no_map() -> CanonicalMap {
    CanonicalMap {
        version: canonical::VERSION,
        maps: Vec::new(),
    }
}

/// Programs from IDL files: label, file, address where the file has none.
pub(crate) fn programs(dir: &Path, files: &[(&str, &str, Option<&str>)]) -> Vec<ProgramConfig> {
    files
        .iter()
        .map(|(label, file, address)| {
            let path = dir.join(file);
            let json = std::fs::read(&path).expect("IDL file");
            let idl = idl::parse(label, &path.display().to_string(), &json).expect("IDL");
            let program_id = address.map_or_else(|| idl.address().expect("address"), key);
            ProgramConfig::new(*label, program_id, idl)
        })
        .collect()
}

pub(crate) fn decoder(programs: Vec<ProgramConfig>) -> Decoder {
    Decoder::new(programs, &no_map(), Keep::All).expect("decoder")
}
