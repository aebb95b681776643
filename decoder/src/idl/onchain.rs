//! IDLs that programs keep on chain: where they lie, and how they are packed.
//!
//! Two conventions exist. Anchor before 1.0 keeps an `IdlAccount` that belongs to the program: discriminator
//! (8 bytes), authority (32), length (4, little-endian), then the JSON, deflated as zlib. Since 1.0 the Program
//! Metadata program keeps it at the address derived from the program's and the seed `idl`: a header of 96 bytes
//! (kind 0, program 1, authority 33, mutable 65, canonical 66, seed 67, encoding 83, compression 84, format 85,
//! source 86, length 87), then the data.

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};
use sha2::{Digest, Sha256};

use crate::chain::Pubkey;

/// An unpacked IDL is no larger; a packed one can claim anything.
pub const MAX_JSON: usize = 16 << 20;

/// The Program Metadata program, `ProgM6JCCvbYkfKqJYHePx4xxSUSqJp7rh8Lyv7nk7S`.
const METADATA_PROGRAM: Pubkey = [
    0x05, 0xdb, 0x17, 0x9e, 0xc3, 0x3e, 0x93, 0xf9, 0x4b, 0xc3, 0x21, 0x57, 0x07, 0xe4, 0xfb, 0x04,
    0x74, 0x3e, 0xc9, 0xaf, 0xa8, 0x4a, 0x1b, 0xa0, 0x6f, 0x68, 0x76, 0x8b, 0xf6, 0x65, 0x38, 0x89,
];
/// Seeds of that program are padded to this length.
const METADATA_SEED: [u8; 16] = *b"idl\0\0\0\0\0\0\0\0\0\0\0\0\0";
const METADATA_HEADER: usize = 96;
const METADATA_KIND: u8 = 2;
/// sha256("internal:IdlAccount"), first eight bytes.
const IDL_ACCOUNT: [u8; 8] = [0x18, 0x46, 0x62, 0xbf, 0x3a, 0x90, 0x7b, 0x9e];

/// Which convention an account follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnChainKind {
    /// An account of the Program Metadata program, written by the program's upgrade authority.
    Metadata,
    /// Anchor's own account, before 1.0.
    IdlAccount,
}

impl OnChainKind {
    /// The program that such an account must belong to; of another owner it says nothing.
    #[must_use]
    pub fn owner(self, program: &Pubkey) -> Pubkey {
        match self {
            Self::Metadata => METADATA_PROGRAM,
            Self::IdlAccount => *program,
        }
    }
}

/// Why an account holds no IDL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OnChainError {
    /// Not an account of this kind.
    #[error("the account is no IDL account: {0}")]
    Kind(&'static str),
    /// The account ends before what it announces.
    #[error("the account says {needed} bytes, it holds {held}")]
    Short {
        /// Bytes that its header announces.
        needed: usize,
        /// Bytes that follow the header.
        held: usize,
    },
    /// The account says that the IDL lies elsewhere.
    #[error(
        "the account holds no IDL but says that it lies at {0}: fetch it from there and give the file"
    )]
    Elsewhere(String),
    /// The data are not what the header says.
    #[error("the packed IDL is damaged: {0}")]
    Damaged(String),
    /// More than [`MAX_JSON`] bytes.
    #[error("the unpacked IDL is larger than {MAX_JSON} bytes")]
    Large,
}

/// Where a program's IDL lies if it is on chain, the newer convention first.
#[must_use]
pub fn addresses(program: &Pubkey) -> [(OnChainKind, Pubkey); 2] {
    // That no seed bump gives an address happens once in 2^255 programs: the zero key holds no IDL.
    let find = |seeds: &[&[u8]], owner: &Pubkey| {
        let owner = solana_sdk::pubkey::Pubkey::new_from_array(*owner);
        let found = solana_sdk::pubkey::Pubkey::try_find_program_address(seeds, &owner);
        found.map_or([0; 32], |(key, _)| key.to_bytes())
    };
    let metadata = find(&[program, &METADATA_SEED], &METADATA_PROGRAM);
    let base = find(&[], program);
    let with_seed = Sha256::new()
        .chain_update(base)
        .chain_update("anchor:idl")
        .chain_update(program);
    [
        (OnChainKind::Metadata, metadata),
        (OnChainKind::IdlAccount, with_seed.finalize().into()),
    ]
}

/// The IDL's JSON out of an account's data.
///
/// # Errors
/// [`OnChainError`] where the account is of another kind, damaged, or refers elsewhere.
pub fn unpack(kind: OnChainKind, account_data: &[u8]) -> Result<Vec<u8>, OnChainError> {
    match kind {
        OnChainKind::IdlAccount => {
            let rest = account_data.strip_prefix(&IDL_ACCOUNT);
            let rest = rest.ok_or(OnChainError::Kind("its first 8 bytes are another's"))?;
            let (length, data) = rest
                .get(32..)
                .and_then(<[u8]>::split_first_chunk::<4>)
                .ok_or(OnChainError::Kind("it is shorter than its header"))?;
            inflate(ZlibDecoder::new(counted(data, *length)?))
        }
        OnChainKind::Metadata => metadata(account_data),
    }
}

fn metadata(account: &[u8]) -> Result<Vec<u8>, OnChainError> {
    let (header, data) = account
        .split_first_chunk::<METADATA_HEADER>()
        .ok_or(OnChainError::Kind("it is shorter than its header"))?;
    let [
        kind,
        ..,
        encoding,
        compression,
        format,
        source,
        l0,
        l1,
        l2,
        l3,
        _,
        _,
        _,
        _,
        _,
    ] = *header;
    if kind != METADATA_KIND {
        return Err(OnChainError::Kind("it is a buffer or empty"));
    }
    if header.get(67..83) != Some(METADATA_SEED.as_slice()) || header.get(66) != Some(&1) {
        return Err(OnChainError::Kind(
            "it is not the `idl` of the program's own authority",
        ));
    }
    let data = counted(data, [l0, l1, l2, l3])?;
    let text = || match compression {
        0 => inflate(data),
        1 => inflate(GzDecoder::new(data)),
        2 => inflate(ZlibDecoder::new(data)),
        other => Err(OnChainError::Damaged(format!("{other} is no compression"))),
    };
    match source {
        0 => {}
        1 => {
            let url = text()?;
            let url = String::from_utf8_lossy(url.get(..url.len().min(200)).unwrap_or_default());
            return Err(OnChainError::Elsewhere(url.escape_debug().to_string()));
        }
        2 => {
            let key = data.first_chunk::<32>().copied().unwrap_or_default();
            let key = solana_sdk::pubkey::Pubkey::new_from_array(key);
            return Err(OnChainError::Elsewhere(format!("account {key}")));
        }
        other => {
            return Err(OnChainError::Damaged(format!("{other} is no data source")));
        }
    }
    if format > 1 {
        return Err(OnChainError::Damaged("it is YAML or TOML, not JSON".into()));
    }
    if encoding > 1 {
        return Err(OnChainError::Damaged("it is not UTF-8 text".into()));
    }
    text()
}

fn counted(data: &[u8], length: [u8; 4]) -> Result<&[u8], OnChainError> {
    let needed = u32::from_le_bytes(length) as usize;
    data.get(..needed).ok_or(OnChainError::Short {
        needed,
        held: data.len(),
    })
}

/// Reads to the end, but no more than an IDL can have.
fn inflate(packed: impl Read) -> Result<Vec<u8>, OnChainError> {
    let mut json = Vec::new();
    let read = packed.take(MAX_JSON as u64 + 1).read_to_end(&mut json);
    read.map_err(|error| OnChainError::Damaged(error.to_string()))?;
    if json.len() > MAX_JSON {
        return Err(OnChainError::Large);
    }
    Ok(json)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    fn key(text: &str) -> Pubkey {
        let mut key = [0; 32];
        five8::decode_32(text, &mut key).expect("base58");
        key
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut out = ZlibEncoder::new(Vec::new(), Compression::best());
        out.write_all(bytes).expect("write");
        out.finish().expect("finish")
    }

    fn account(packed: &[u8]) -> Vec<u8> {
        let mut data = IDL_ACCOUNT.to_vec();
        data.extend([7; 32]);
        data.extend((packed.len() as u32).to_le_bytes());
        data.extend(packed);
        data.extend([0; 100]);
        data
    }

    fn metadata_account(compression: u8, source: u8, packed: &[u8]) -> Vec<u8> {
        let mut data = vec![METADATA_KIND];
        data.extend([3; 32]);
        data.extend([0; 32]);
        data.extend([1, 1]);
        data.extend(METADATA_SEED);
        data.extend([1, compression, 1, source]);
        data.extend((packed.len() as u32).to_le_bytes());
        data.extend([0; 5]);
        assert_eq!(data.len(), METADATA_HEADER);
        data.extend(packed);
        data
    }

    #[test]
    fn addresses_are_those_that_programs_use() {
        let pump = key("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P");
        let [metadata, anchor] = addresses(&pump);
        assert_eq!(metadata.0, OnChainKind::Metadata);
        assert_eq!(metadata.0.owner(&pump), METADATA_PROGRAM);
        assert_eq!(anchor.0.owner(&pump), pump);
        // Where explorers find that program's IDL.
        assert_eq!(
            anchor.1,
            key("AYgC53tU5BbP2NAnv5nConJxAdpQZctvmZK88pu69xRs")
        );
        let sdk = solana_sdk::pubkey::Pubkey::new_from_array;
        let (base, _) = solana_sdk::pubkey::Pubkey::find_program_address(&[], &sdk(pump));
        let with_seed =
            solana_sdk::pubkey::Pubkey::create_with_seed(&base, "anchor:idl", &sdk(pump));
        assert_eq!(anchor.1, with_seed.expect("address").to_bytes());
        assert_eq!(
            METADATA_PROGRAM,
            key("ProgM6JCCvbYkfKqJYHePx4xxSUSqJp7rh8Lyv7nk7S")
        );
        let hash = Sha256::digest(b"internal:IdlAccount");
        assert_eq!(hash[..8], IDL_ACCOUNT);
    }

    #[test]
    fn both_conventions_unpack() {
        let json = br#"{"name":"x"}"#;
        assert_eq!(
            unpack(OnChainKind::IdlAccount, &account(&zlib(json))),
            Ok(json.to_vec())
        );
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(json).expect("write");
        let gzip = gzip.finish().expect("finish");
        for (compression, packed) in [(0, json.to_vec()), (1, gzip), (2, zlib(json))] {
            let data = metadata_account(compression, 0, &packed);
            assert_eq!(unpack(OnChainKind::Metadata, &data), Ok(json.to_vec()));
        }
    }

    #[test]
    fn what_holds_no_idl_says_why() {
        let url = metadata_account(2, 1, &zlib(b"https://example.org/idl.json"));
        let error = unpack(OnChainKind::Metadata, &url).expect_err("url");
        assert!(error.to_string().contains("https://example.org/idl.json"));
        let mut third_party = metadata_account(0, 0, b"{}");
        third_party[66] = 0;
        assert!(matches!(
            unpack(OnChainKind::Metadata, &third_party),
            Err(OnChainError::Kind(_))
        ));
        let mut cut = account(&zlib(b"{}"));
        cut.truncate(46);
        assert!(matches!(
            unpack(OnChainKind::IdlAccount, &cut),
            Err(OnChainError::Short { .. })
        ));
        assert!(matches!(
            unpack(OnChainKind::IdlAccount, &account(b"no zlib")),
            Err(OnChainError::Damaged(_))
        ));
        for length in 0..100 {
            for kind in [OnChainKind::IdlAccount, OnChainKind::Metadata] {
                assert!(unpack(kind, &vec![2; length]).is_err());
            }
        }
    }

    #[test]
    fn an_account_that_unpacks_without_end_is_refused() {
        // 20 MiB of zeros deflate to some 20 KiB.
        let bomb = zlib(&vec![0; 20 << 20]);
        assert!(bomb.len() < 1 << 16);
        assert_eq!(
            unpack(OnChainKind::IdlAccount, &account(&bomb)),
            Err(OnChainError::Large)
        );
    }
}
