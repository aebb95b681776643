//! Every form of `forms.rs` and `spellings.rs` gets its verdict, from the rules and from a connector with a real listener behind them; the
//! table in `ADDRESSES.md` says the same.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;

use hypernode_guard::{
    CallError, Host, Limits, Policy, Refused, Request, Target, TargetError, judge,
};

use crate::forms::{EMBEDDED, PUBLIC, RANGES};
use crate::spellings::{As, HOSTS, URLS};
use crate::support::{Script, Server, connector, ip, settle};

/// Refused addresses and the reason that each must get.
fn refused() -> Vec<(&'static str, Refused)> {
    let ranges = RANGES.iter().flat_map(|(range, addresses)| {
        let refused = Refused::Range(*range);
        addresses.iter().map(move |address| (*address, refused))
    });
    let embedded = EMBEDDED.iter().map(|&(form, address, carried)| {
        let refused = Refused::Embedded { form, carried };
        (address, refused)
    });
    ranges.chain(embedded).collect()
}

fn bracketed(address: IpAddr) -> String {
    Host::Address(address).to_string()
}

fn read(host: &str) -> Result<Target, TargetError> {
    Target::parse(&format!("http://{host}/"), &Policy::public())
}

#[test]
fn each_address_gets_its_verdict() {
    for (address, why) in refused() {
        let address = ip(address);
        assert_eq!(judge(address), Err(why), "{address}");
        let literal = read(&bracketed(address));
        assert_eq!(literal, Err(TargetError::Address(why)), "{address}");
    }
    for address in PUBLIC {
        let address = ip(address);
        assert_eq!(judge(address), Ok(()), "{address}");
        let target = read(&bracketed(address)).expect("a target");
        assert_eq!(target.host(), &Host::Address(address));
    }
}

#[test]
fn each_spelling_is_read_as_it_must() {
    for (host, expected) in HOSTS {
        let found = read(host);
        let fits = match (expected, &found) {
            (As::Inner(_, range), Err(TargetError::Address(why))) => *why == Refused::Range(*range),
            (As::NoHost, Err(TargetError::Syntax(_))) => true,
            (As::NoHost | As::NoSite, Err(TargetError::Name(why))) => {
                let reserved = why.to_string();
                let form = reserved == "is not a host name" || reserved.contains("number");
                form == (*expected == As::NoHost)
            }
            (As::Odd, Err(TargetError::Spelling)) => true,
            (As::Credentials, Err(TargetError::Credentials)) => true,
            (As::Address(normal), Ok(target)) => {
                matches!(target.host(), Host::Address(_)) && target.host().to_string() == *normal
            }
            (As::Name(normal), Ok(target)) => target.host() == &Host::Name((*normal).to_owned()),
            _ => false,
        };
        assert!(fits, "{host:?}: expected {expected:?}, found {found:?}");
        // Where an address was refused, it was the one that the table says.
        if let As::Inner(normal, _) = expected {
            let url = url::Url::parse(&format!("http://{host}/")).expect("a URL");
            assert_eq!(url.host_str(), Some(*normal), "{host:?}");
        }
    }
}

#[test]
fn each_url_is_refused_for_its_reason() {
    for (text, reason) in URLS {
        let refused = Target::parse(text, &Policy::public()).expect_err(text);
        assert!(
            refused.to_string().starts_with(reason),
            "{text:?}: {refused}"
        );
    }
    let long = format!("http://example.com/{}", "a".repeat(2048));
    assert_eq!(
        Target::parse(&long, &Policy::public()),
        Err(TargetError::Length)
    );
    // Encoding makes a URL longer: the normal form is bounded too.
    let grows = format!("http://example.com/{}", "ü".repeat(700));
    assert_eq!(
        Target::parse(&grows, &Policy::public()),
        Err(TargetError::Length)
    );
}

/// Nothing that is refused reaches a server that listens for all of this machine's addresses.
// I-42.
#[tokio::test]
async fn no_refused_form_opens_a_connection() {
    let quiet = |_| async { Ok(()) };
    let canary = Server::start_at("0.0.0.0:0", quiet).await.expect("a port");
    let port = canary.address.port();
    // Where there is IPv6, and the port is free there too.
    let sixth = Server::start_at(&format!("[::1]:{port}"), quiet).await.ok();
    let notices = || canary.accepted() + sixth.as_ref().map_or(0, Server::accepted);
    let reached = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
    assert!(reached.is_ok());
    settle().await;
    let before = notices();
    assert_eq!(before, 1, "the canary notices");

    let mut tried = 0;
    let policy = Policy::public();
    for (address, why) in refused() {
        let address = ip(address);
        // As the answer for a name, alone and beside a public address.
        for answer in [vec![address], vec![ip("93.184.216.34"), address]] {
            let connector = connector(policy.clone(), Limits::default(), Script::always(&answer));
            let request = Request::get(format!("http://example.com:{port}/"));
            let refused = connector.call(&request).await.expect_err("refused");
            let given = matches!(&refused, CallError::Address(given) if *given == why);
            assert!(given && refused.is_lasting(), "{address}: {refused:?}");
            tried += 1;
        }
        // As a literal.
        let never = Script::always(&[]);
        let connector = connector(policy.clone(), Limits::default(), never.clone());
        let request = Request::get(format!("http://{}:{port}/", bracketed(address)));
        let refused = connector.call(&request).await.expect_err("refused");
        assert!(matches!(
            refused,
            CallError::Target(TargetError::Address(_))
        ));
        assert_eq!(never.asked(), 0);
        tried += 1;
    }
    for (host, expected) in HOSTS {
        if matches!(expected, As::Address(_) | As::Name(_)) {
            continue;
        }
        let never = Script::always(&[]);
        let connector = connector(policy.clone(), Limits::default(), never.clone());
        let request = Request::get(format!("http://{host}:{port}/"));
        let refused = connector.call(&request).await.expect_err("refused");
        assert!(matches!(refused, CallError::Target(_)), "{host}: {refused}");
        assert_eq!(never.asked(), 0, "{host} was looked up");
        tried += 1;
    }
    settle().await;
    assert_eq!(notices(), before, "a refused form reached the listener");
    println!("{tried} calls refused, none reached the listener");
}

/// `HYPERNODE_WRITE_ADDRESSES=1 cargo nextest run -p hypernode-guard the_table` writes the file anew.
#[test]
fn the_table_is_what_the_rules_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ADDRESSES.md");
    let table = table();
    if std::env::var_os("HYPERNODE_WRITE_ADDRESSES").is_some() {
        std::fs::write(&path, &table).expect("written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == table,
        "guard/ADDRESSES.md is not what the rules say: set HYPERNODE_WRITE_ADDRESSES=1 and look at the difference"
    );
}

/// Text as code in a table: what does not print is shown by its escape.
fn code(text: &str) -> String {
    let shown: String = text
        .chars()
        .flat_map(
            |c| match c.is_control() || matches!(c, '\u{AD}' | '\u{200B}') {
                true => c.escape_default().collect::<Vec<_>>(),
                false => vec![c],
            },
        )
        .collect();
    if shown.is_empty() {
        return "(empty)".to_owned();
    }
    format!("`{}`", shown.replace('|', "\\|"))
}

/// The document, with the verdicts that the rules give now.
fn table() -> String {
    let forms: Vec<_> = refused().into_iter().map(|(address, _)| address).collect();
    let count = forms.len() + PUBLIC.len() + HOSTS.len() + URLS.len();
    let mut out = format!(
        "# Addresses and spellings that the connector was tried with

{count} forms, each with the verdict of the rules as they stand; a test compares this file with them. Every refused
address was also given as the answer for a public name, alone and beside a public address: the name is refused, and a
listener on all of this machine's addresses sees no connection.

IPv6 addresses that carry an IPv4 address are refused even when that is public. Where such a packet goes is decided by a
translator, tunnel or relay that we do not know, a public site has an address of its own, and each such form has been a
way around a filter somewhere. A machine whose only way to IPv4 is DNS64 with NAT64 therefore cannot call sites that have
no IPv6 address: give it IPv4, or 464XLAT.

## Addresses

| address | verdict |
|---|---|
"
    );
    for address in forms.iter().chain(PUBLIC) {
        let verdict = match judge(ip(address)) {
            Ok(()) => "**called**".to_owned(),
            Err(why) => format!("refused: {why}"),
        };
        let _ = writeln!(out, "| {} | {verdict} |", code(address));
    }
    let _ = write!(
        out,
        "
## Hosts as they are written

Read as browsers read them (WHATWG URL), then judged as what they stand for.

| host | verdict |
|---|---|
"
    );
    for (host, expected) in HOSTS {
        let verdict = match (read(host), expected) {
            (Ok(target), As::Name(_)) => {
                let name = code(&target.host().to_string());
                format!("looked up as {name}; every address of the answer is judged")
            }
            (Ok(target), _) => format!("**called** as {}", code(&target.host().to_string())),
            (Err(why), As::Inner(normal, _)) => format!("refused: {} is read; {why}", code(normal)),
            (Err(why), _) => format!("refused: {why}"),
        };
        let _ = writeln!(out, "| {} | {verdict} |", code(host));
    }
    let _ = write!(out, "\n## URLs\n\n| URL | verdict |\n|---|---|\n");
    for (text, _) in URLS {
        let verdict = match Target::parse(text, &Policy::public()) {
            Ok(target) => format!("**called** as {target}"),
            Err(why) => format!("refused: {why}"),
        };
        let _ = writeln!(out, "| {} | {verdict} |", code(text));
    }
    out
}
