//! Arbitrary bytes as an IDL file: refused or usable, never more memory than its size allows.

use hypernode_decoder::accounts::{AccountDecoder, AccountLayouts};
use hypernode_decoder::{Decoder, Keep, idl};

use super::shared;

/// Names and types of all columns together, per byte of the file and beyond it.
const TEXT_PER_BYTE: usize = 256;
const TEXT_ALWAYS: usize = 14 << 20;

pub fn check(data: &[u8]) {
    let parsed = match idl::parse("fuzz", "fuzz.json", data) {
        Ok(parsed) => parsed,
        Err(error) => {
            assert!(error.path.starts_with('$'));
            assert!(error.to_string().len() <= 4096 + 16 * data.len());
            return;
        }
    };
    let config = shared::config("fuzz", [3; 32], parsed);
    let accounts = AccountDecoder::new(std::slice::from_ref(&config), &AccountLayouts::default());
    if let Ok(accounts) = accounts {
        let text: usize = accounts.tables().iter().map(|t| t.create_sql().len()).sum();
        assert!(text <= TEXT_ALWAYS + 4 * TEXT_PER_BYTE * data.len());
    }
    match Decoder::new(vec![config], &shared::no_map(), Keep::All) {
        Ok(decoder) => {
            let text = shared::head_size(&decoder);
            let bound = TEXT_ALWAYS + TEXT_PER_BYTE * data.len();
            assert!(
                text <= bound,
                "{text} bytes of columns from {} bytes",
                data.len()
            );
        }
        Err(error) => assert!(error.to_string().len() <= 4096 + 16 * data.len()),
    }
}
