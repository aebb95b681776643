//! What a request asks of a panel: typed and bounded by the panel's own head.

use axum::extract::Query;
use axum::http::Uri;
use hypernode_analytics::panels::Panel;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Csv,
    Sql,
}

impl Format {
    /// The format that a panel's name ends with, and the name.
    pub(super) fn split(name: &str) -> (&str, Option<Self>) {
        match name.rsplit_once('.') {
            Some((name, "csv")) => (name, Some(Self::Csv)),
            Some((name, "sql")) => (name, Some(Self::Sql)),
            Some((name, "json")) => (name, Some(Self::Json)),
            _ => (name, None),
        }
    }

    fn of(word: &str) -> Option<Self> {
        match word {
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            "sql" => Some(Self::Sql),
            _ => None,
        }
    }
}

/// A request's parameters as pairs.
pub(super) fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, String> {
    match Query::<Vec<(String, String)>>::try_from_uri(uri) {
        Ok(Query(pairs)) => Ok(pairs),
        Err(_) => Err("the query string cannot be read".to_owned()),
    }
}

/// Values for the panel's parameters in their order, and the format. HYPER's decimals are the network's where nobody says.
pub(super) fn read(
    panel: &Panel,
    decimals: u8,
    pairs: &[(String, String)],
) -> Result<(Vec<u64>, Format), String> {
    let mut values = defaults(panel, decimals);
    let mut format = Format::Json;
    for (index, (name, text)) in pairs.iter().enumerate() {
        if pairs.iter().take(index).any(|(known, _)| known == name) {
            return Err(format!("{name} stands twice"));
        }
        if name == "format" {
            format = Format::of(text).ok_or("format must be json, csv or sql")?;
            continue;
        }
        let parameters = &panel.header.parameters;
        let known = parameters
            .iter()
            .zip(&mut values)
            .find(|(one, _)| one.name == *name);
        let Some((parameter, value)) = known else {
            return Err(allowed(panel));
        };
        *value = parameter.value(text)?;
    }
    Ok((values, format))
}

/// The panel's values where nobody says.
pub(super) fn defaults(panel: &Panel, decimals: u8) -> Vec<u64> {
    let parameters = panel.header.parameters.iter();
    let value = parameters.map(|one| match one.name.as_str() {
        "decimals" => u64::from(decimals).min(one.most),
        _ => one.default,
    });
    value.collect()
}

/// The same for a window of so many hours, as near as the panel allows.
pub(super) fn within(panel: &Panel, decimals: u8, hours: u64) -> Vec<u64> {
    let parameters = panel
        .header
        .parameters
        .iter()
        .zip(defaults(panel, decimals));
    let value = parameters.map(|(one, default)| match one.name.as_str() {
        "hours" => hours.clamp(one.least, one.most),
        _ => default,
    });
    value.collect()
}

/// What may be asked, in words.
fn allowed(panel: &Panel) -> String {
    let one = |one: &hypernode_analytics::panels::Parameter| {
        format!("{} from {} to {}", one.name, one.least, one.most)
    };
    let mut words: Vec<String> = panel.header.parameters.iter().map(one).collect();
    words.push("format json, csv or sql".to_owned());
    format!("this panel takes: {}", words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hypernode_analytics::panels::find;

    fn ask(query: &str) -> Result<(Vec<u64>, Format), String> {
        let uri: Uri = format!("/?{query}").parse().unwrap();
        read(find("jobs", "hyper_paid").unwrap(), 9, &pairs(&uri)?)
    }

    #[test]
    fn values_come_from_the_request_the_network_or_the_head() {
        assert_eq!(ask(""), Ok((vec![24, 9], Format::Json)));
        assert_eq!(
            ask("decimals=6&hours=1&format=csv"),
            Ok((vec![1, 6], Format::Csv))
        );
        assert_eq!(
            within(find("jobs", "hyper_paid").unwrap(), 9, 99_999),
            [8760, 9]
        );
    }

    #[test]
    fn what_is_not_allowed_is_told() {
        for bad in [
            "hours=0",
            "hours=8761",
            "hours=24)--",
            "hours=",
            "hours=%27",
        ] {
            assert!(ask(bad).unwrap_err().contains("from 1 to 8760"), "{bad}");
        }
        assert!(
            ask("top=3")
                .unwrap_err()
                .contains("takes: hours from 1 to 8760; decimals from 0 to 18; format")
        );
        assert!(ask("hours=1&hours=2").unwrap_err().contains("twice"));
        assert!(ask("format=xml").is_err());
        assert_eq!(Format::split("flow.csv"), ("flow", Some(Format::Csv)));
        assert_eq!(Format::split("flow.exe"), ("flow.exe", None));
    }
}
