//! What a digest is of: network, programs, map, start.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::encoding::Hash;

/// First byte of the preimage of a list of headers.
const HEADERS: u8 = 0x04;

/// An IDL version of a program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProgramIdl {
    /// The program's id, base58.
    pub program: String,
    /// First slot that it decodes.
    pub from_slot: u64,
    /// SHA-256 of the IDL as canonical JSON (keys sorted, no white space), hex.
    pub idl: String,
}

/// See the module. Two indexers agree only if these are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Genesis hash of the network, base58; 32 zero bytes where it is not known.
    pub genesis: String,
    /// Version of the map from program events to canonical ones.
    pub map_version: u32,
    /// Every IDL, in any order.
    pub idls: Vec<ProgramIdl>,
}

impl Header {
    /// The text that is hashed: one line each, the programs sorted.
    #[must_use]
    pub fn text(&self, start_slot: u64) -> String {
        let mut idls = self.idls.clone();
        idls.sort();
        let mut text = format!(
            "hypernode index digest 1\ngenesis {}\nmap {}\nstart {start_slot}\n",
            self.genesis, self.map_version
        );
        for one in idls {
            let _ = writeln!(text, "idl {} {} {}", one.program, one.from_slot, one.idl);
        }
        text
    }

    /// What [`Header::text`] wrote, with its start; `None`: it did not.
    #[must_use]
    pub fn parse(text: &str) -> Option<(Self, u64)> {
        let mut lines = text.lines().skip(1).map(|line| line.split(' '));
        let mut value = |name| {
            let mut words = lines.next()?;
            (words.next()? == name).then(|| words.next())?
        };
        let genesis = value("genesis")?.to_owned();
        let map_version = value("map")?.parse().ok()?;
        let start = value("start")?.parse().ok()?;
        let idl = |mut words: std::str::Split<'_, char>| {
            (words.next()? == "idl").then_some(())?;
            Some(ProgramIdl {
                program: words.next()?.to_owned(),
                from_slot: words.next()?.parse().ok()?,
                idl: words.next()?.to_owned(),
            })
        };
        let header = Self {
            genesis,
            map_version,
            idls: lines.map(idl).collect::<Option<_>>()?,
        };
        (header.text(start) == text).then_some((header, start))
    }
}

/// The hash of all headers in force so far: each with the number of leaves before it. Changing an IDL adds one.
pub(super) fn headers_hash<'a>(headers: impl IntoIterator<Item = (u64, &'a str)>) -> Hash {
    let mut hasher = Sha256::new().chain_update([HEADERS]);
    for (leaves_before, text) in headers {
        hasher.update(leaves_before.to_le_bytes());
        hasher.update(Sha256::digest(text.as_bytes()));
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idl(program: &str, from_slot: u64) -> ProgramIdl {
        ProgramIdl {
            program: program.into(),
            from_slot,
            idl: "ab".into(),
        }
    }

    #[test]
    fn the_order_of_programs_does_not_matter_and_everything_else_does() {
        let header = |idls| Header {
            genesis: "g".into(),
            map_version: 1,
            idls,
        };
        let text = header(vec![idl("B", 0), idl("A", 9), idl("A", 0)]).text(7);
        assert_eq!(
            text,
            "hypernode index digest 1\ngenesis g\nmap 1\nstart 7\nidl A 0 ab\nidl A 9 ab\nidl B 0 ab\n"
        );
        let (parsed, start) = Header::parse(&text).expect("its own text");
        assert_eq!((parsed.text(start), start), (text.clone(), 7));
        for wrong in [
            "",
            "hypernode index digest 1\ngenesis g\nmap 1\n",
            &text[..40],
        ] {
            assert_eq!(Header::parse(wrong), None, "{wrong}");
        }
        assert_eq!(
            text,
            header(vec![idl("A", 0), idl("A", 9), idl("B", 0)]).text(7)
        );
        let one = headers_hash([(0, "a")]);
        let others = [
            headers_hash([(1, "a")]),
            headers_hash([(0, "b")]),
            headers_hash([(0, "a"), (3, "a")]),
        ];
        assert!(others.iter().all(|other| *other != one));
    }
}
