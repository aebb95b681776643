//! What an owner's host answers to a frame `sign`.

use hypernode_wire::SignAnswer;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Signature;

use super::clerk::NotSigned;
use super::step::Step;
use super::{Programs, transaction};

/// The owner's signature of a message out of its host's answer: a signature, or the whole transaction as a wallet gives it
/// back.
///
/// # Errors
/// [`NotSigned::Refused`] where it is another key's, another message's, or none.
pub fn signature(
    answer: SignAnswer,
    owner: &Pubkey,
    message: &[u8],
    programs: &Programs,
) -> Result<Signature, NotSigned> {
    let refused = |why: &str| Err(NotSigned::Refused(why.to_owned()));
    let found = match answer {
        SignAnswer::Refused(why) => return Err(NotSigned::Refused(why)),
        SignAnswer::Signature(text) => text.parse::<Signature>().ok(),
        SignAnswer::Bytes(text) => match transaction::read(&text) {
            Ok((bytes, signatures)) if bytes == message => Step::read(message, programs)
                .ok()
                .and_then(|(_, message)| message.account_keys.iter().position(|key| key == owner))
                .and_then(|place| signatures.get(place).copied()),
            _ => return refused("the host signed something else"),
        },
    };
    match found.filter(|signature| signature.verify(owner.as_ref(), message)) {
        Some(signature) => Ok(signature),
        None => refused("the signature is not the owner's"),
    }
}

#[cfg(test)]
mod tests {
    use base64_simd::STANDARD;
    use solana_sdk::hash::Hash;
    use solana_sdk::signature::{Keypair, Signer as _};

    use super::*;

    #[test]
    fn only_the_owners_signature_of_the_message_is_taken() {
        let key = |n: u8| Pubkey::new_from_array([n; 32]);
        let programs = Programs {
            job_receipt: key(11),
            mint: key(12),
            treasury: key(13),
            incentive: key(14),
        };
        let owner = Keypair::new_from_array([31; 32]);
        let step = |node: &str| Step::Assign {
            job: key(1),
            operator: owner.pubkey(),
            node: node.to_owned(),
        };
        let message = |node: &str| {
            let message = step(node).message(&programs, &key(21), Hash::default());
            message.expect("a message").serialize()
        };
        let bytes = message("gpu");
        let read = |answer| signature(answer, &owner.pubkey(), &bytes, &programs);
        let right = owner.sign_message(&bytes);
        assert_eq!(read(SignAnswer::Signature(right.to_string())), Ok(right));
        let whole = |signature: &Signature, message: &[u8]| {
            let mut whole = vec![2];
            whole.extend(Signature::default().as_ref());
            whole.extend(signature.as_ref());
            whole.extend(message);
            SignAnswer::Bytes(STANDARD.encode_to_string(whole))
        };
        assert_eq!(read(whole(&right, &bytes)), Ok(right));
        let other = Keypair::new_from_array([32; 32]).sign_message(&bytes);
        let another = message("cpu");
        for wrong in [
            SignAnswer::Signature(other.to_string()),
            SignAnswer::Signature("x".to_owned()),
            SignAnswer::Refused("no".to_owned()),
            whole(&other, &bytes),
            whole(&owner.sign_message(&another), &another),
            SignAnswer::Bytes("AAAA".to_owned()),
        ] {
            let refused = read(wrong.clone());
            assert!(
                matches!(refused, Err(NotSigned::Refused(_))),
                "{wrong:?}: {refused:?}"
            );
        }
    }
}
