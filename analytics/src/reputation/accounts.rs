//! The network's fee accounts as configuration writes them: only what is paid to these proves a settlement.

use hypernode_score::{FeeAccounts, Key};

/// Why a text states no fee accounts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?}: {problem}; write TREASURY/INCENTIVE, or TREASURY/INCENTIVE@FIRST-LAST for a range of slots"
)]
pub struct BadAccounts {
    /// The part that cannot be read.
    pub text: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// Reads `TREASURY/INCENTIVE[@FIRST-[LAST]]`, several separated by commas; an empty text names none.
///
/// # Errors
/// [`BadAccounts`] for the first part that is not of this form.
pub fn parse(text: &str) -> Result<Vec<FeeAccounts>, BadAccounts> {
    let parts = text.split(',').map(str::trim);
    parts.filter(|part| !part.is_empty()).map(one).collect()
}

/// The text that [`parse`] reads again.
#[must_use]
pub(crate) fn write(accounts: &[FeeAccounts]) -> String {
    let parts = accounts.iter().map(|of| {
        let last = match of.last_slot {
            u64::MAX => String::new(),
            last => last.to_string(),
        };
        let (treasury, incentive) = (base58(&of.treasury), base58(&of.incentive));
        format!("{treasury}/{incentive}@{}-{last}", of.first_slot)
    });
    parts.collect::<Vec<_>>().join(",")
}

/// A key as people write it.
#[must_use]
pub fn base58(key: &Key) -> String {
    let mut out = [0; 44];
    let length = five8::encode_32(key, &mut out);
    String::from_utf8_lossy(&out[..usize::from(length)]).into_owned()
}

fn one(part: &str) -> Result<FeeAccounts, BadAccounts> {
    let bad = |problem| BadAccounts {
        text: part.to_owned(),
        problem,
    };
    let (keys, range) = part.split_once('@').unwrap_or((part, "0-"));
    let (treasury, incentive) = keys.split_once('/').ok_or(bad("it names one account"))?;
    let (first, last) = range.split_once('-').ok_or(bad("the range has no -"))?;
    let key = |text: &str| {
        let mut key = [0; 32];
        five8::decode_32(text.trim(), &mut key)
            .map_err(|_| bad("not a 32-byte address in base58"))?;
        Ok(key)
    };
    let slot = |text: &str| text.trim().parse().map_err(|_| bad("not a slot"));
    let last_slot = match last.trim() {
        "" => u64::MAX,
        last => slot(last)?,
    };
    let first_slot = slot(first)?;
    if first_slot > last_slot {
        return Err(bad("the range ends before it begins"));
    }
    Ok(FeeAccounts {
        first_slot,
        last_slot,
        treasury: key(treasury)?,
        incentive: key(incentive)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_as_they_are_written() {
        let (t, i) = (base58(&[1; 32]), base58(&[2; 32]));
        let always = parse(&format!("{t}/{i}")).expect("accounts");
        assert_eq!((always[0].first_slot, always[0].last_slot), (0, u64::MAX));
        assert_eq!(always[0].incentive, [2; 32]);
        let two = parse(&format!("{t}/{i}@0-99, {i}/{t}@100-")).expect("accounts");
        assert_eq!(two.len(), 2);
        assert_eq!(parse(&write(&two)), Ok(two));
        assert_eq!(parse(" "), Ok(Vec::new()));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let t = base58(&[1; 32]);
        for (text, problem) in [
            (t.clone(), "it names one account"),
            (format!("{t}/x"), "not a 32-byte address in base58"),
            (format!("{t}/{t}@7"), "the range has no -"),
            (format!("{t}/{t}@9-8"), "the range ends before it begins"),
            (format!("{t}/{t}@a-"), "not a slot"),
        ] {
            assert_eq!(parse(&text).map_err(|error| error.problem), Err(problem));
        }
    }
}
