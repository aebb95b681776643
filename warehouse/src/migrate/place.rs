//! Which table of the database each wanted table is: itself, or a numbered one beside it. Pure.
//!
//! The names are stable: a layout that found its table once finds it again at every start.

use std::collections::{BTreeMap, HashMap, HashSet};

use hypernode_schemas::table::TableSpec;

use super::layout::{Change, Stored, compare};

/// Suffix of the table that holds an event's records of failed transactions; it moves with the event's own.
const FAILED: &str = "_failed";
/// Versions tried beside one table.
const MOST_VERSIONS: u32 = 1_000;

/// Columns of the tables that exist, by name.
pub(super) type Present = HashMap<String, Vec<Stored>>;

/// Where one wanted table goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Index into the wanted tables.
    pub(super) spec: usize,
    /// Name in the database.
    pub(super) name: String,
    /// What it lacks; `None`: the table itself.
    pub(super) lacks: Option<Vec<Change>>,
    /// Why it is not the table of the wanted name.
    pub(super) because: Option<String>,
}

/// Tables that move together.
struct Group {
    base: String,
    version: u32,
    /// Index and suffix of each.
    members: Vec<(usize, &'static str)>,
}

/// Finds every wanted table a place; `Err` names one for which there is none.
pub(super) fn place(specs: &[TableSpec], present: &Present) -> Result<Vec<Place>, String> {
    let wanted: HashSet<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    let mut taken: HashSet<String> = HashSet::new();
    let mut places = Vec::with_capacity(specs.len());
    let mut homeless = Vec::new();
    // Who fits under its own name stays there, whatever the others need.
    for group in groups(specs, &wanted) {
        match fit(&group, group.version, specs, present, None) {
            Ok(own) => {
                taken.insert(name(&group.base, group.version, ""));
                places.extend(own);
            }
            Err(why) => homeless.push((group, why)),
        }
    }
    for (group, why) in homeless {
        let free = |version: &u32| {
            let name = name(&group.base, *version, "");
            // A name that another one wants is taken up only where its table already exists.
            !taken.contains(&name)
                && (present.contains_key(&name) || !wanted.contains(name.as_str()))
        };
        let found = (group.version + 1..group.version + MOST_VERSIONS)
            .filter(free)
            .find_map(|version| {
                let places = fit(&group, version, specs, present, Some(&why)).ok()?;
                Some((version, places))
            });
        let Some((version, new)) = found else {
            return Err(format!("table {}: {why}", group.base));
        };
        taken.insert(name(&group.base, version, ""));
        places.extend(new);
    }
    Ok(places)
}

/// The wanted tables by name and version, in that order.
fn groups(specs: &[TableSpec], wanted: &HashSet<&str>) -> Vec<Group> {
    let mut groups: BTreeMap<(String, u32), Vec<(usize, &'static str)>> = BTreeMap::new();
    for (index, spec) in specs.iter().enumerate() {
        let pair = spec
            .name
            .strip_suffix(FAILED)
            .filter(|main| main.starts_with("ev_") && wanted.contains(main));
        let (main, suffix) = pair.map_or((spec.name.as_str(), ""), |main| (main, FAILED));
        let (base, version) = versioned(main);
        let members = groups.entry((base.to_owned(), version)).or_default();
        members.push((index, suffix));
    }
    groups
        .into_iter()
        .map(|((base, version), members)| Group {
            base,
            version,
            members,
        })
        .collect()
}

/// Splits `ev_x_Y_v3` into `ev_x_Y` and 3; a name without a number is version 1.
fn versioned(name: &str) -> (&str, u32) {
    let split = name.rsplit_once("_v").and_then(|(base, digits)| {
        let version: u32 = digits.parse().ok()?;
        (version >= 2 && version.to_string() == digits).then_some((base, version))
    });
    split.unwrap_or((name, 1))
}

fn name(base: &str, version: u32, suffix: &str) -> String {
    if version == 1 {
        format!("{base}{suffix}")
    } else {
        format!("{base}_v{version}{suffix}")
    }
}

/// The group under this version's names, or why one of its tables cannot take the rows.
fn fit(
    group: &Group,
    version: u32,
    specs: &[TableSpec],
    present: &Present,
    because: Option<&str>,
) -> Result<Vec<Place>, String> {
    let mut places = Vec::with_capacity(group.members.len());
    for (index, suffix) in &group.members {
        let name = name(&group.base, version, suffix);
        let lacks = match (present.get(&name), specs.get(*index)) {
            (Some(stored), Some(spec)) => Some(compare(spec, stored)?),
            _ => None,
        };
        places.push(Place {
            spec: *index,
            name,
            lacks,
            because: because.map(str::to_owned),
        });
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hypernode_schemas::table::Column;

    fn spec(name: &str, kind: &str) -> TableSpec {
        TableSpec {
            name: name.into(),
            columns: vec![Column {
                name: "a".into(),
                kind: kind.into(),
            }],
            order_by: vec!["a".into()],
        }
    }

    fn present(tables: &[(&str, &str)]) -> Present {
        let columns = |kind: &str| {
            vec![Stored {
                name: "a".into(),
                kind: kind.into(),
                comment: String::new(),
            }]
        };
        tables
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), columns(kind)))
            .collect()
    }

    fn names(specs: &[TableSpec], present: &Present) -> Vec<(String, String)> {
        let mut names: Vec<_> = place(specs, present)
            .unwrap()
            .into_iter()
            .map(|place| (specs[place.spec].name.clone(), place.name))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_pair_moves_together_and_its_number_stands_before_the_suffix() {
        let wanted = [
            spec("ev_x_E", "UInt8"),
            spec("ev_x_E_failed", "UInt8"),
            spec("ix_x_failed", "UInt8"),
        ];
        // Only the event's own table differs.
        let have = present(&[("ev_x_E", "String"), ("ev_x_E_failed", "UInt8")]);
        let expected = [
            ("ev_x_E", "ev_x_E_v2"),
            ("ev_x_E_failed", "ev_x_E_v2_failed"),
            ("ix_x_failed", "ix_x_failed"),
        ]
        .map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(names(&wanted, &have), expected);
    }

    #[test]
    fn layouts_find_their_tables_again_and_never_share_one() {
        let (a, b, c) = ("UInt8", "UInt16", "UInt32");
        let pair = |one: &str, two: &str| {
            [("ev_x_E", one), ("ev_x_E_v2", two)].map(|(n, t)| (n.to_owned(), t.to_owned()))
        };
        let wanted = [spec("ev_x_E", b), spec("ev_x_E_v2", c)];
        // The first layout is gone from the folder; the second has its table.
        let have = present(&[("ev_x_E", a), ("ev_x_E_v2", b)]);
        assert_eq!(names(&wanted, &have), pair("ev_x_E_v2", "ev_x_E_v3"));
        let have = present(&[("ev_x_E", a), ("ev_x_E_v2", b), ("ev_x_E_v3", c)]);
        assert_eq!(names(&wanted, &have), pair("ev_x_E_v2", "ev_x_E_v3"));
        // Nothing there yet.
        assert_eq!(names(&wanted, &Present::new()), pair("ev_x_E", "ev_x_E_v2"));
        // An event that is really called E_v2 keeps its own table.
        let have = present(&[("ev_x_E", a), ("ev_x_E_v2", c)]);
        assert_eq!(names(&wanted, &have), pair("ev_x_E_v3", "ev_x_E_v2"));
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        assert_eq!(versioned("ev_x_E_v12"), ("ev_x_E", 12));
        for plain in ["ev_x_E", "ev_x_E_v1", "ev_x_E_v02", "ev_x_E_v", "ev_x_E_vx"] {
            assert_eq!(versioned(plain), (plain, 1));
        }
    }
}
