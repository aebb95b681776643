//! The recorded mainnet block that several benches read.

use std::path::{Path, PathBuf};

use hypernode_decoder::chain::Block;
use hypernode_decoder::{Decoder, Keep, ProgramConfig, idl};
use hypernode_schemas::canonical::{CanonicalMap, VERSION};

use super::BenchError;
use crate::convert::block_from_json;

/// Folder of the test data, and the slot of the recorded block in it.
const DATA: &str = "HYPERNODE_TEST_DATA";
pub(super) const SLOT: u64 = 254_170_887;
/// Programs of the block that have an IDL there.
pub(super) const PROGRAMS: [(&str, &str); 3] = [
    ("jupiter_v6", "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4"),
    (
        "raydium_clmm",
        "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK",
    ),
    (
        "meteora_dlmm",
        "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo",
    ),
];

fn read(path: &Path) -> Result<Vec<u8>, BenchError> {
    std::fs::read(path).map_err(|error| {
        BenchError::Setup(format!(
            "{}: {error}; set {DATA} to the folder of the recorded test data",
            path.display()
        ))
    })
}

fn folder() -> PathBuf {
    std::env::var_os(DATA)
        .map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from)
        .join(format!("mainnet-{SLOT}"))
}

/// The block as the endpoint sent it.
pub(super) fn json() -> Result<Vec<u8>, BenchError> {
    let packed = read(&folder().join("block.json.zst"))?;
    zstd::decode_all(packed.as_slice())
        .map_err(|error| BenchError::Setup(format!("recorded block: {error}")))
}

pub(super) fn block() -> Result<Block, BenchError> {
    let (block, _) = block_from_json(&json()?, Some(SLOT))
        .map_err(|error| BenchError::Setup(format!("recorded block: {error}")))?;
    Ok(block)
}

/// The decoder of its programs.
pub(super) fn decoder(keep: Keep) -> Result<Decoder, BenchError> {
    let folder = folder();
    let mut programs = Vec::new();
    for (label, id) in PROGRAMS {
        let path = folder.join("idl").join(format!("{label}.json"));
        let parsed = idl::parse(label, &path.display().to_string(), &read(&path)?)
            .map_err(|error| BenchError::Setup(error.to_string()))?;
        let mut key = [0; 32];
        five8::decode_32(id, &mut key)
            .map_err(|_| BenchError::Setup(format!("{id} is no address")))?;
        programs.push(ProgramConfig::new(label, key, parsed));
    }
    let map = CanonicalMap {
        version: VERSION,
        maps: Vec::new(),
    };
    Decoder::new(programs, &map, keep).map_err(|error| BenchError::Setup(error.to_string()))
}
