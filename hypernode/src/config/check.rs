//! What a value must look like, and how a wrong one is reported.

use std::fmt;

use hypernode_accounts::limits::{Forwarding, TrustedProxies};
use hypernode_analytics::reputation;

use super::keys::Kind;
use super::settings::Origin;

/// Something wrong in the configuration: where, which key, what, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) key: String,
    pub(crate) origin: Origin,
    pub(crate) what: String,
    pub(crate) fix: String,
}

impl Problem {
    pub(crate) fn new(key: &str, origin: Origin, what: &str, fix: &str) -> Self {
        Self {
            key: key.to_owned(),
            origin,
            what: what.to_owned(),
            fix: fix.to_owned(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            origin,
            what,
            fix,
        } = self;
        if key.is_empty() {
            write!(f, "{origin}: {what}; {fix}")
        } else {
            write!(f, "{origin}: {key}: {what}; {fix}")
        }
    }
}

/// Accepts a value of this kind, or says what is wrong and how to mend it. Empty = unset.
pub(crate) fn value(key: &str, kind: Kind, value: &str) -> Result<(), (String, String)> {
    if value.is_empty() {
        return Ok(());
    }
    let shown = if kind == Kind::Secret {
        "***".to_owned()
    } else {
        format!("{value:?}")
    };
    let wrong = |fix: &str| {
        Err((
            format!("{shown} is not {}", kind.describe()),
            fix.to_owned(),
        ))
    };
    match kind {
        Kind::Text | Kind::Path | Kind::Secret => Ok(()),
        Kind::Choice(words) if words.contains(&value) => Ok(()),
        Kind::Choice(_) => wrong("write one of these words"),
        Kind::Flag => value.parse::<bool>().map(drop).or_else(|_| wrong("write true or false")),
        Kind::Port => value.parse::<u16>().map(drop).or_else(|_| wrong("choose another port")),
        Kind::Integer(low, high) => match value.parse::<u64>() {
            Ok(number) if (low..=high).contains(&number) => Ok(()),
            _ => wrong("choose a number in that range"),
        },
        Kind::Number(low, high) => match value.parse::<f64>() {
            Ok(number) if (low..=high).contains(&number) => Ok(()),
            _ => wrong("choose a number in that range"),
        },
        // The value itself is not shown: what is wrong with it is that it may hold a secret.
        Kind::Endpoint | Kind::Endpoints if value.contains(['@', '?']) => Err((
            format!("is not {}", kind.describe()),
            "use the keys for tokens and passwords; they are never shown".to_owned(),
        )),
        Kind::Urls => {
            let wrong_one = list(value).find_map(|url| self::value(key, Kind::Url, url).err());
            wrong_one.map_or(Ok(()), Err)
        }
        Kind::Endpoints => {
            let wrong_one = list(value).find_map(|url| self::value(key, Kind::Endpoint, url).err());
            wrong_one.map_or(Ok(()), Err)
        }
        Kind::Origins => match list(value).find(|part| !is_origin(part)) {
            Some(_) => wrong("write each as https://name or http://name:port, without a path"),
            None => Ok(()),
        },
        Kind::Networks => TrustedProxies::new(list(value), Forwarding::default())
            .map(drop)
            .map_err(|error| (error.to_string(), format!("write {}", kind.describe()))),
        Kind::Url | Kind::Endpoint => match value.split_once("://") {
            Some(("http" | "https", rest)) if !rest.is_empty() && !rest.starts_with('/') => Ok(()),
            _ => wrong("write it as http://host:port"),
        },
        Kind::FeeAccounts => reputation::fee_accounts(value)
            .map(drop)
            .map_err(|error| (format!("{:?}: {}", error.text, error.problem), format!("write {}", kind.describe()))),
        Kind::Pubkey => pubkey(value).map(drop).map_err(|why| {
            let fix = if key.starts_with("programs.") {
                "set the id under which the program is deployed, or leave the key out to run without that program"
            } else {
                "write the address as the network shows it"
            };
            (format!("{shown} {why}"), fix.to_owned())
        }),
    }
}

/// Whether a browser would send this as `Origin`; or `*`.
fn is_origin(text: &str) -> bool {
    match text.split_once("://") {
        Some(("http" | "https", host)) => {
            !host.is_empty() && !host.contains(['/', '?', '#', '@', '*'])
        }
        Some(_) => false,
        None => text == "*",
    }
}

/// The parts of a list of values.
pub(crate) fn list(value: &str) -> impl Iterator<Item = &str> {
    let parts = value.split([',', ' ', '\n']);
    parts.map(str::trim).filter(|part| !part.is_empty())
}

/// Decodes a 32-byte base58 address, or says why it is none.
pub(crate) fn pubkey(text: &str) -> Result<[u8; 32], String> {
    const ALPHABET: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    if let Some((at, wrong)) = text
        .chars()
        .enumerate()
        .find(|(_, c)| !ALPHABET.contains(*c))
    {
        return Err(format!(
            "is not base58: {wrong:?} at character {} does not occur in base58",
            at + 1
        ));
    }
    let mut bytes = [0u8; 32];
    five8::decode_32(text, &mut bytes).map_err(|_| "is base58 but not of 32 bytes".to_owned())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_placeholder_of_payment_splitter_is_explained() {
        let (what, fix) = value(
            "programs.payment_splitter.id",
            Kind::Pubkey,
            "HyPErNoDePaymEntSpLiTtErProGramId1234567",
        )
        .unwrap_err();
        assert_eq!(
            what,
            "\"HyPErNoDePaymEntSpLiTtErProGramId1234567\" is not base58: 'I' at character 32 does not occur in base58"
        );
        assert!(fix.contains("leave the key out"), "{fix}");
    }

    #[test]
    fn valid_ids_pass_and_short_ones_do_not() {
        assert!(pubkey("Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS").is_ok());
        assert!(pubkey("Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPF").is_err());
        assert!(pubkey("").is_err());
    }

    #[test]
    fn secrets_never_show() {
        assert!(value("geyser.x_token", Kind::Secret, "hunter2").is_ok());
    }

    #[test]
    fn an_endpoint_holds_no_credentials_and_its_refusal_does_not_repeat_them() {
        for url in ["http://user:hunter2@host:1", "https://host/?token=hunter2"] {
            let (what, fix) = value("geyser.url", Kind::Endpoint, url).unwrap_err();
            assert!(
                !what.contains("hunter2") && !fix.contains("hunter2"),
                "I-18: {what}; {fix}"
            );
        }
        assert!(value("geyser.url", Kind::Endpoint, "https://host:443").is_ok());
        // An RPC address may: it is never shown.
        assert!(value("rpc.url", Kind::Url, "https://host/?api-key=x").is_ok());
        let several = "https://one/?api-key=x, http://two:8899";
        assert!(value("rpc.fallback_urls", Kind::Urls, several).is_ok());
        assert!(value("rpc.fallback_urls", Kind::Urls, "https://one,two").is_err());
    }

    #[test]
    fn each_kind_refuses_its_opposite() {
        for (kind, bad) in [
            (Kind::Port, "70000"),
            (Kind::Integer(0, 18), "19"),
            (Kind::Number(0.0, 1.0), "NaN"),
            (Kind::Choice(&["draw"]), "luck"),
            (Kind::Url, "localhost:3001"),
            (Kind::Url, "http:///x"),
        ] {
            assert!(value("k", kind, bad).is_err(), "{kind:?} accepted {bad}");
        }
    }
}
