//! The programs' IDLs on chain, in both conventions that exist: `anchor idl init` of Anchor before 1.0 writes an
//! account that belongs to the program, later ones use the Program Metadata program.

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};
use serde_json::{Value, json};
use solana_sdk::{account::Account, hash::hash, pubkey, pubkey::Pubkey, rent::Rent};

use super::programs;

const METADATA_PROGRAM: Pubkey = pubkey!("ProgM6JCCvbYkfKqJYHePx4xxSUSqJp7rh8Lyv7nk7S");
/// Seed of a program's IDL there, padded.
const METADATA_SEED: &[u8; 16] = b"idl\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// The probe's own IDL: one event to try things out with.
const PROBE: &str = include_str!("../../programs/probe.idl.json");

/// An IDL account for each program. What no JSON can be made of has none: these are files of ours.
pub(super) fn accounts() -> Vec<(Pubkey, Account)> {
    programs::all()
        .iter()
        .filter_map(|program| {
            let text = hypernode_schemas::idl::text(program.label)
                .or_else(|| (program.label == "probe").then_some(PROBE))?;
            let packed = packed(text, &program.id())?;
            // Accounts of node_registry and job_receipt are counted and shown: theirs lie elsewhere.
            Some(match program.label {
                "node_registry" | "job_receipt" | "payment_splitter" => {
                    metadata(&program.id(), &packed)
                }
                _ => anchor(&program.id(), &packed),
            })
        })
        .collect()
}

/// The IDL with the address under which localnet runs the program, as zlib.
fn packed(text: &str, program: &Pubkey) -> Option<Vec<u8>> {
    let mut idl: Value = serde_json::from_str(text).ok()?;
    let spec = idl["metadata"]["spec"].is_string();
    let place = if spec {
        &mut idl["address"]
    } else {
        &mut idl["metadata"]["address"]
    };
    *place = json!(program.to_string());
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(idl.to_string().as_bytes()).ok()?;
    encoder.finish().ok()
}

fn account(owner: Pubkey, data: Vec<u8>) -> Account {
    Account {
        lamports: Rent::default().minimum_balance(data.len()),
        data,
        owner,
        executable: false,
        rent_epoch: u64::MAX,
    }
}

/// Anchor's `IdlAccount`: discriminator, authority, length, data.
fn anchor(program: &Pubkey, packed: &[u8]) -> (Pubkey, Account) {
    let base = Pubkey::find_program_address(&[], program).0;
    let address = Pubkey::create_with_seed(&base, "anchor:idl", program).unwrap_or_default();
    let discriminator = hash(b"internal:IdlAccount").to_bytes();
    let mut data: Vec<u8> = discriminator.into_iter().take(8).collect();
    data.extend(base.to_bytes());
    data.extend(
        u32::try_from(packed.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes(),
    );
    data.extend(packed);
    (address, account(*program, data))
}

/// A canonical account of the Program Metadata program: JSON as UTF-8, zlib, held in the account itself.
fn metadata(program: &Pubkey, packed: &[u8]) -> (Pubkey, Account) {
    let seeds = [program.as_ref(), METADATA_SEED];
    let address = Pubkey::find_program_address(&seeds, &METADATA_PROGRAM).0;
    let mut data = vec![2];
    data.extend(program.to_bytes());
    data.extend([0; 32]);
    // Mutable and canonical.
    data.extend([1, 1]);
    data.extend(METADATA_SEED);
    // Encoding UTF-8, compression zlib, format JSON, source direct.
    data.extend([1, 2, 1, 0]);
    data.extend(
        u32::try_from(packed.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes(),
    );
    data.extend([0; 5]);
    data.extend(packed);
    (address, account(METADATA_PROGRAM, data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hypernode_decoder::idl;
    use hypernode_decoder::idl::onchain::{self, OnChainKind};

    #[test]
    fn every_program_has_an_idl_that_the_reader_of_real_ones_finds_and_reads() {
        let accounts = accounts();
        let mut kinds = Vec::new();
        for program in programs::all() {
            let id = program.id().to_bytes();
            let found = onchain::addresses(&id)
                .into_iter()
                .find_map(|(kind, address)| {
                    let at = |(key, _): &&(Pubkey, Account)| key.to_bytes() == address;
                    Some((kind, &accounts.iter().find(at)?.1))
                });
            let (kind, account) = found.unwrap_or_else(|| panic!("{} has none", program.label));
            assert_eq!(account.owner.to_bytes(), kind.owner(&id));
            let json = onchain::unpack(kind, &account.data).unwrap();
            let idl = idl::parse(program.label, "chain", &json).unwrap();
            assert_eq!(idl.address(), Some(id), "{}", program.label);
            kinds.push(kind);
        }
        assert!(kinds.contains(&OnChainKind::Metadata) && kinds.contains(&OnChainKind::IdlAccount));
    }
}
