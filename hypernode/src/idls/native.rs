//! Programs that are no Anchor programs: an IDL that states one of their addresses means another program.

use hypernode_decoder::chain::Pubkey;

use crate::programs::base58;

/// 32 zero bytes: what stands where nobody has written an address yet.
const SYSTEM: Pubkey = [0; 32];

/// Address and name of the others that everybody calls.
const KNOWN: [(&str, &str); 16] = [
    (
        "Vote111111111111111111111111111111111111111",
        "the Vote program",
    ),
    (
        "Stake11111111111111111111111111111111111111",
        "the Stake program",
    ),
    (
        "Config1111111111111111111111111111111111111",
        "the Config program",
    ),
    (
        "ComputeBudget111111111111111111111111111111",
        "the Compute Budget program",
    ),
    (
        "AddressLookupTab1e1111111111111111111111111",
        "the Address Lookup Table program",
    ),
    (
        "Ed25519SigVerify111111111111111111111111111",
        "the Ed25519 program",
    ),
    (
        "KeccakSecp256k11111111111111111111111111111",
        "the Secp256k1 program",
    ),
    (
        "Secp256r1SigVerify1111111111111111111111111",
        "the Secp256r1 program",
    ),
    (
        "BPFLoader1111111111111111111111111111111111",
        "a BPF loader",
    ),
    (
        "BPFLoader2111111111111111111111111111111111",
        "a BPF loader",
    ),
    (
        "BPFLoaderUpgradeab1e11111111111111111111111",
        "the upgradeable BPF loader",
    ),
    (
        "LoaderV411111111111111111111111111111111111",
        "a BPF loader",
    ),
    (
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        "the SPL Token program",
    ),
    (
        "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
        "the Token-2022 program",
    ),
    (
        "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
        "the Associated Token Account program",
    ),
    (
        "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr",
        "the Memo program",
    ),
];

/// Why no IDL can be of this program, and what to do.
pub(crate) fn refusal(program: &Pubkey, label: &str) -> Option<(String, String)> {
    (*program == SYSTEM).then(|| {
        (
            format!(
                "its program id {} is the System program's, which usually is a placeholder",
                base58(program)
            ),
            format!(
                "write the address at which the program is deployed, or set programs.{label}.id"
            ),
        )
    })
}

/// What is odd about an IDL of this program.
pub(crate) fn warning(program: &Pubkey) -> Option<String> {
    let id = base58(program);
    let (_, name) = KNOWN.iter().find(|(known, _)| *known == id)?;
    Some(format!(
        "its program id {id} is that of {name}, which is no Anchor program; if the IDL is of another program, correct its \
         address"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_programs_are_addresses_and_the_system_program_is_refused() {
        for (id, name) in KNOWN {
            let mut key = [0; 32];
            five8::decode_32(id, &mut key).unwrap();
            assert!(warning(&key).unwrap().contains(name));
            assert_eq!(refusal(&key, "x"), None);
        }
        assert_eq!((warning(&[7; 32]), refusal(&[7; 32], "x")), (None, None));
        let (why, fix) = refusal(&[0; 32], "x").unwrap();
        assert!(why.contains("11111111111111111111111111111111 is the System program's"));
        assert!(fix.contains("programs.x.id"));
    }
}
