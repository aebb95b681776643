//! The decoder of a network's programs: the IDLs that it names by hash, from those at hand.

use std::collections::{BTreeSet, HashMap};

use hypernode_decoder::idl::{self, Idl};
use hypernode_decoder::{Decoder, IdlVersion, Keep, ProgramConfig};
use hypernode_schemas::canonical::{self, CanonicalMap, Kind, Source};
use hypernode_schemas::idl::builtin;

use crate::error::AuditError;
use crate::keys::{Key, show_key};
use crate::network::{Network, Program};

/// The program whose accounts are the nodes.
pub(crate) const REGISTRY: &str = "node_registry";

/// An IDL that a network names, and what was used for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedIdl {
    /// The program's label.
    pub label: String,
    /// Its address.
    pub id: Key,
    /// First slot that it describes.
    pub from_slot: u64,
    /// Its hash.
    pub sha256: [u8; 32],
    /// Where it came from; `None`: this program gives no evidence, so that its IDL was not needed.
    pub origin: Option<String>,
}

/// The decoder, the registry's address, and the IDLs in the network's order. `given` are IDLs beside the built-in ones.
pub(crate) fn decoder(
    network: &Network,
    origin: &str,
    given: &[Idl],
) -> Result<(Decoder, Key, Vec<UsedIdl>), AuditError> {
    let map = canonical::parse(canonical::TEXT)
        .map_err(|error| AuditError::Rows(format!("the map cannot be read: {error}")))?;
    let Some(registry) = network.program(REGISTRY) else {
        return Err(AuditError::Network {
            origin: origin.to_owned(),
            place: "programs".to_owned(),
            what: format!("names no program {REGISTRY}: no node is registered there"),
        });
    };
    let at_hand = at_hand(given);
    let needed = needed(&map);
    let (mut configs, mut used) = (Vec::new(), Vec::new());
    for program in &network.programs {
        let versions = if needed.contains(program.label.as_str()) {
            let versions = versions(program, &at_hand)?;
            configs.push(ProgramConfig {
                label: program.label.clone(),
                program_id: program.id,
                versions: versions.clone(),
            });
            versions
        } else {
            Vec::new()
        };
        let mut origins = versions.iter().map(|v| v.idl.origin().to_owned());
        used.extend(program.idls.iter().map(|idl| UsedIdl {
            label: program.label.clone(),
            id: program.id,
            from_slot: idl.from_slot,
            sha256: idl.sha256,
            origin: origins.next(),
        }));
    }
    Ok((
        Decoder::new(configs, &map, Keep::Matching)?,
        *registry,
        used,
    ))
}

/// Labels of programs that can make a node or a job with a requester, and of those that addresses are derived under. A
/// program that creates no job gives no evidence, whatever it says of jobs.
fn needed(map: &CanonicalMap) -> BTreeSet<&str> {
    let mut labels = BTreeSet::new();
    for entry in &map.maps {
        let makes = matches!(
            entry.kind,
            Kind::NodeRegistered | Kind::NodeDeregistered | Kind::JobCreated
        );
        if makes {
            labels.insert(entry.label.as_str());
        }
        for source in entry.set.values() {
            if let Source::Derive { label, .. } = source {
                labels.insert(label.as_str());
            }
        }
    }
    labels
}

/// Texts and origins of IDLs by their hash.
type AtHand<'a> = HashMap<[u8; 32], (String, &'a str)>;

fn at_hand(given: &[Idl]) -> AtHand<'_> {
    let own = builtin().iter().filter_map(|(label, text)| {
        let idl = idl::parse(label, "built in", text.as_bytes()).ok()?;
        Some((*idl.hash(), ("built in".to_owned(), *text)))
    });
    let given = given
        .iter()
        .map(|idl| (*idl.hash(), (idl.origin().to_owned(), idl.text())));
    // Later ones replace earlier ones of the same hash, which are the same.
    given.chain(own).collect()
}

fn versions(program: &Program, at_hand: &AtHand<'_>) -> Result<Vec<IdlVersion>, AuditError> {
    let wanted = program.idls.iter();
    wanted
        .map(|version| {
            let missing = |have: String| AuditError::Idl {
                label: program.label.clone(),
                id: show_key(&program.id),
                from_slot: version.from_slot,
                wanted: hex::encode(version.sha256),
                have,
            };
            let Some((origin, text)) = at_hand.get(&version.sha256) else {
                return Err(missing(have(&program.label)));
            };
            // Its errors name the label, which a file's name need not be.
            let idl = idl::parse(&program.label, origin, text.as_bytes())
                .map_err(|error| missing(format!("that of {origin} cannot be used: {error}")))?;
            Ok(IdlVersion {
                from_slot: version.from_slot,
                idl,
            })
        })
        .collect()
}

/// What is at hand instead.
fn have(label: &str) -> String {
    let own = hypernode_schemas::idl::text(label)
        .and_then(|text| idl::parse(label, "built in", text.as_bytes()).ok());
    match own {
        Some(idl) => format!("the built-in one has {}", hex::encode(idl.hash())),
        None => "none is built in".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::IdlHash;

    fn hash(label: &str) -> [u8; 32] {
        let text = hypernode_schemas::idl::text(label).unwrap();
        *idl::parse(label, "t", text.as_bytes()).unwrap().hash()
    }

    fn network(programs: &[(&str, [u8; 32])]) -> Network {
        let program = |(number, (label, sha256)): (usize, &(&str, [u8; 32]))| Program {
            label: (*label).to_owned(),
            id: [number as u8 + 1; 32],
            idls: vec![IdlHash {
                from_slot: 0,
                sha256: *sha256,
            }],
        };
        Network {
            genesis: String::new(),
            programs: programs.iter().enumerate().map(program).collect(),
            fee_accounts: Vec::new(),
            start_slot: 0,
        }
    }

    #[test]
    fn programs_that_give_no_evidence_need_no_idl() {
        let network = network(&[
            ("node_registry", hash("node_registry")),
            ("job_receipt", hash("job_receipt")),
            ("hypernode_jobs", [7; 32]),
            ("somebody", [8; 32]),
        ]);
        let (decoder, registry, used) = decoder(&network, "f", &[]).unwrap();
        assert_eq!(registry, [1; 32]);
        assert_eq!(decoder.programs().count(), 2);
        let origins: Vec<_> = used.iter().map(|idl| idl.origin.as_deref()).collect();
        assert_eq!(origins, [Some("built in"), Some("built in"), None, None]);
    }

    #[test]
    fn an_idl_that_is_not_at_hand_is_named_with_both_hashes() {
        let text = hypernode_schemas::idl::text("job_receipt").unwrap();
        let changed = text.replacen("\"version\"", "\"ver\":\"x\",\"version\"", 1);
        let other = idl::parse("file", "other.json", changed.as_bytes()).unwrap();
        let network = network(&[
            ("node_registry", hash("node_registry")),
            ("job_receipt", *other.hash()),
        ]);
        let error = decoder(&network, "f", &[]).unwrap_err().to_string();
        for part in [
            "job_receipt",
            &hex::encode(other.hash()),
            &hex::encode(hash("job_receipt")),
            "--idl DIR",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        let (_, _, used) = decoder(&network, "f", std::slice::from_ref(&other)).unwrap();
        assert_eq!(used[1].origin.as_deref(), Some("other.json"));
    }

    #[test]
    fn without_a_registry_there_is_no_node() {
        let network = network(&[("job_receipt", hash("job_receipt"))]);
        let error = decoder(&network, "f", &[]).unwrap_err().to_string();
        assert!(error.contains("names no program node_registry"), "{error}");
    }
}
