//! Which network a score is of: its programs, how they were decoded, and whom a settlement must pay.

use hypernode_score::FeeAccounts;
use serde::Deserialize;
use serde_json::Value;

use crate::error::AuditError;
use crate::keys::{Key, clip, parse_key};

/// Programs, and versions of one, that a network names at most.
const MAX_LISTED: usize = 1_000;

/// A network as an API states it in `network`, or as a file does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Genesis hash, base58.
    pub genesis: String,
    /// The programs that are indexed.
    pub programs: Vec<Program>,
    /// The network's own accounts.
    pub fee_accounts: Vec<FeeAccounts>,
    /// First slot that is indexed: what lies before it does not exist for this score. 0 where it is not stated.
    pub start_slot: u64,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its label: what the canonical map calls it.
    pub label: String,
    /// Its address.
    pub id: Key,
    /// Its interfaces, by rising first slot; at least one.
    pub idls: Vec<IdlHash>,
}

/// An interface, by hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdlHash {
    /// First slot that it describes.
    pub from_slot: u64,
    /// SHA-256 of its JSON with sorted keys and without white space.
    pub sha256: [u8; 32],
}

#[derive(Deserialize)]
struct NetworkText {
    genesis: String,
    programs: Vec<ProgramText>,
    fee_accounts: Vec<FeeText>,
    #[serde(default)]
    start_slot: Option<u64>,
}

#[derive(Deserialize)]
struct ProgramText {
    label: String,
    id: String,
    idls: Vec<IdlText>,
}

#[derive(Deserialize)]
struct IdlText {
    from_slot: u64,
    sha256: String,
}

#[derive(Deserialize)]
struct FeeText {
    first_slot: u64,
    last_slot: Option<u64>,
    treasury: String,
    incentive: String,
}

impl Network {
    /// Reads a file's text: the object itself, or an answer that holds it as `network`.
    ///
    /// # Errors
    /// Naming `origin` and the member that is wrong.
    pub fn read(origin: &str, text: &[u8]) -> Result<Self, AuditError> {
        let value: Value =
            serde_json::from_slice(text).map_err(|error| wrong(origin, "$", error.to_string()))?;
        match value.get("network") {
            Some(inner) if value.get("programs").is_none() => Self::of(origin, inner),
            _ => Self::of(origin, &value),
        }
    }

    /// Takes the object. Members that it does not know are passed over.
    ///
    /// # Errors
    /// Naming `origin` and the member that is wrong.
    pub fn of(origin: &str, value: &Value) -> Result<Self, AuditError> {
        let text = NetworkText::deserialize(value)
            .map_err(|error| wrong(origin, "$", error.to_string()))?;
        if text.programs.len() > MAX_LISTED || text.fee_accounts.len() > MAX_LISTED {
            return Err(wrong(origin, "$", format!("lists more than {MAX_LISTED}")));
        }
        key(origin, "genesis", &text.genesis)?;
        let programs = text.programs.into_iter().enumerate();
        let accounts = text.fee_accounts.iter().enumerate();
        Ok(Self {
            genesis: text.genesis,
            programs: programs
                .map(|(number, program)| program.read(origin, number))
                .collect::<Result<_, _>>()?,
            fee_accounts: accounts
                .map(|(number, accounts)| accounts.read(origin, number))
                .collect::<Result<_, _>>()?,
            start_slot: text.start_slot.unwrap_or(0),
        })
    }

    /// The address of the program with this label.
    #[must_use]
    pub fn program(&self, label: &str) -> Option<&Key> {
        let mut programs = self.programs.iter();
        let found = programs.find(|program| program.label == label);
        found.map(|program| &program.id)
    }
}

impl ProgramText {
    fn read(self, origin: &str, number: usize) -> Result<Program, AuditError> {
        let place = format!("programs[{number}]");
        let id = key(origin, &format!("{place}.id"), &self.id)?;
        if self.idls.is_empty() || self.idls.len() > MAX_LISTED {
            let what = format!("lists no IDL, or more than {MAX_LISTED}");
            return Err(wrong(origin, &format!("{place}.idls"), what));
        }
        let mut idls = Vec::new();
        for (version, idl) in self.idls.iter().enumerate() {
            let mut sha256 = [0; 32];
            hex::decode_to_slice(&idl.sha256, &mut sha256).map_err(|_| {
                let what = format!("{:?} is not 64 hexadecimal digits", clip(&idl.sha256));
                wrong(origin, &format!("{place}.idls[{version}].sha256"), what)
            })?;
            idls.push(IdlHash {
                from_slot: idl.from_slot,
                sha256,
            });
        }
        idls.sort_by_key(|idl| idl.from_slot);
        if let Some(pair) = idls.windows(2).find(|p| p[0].from_slot == p[1].from_slot) {
            let what = format!("two versions begin at slot {}", pair[0].from_slot);
            return Err(wrong(origin, &format!("{place}.idls"), what));
        }
        Ok(Program {
            label: self.label,
            id,
            idls,
        })
    }
}

impl FeeText {
    fn read(&self, origin: &str, number: usize) -> Result<FeeAccounts, AuditError> {
        let place = |member: &str| format!("fee_accounts[{number}].{member}");
        let last_slot = self.last_slot.unwrap_or(u64::MAX);
        if last_slot < self.first_slot {
            let what = format!("lies before first_slot {}", self.first_slot);
            return Err(wrong(origin, &place("last_slot"), what));
        }
        Ok(FeeAccounts {
            first_slot: self.first_slot,
            last_slot,
            treasury: key(origin, &place("treasury"), &self.treasury)?,
            incentive: key(origin, &place("incentive"), &self.incentive)?,
        })
    }
}

fn key(origin: &str, place: &str, text: &str) -> Result<Key, AuditError> {
    parse_key(text).ok_or_else(|| {
        let what = format!("{:?} is not the base58 form of 32 bytes", clip(text));
        wrong(origin, place, what)
    })
}

fn wrong(origin: &str, place: &str, what: impl Into<String>) -> AuditError {
    AuditError::Network {
        origin: origin.to_owned(),
        place: place.to_owned(),
        what: what.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::keys::show_key;

    fn sample() -> Value {
        json!({
            "genesis": show_key(&[9; 32]), "more": 1,
            "programs": [{"label": "a", "id": show_key(&[1; 32]), "idls": [
                {"from_slot": 7, "sha256": "ab".repeat(32)}, {"from_slot": 0, "sha256": "cd".repeat(32)}]}],
            "fee_accounts": [{"first_slot": 0, "last_slot": null, "treasury": show_key(&[2; 32]), "incentive": show_key(&[3; 32])}],
        })
    }

    #[test]
    fn a_network_is_read_alone_and_from_within_an_answer() {
        let alone = Network::read("f", sample().to_string().as_bytes()).unwrap();
        assert_eq!(alone.programs[0].idls[0].sha256, [0xcd; 32]);
        assert_eq!(alone.program("a"), Some(&[1; 32]));
        assert_eq!(alone.fee_accounts[0].last_slot, u64::MAX);
        assert_eq!(alone.start_slot, 0);
        let mut stated = sample();
        stated["start_slot"] = json!(12);
        let within = json!({"score": 1, "network": stated}).to_string();
        let within = Network::read("f", within.as_bytes()).unwrap();
        assert_eq!(
            Network {
                start_slot: 0,
                ..within.clone()
            },
            alone
        );
        assert_eq!(within.start_slot, 12);
    }

    #[test]
    fn what_is_wrong_is_named_by_place() {
        let cases = [
            (
                "/programs/0/id",
                json!("0"),
                "programs[0].id: \"0\" is not the base58",
            ),
            (
                "/programs/0/idls/1/sha256",
                json!("xy"),
                "programs[0].idls[1].sha256: \"xy\"",
            ),
            (
                "/programs/0/idls/1/from_slot",
                json!(7),
                "two versions begin at slot 7",
            ),
            (
                "/programs/0/idls",
                json!([]),
                "programs[0].idls: lists no IDL",
            ),
            (
                "/fee_accounts/0/treasury",
                json!("1"),
                "fee_accounts[0].treasury",
            ),
            ("/genesis", json!("?"), "genesis"),
            ("/fee_accounts", json!(null), "$: invalid type"),
        ];
        for (place, value, expected) in cases {
            let mut network = sample();
            *network.pointer_mut(place).unwrap() = value;
            let error = Network::of("a file", &network).unwrap_err().to_string();
            assert!(error.starts_with("network (a file): "), "{error}");
            assert!(error.contains(expected), "{place}: {error}");
        }
        let mut ended = sample();
        ended["fee_accounts"][0]["first_slot"] = json!(5);
        ended["fee_accounts"][0]["last_slot"] = json!(4);
        let error = Network::of("f", &ended).unwrap_err().to_string();
        assert!(error.contains("lies before first_slot 5"), "{error}");
    }
}
