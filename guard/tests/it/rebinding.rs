//! Names whose answers change, mix, or lead inside; and the exception for development, which opens nothing else.
//!
//! The listed loopback server plays the public site; servers on other loopback addresses are the inner network.

use std::time::{Duration, Instant};

use hypernode_guard::{
    CallError, Concurrency, Connector, ExceptionError, Limits, Policy, Range, Refused, Request,
    Roots, Stage, SystemResolver, TargetError,
};

use crate::support::{NAME, Script, Server, connector, ip, settle, short};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn loopback(error: &CallError) -> bool {
    matches!(error, CallError::Address(Refused::Range(Range::Loopback)))
}

/// A server at 127.0.0.1, and a trap at 127.0.0.2 on the same port.
async fn site_and_trap() -> (Server, Server) {
    loop {
        let site = Server::answering(OK).await;
        let at = format!("127.0.0.2:{}", site.address.port());
        if let Ok(trap) = Server::start_at(&at, |_| async { Ok(()) }).await {
            return (site, trap);
        }
    }
}

#[tokio::test]
async fn a_name_that_turns_inwards_is_refused() {
    let (site, trap) = site_and_trap().await;
    let policy = Policy::public().except_loopback(NAME, site.address);
    let resolver = Script::new(&[&[ip("127.0.0.1")], &[ip("127.0.0.2")]]);
    let connector = connector(
        policy.expect("loopback"),
        Limits::default(),
        resolver.clone(),
    );
    let request = Request::get(site.url("/"));

    // One lookup: what the second would have said is not asked for.
    let answer = connector.call(&request).await.expect("an answer");
    assert_eq!((answer.remote, resolver.asked()), (site.address, 1));

    let error = connector.call(&request).await.expect_err("refused");
    assert!(loopback(&error) && error.is_lasting(), "{error:?}");
    assert_eq!((error.stage(), resolver.asked()), (Stage::Judge, 2));
    settle().await;
    assert_eq!((site.accepted(), trap.accepted()), (1, 0));
}

#[tokio::test]
async fn a_mixed_answer_is_refused_whole() {
    let (site, trap) = site_and_trap().await;
    let (public, inner) = (ip("127.0.0.1"), ip("127.0.0.2"));
    for answer in [[public, inner], [inner, public]] {
        let policy = Policy::public().except_loopback(NAME, site.address);
        let connector = connector(
            policy.expect("loopback"),
            Limits::default(),
            Script::always(&answer),
        );
        let error = connector.call(&Request::get(site.url("/"))).await;
        assert!(loopback(&error.expect_err("refused")));
    }
    settle().await;
    assert_eq!((site.accepted(), trap.accepted()), (0, 0));
}

#[tokio::test]
async fn the_exception_opens_nothing_else() {
    let (site, trap) = site_and_trap().await;
    let port = site.address.port();
    let inner = Server::answering(OK).await;
    let policy = Policy::public().except_loopback(NAME, site.address);
    let connector = connector(
        policy.expect("loopback"),
        Limits::default(),
        Script::always(&[ip("127.0.0.1")]),
    );
    let refused = [
        // Another name at the listed address.
        format!("http://example.com:{port}/"),
        format!("http://x.{NAME}:{port}/"),
        // The listed name at another port.
        format!("http://{NAME}:{}/", inner.address.port()),
        format!("http://{NAME}/"),
        // The address itself, which is not listed as a host.
        format!("http://127.0.0.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://127.0.0.2:{port}/"),
    ];
    for url in &refused {
        let error = connector.call(&Request::get(url)).await;
        let error = error.expect_err(url);
        assert!(error.is_lasting(), "{url}: {error:?}");
    }
    settle().await;
    let accepted = [&site, &trap, &inner].map(Server::accepted);
    assert_eq!(accepted, [0, 0, 0]);
    // And does open what it names, however it is spelled.
    for url in [site.url("/"), site.url("/").replace(NAME, "SITE.test.")] {
        let answer = connector.call(&Request::get(url)).await;
        assert_eq!(answer.expect("an answer").status, 200);
    }
}

#[tokio::test]
async fn a_listed_name_may_lead_nowhere_else() {
    // Its port and name passed no rule, so even a public address is refused.
    let at = "127.0.0.1:6379".parse().expect("an address");
    let policy = Policy::public()
        .except_loopback(NAME, at)
        .expect("loopback");
    let connector = connector(
        policy,
        Limits::default(),
        Script::always(&[ip("93.184.216.34")]),
    );
    let error = connector
        .call(&Request::get(format!("http://{NAME}:6379/")))
        .await;
    let error = error.expect_err("refused");
    assert!(
        matches!(error, CallError::Address(Refused::Denied)),
        "{error:?}"
    );
}

#[test]
fn only_loopback_is_listed() {
    let list = |host: &str, at: &str| {
        let at = at.parse().expect("an address");
        Policy::public().except_loopback(host, at).map(|_| ())
    };
    for at in [
        "10.0.0.1:80",
        "169.254.169.254:80",
        "0.0.0.0:80",
        "8.8.8.8:80",
    ] {
        let address = at.parse().expect("an address");
        assert_eq!(
            list("a.test", at),
            Err(ExceptionError::NotLoopback(address))
        );
    }
    for at in ["[::ffff:127.0.0.1]:80", "[::]:80", "[fe80::1]:80"] {
        assert!(matches!(
            list("a.test", at),
            Err(ExceptionError::NotLoopback(_))
        ));
    }
    for host in ["127.0.0.2", "[::1]", "10.0.0.1", "a b", "", "a..b"] {
        let refused = list(host, "127.0.0.1:80");
        assert_eq!(refused, Err(ExceptionError::Host(host.to_owned())));
    }
    assert_eq!(list("127.0.0.1", "127.0.0.1:80"), Ok(()));
    assert_eq!(list("[::1]", "[::1]:80"), Ok(()));
}

#[tokio::test]
async fn networks_that_the_operator_denies_are_refused() {
    let policy = Policy::public().deny("93.184.216.0/24".parse().expect("a network"));
    let connector = connector(
        policy,
        Limits::default(),
        Script::always(&[ip("93.184.216.34")]),
    );
    let by_name = connector.call(&Request::get("http://example.com/")).await;
    assert!(matches!(by_name, Err(CallError::Address(Refused::Denied))));
    let literal = connector.check("http://93.184.216.34/");
    assert_eq!(literal, Err(TargetError::Address(Refused::Denied)));
}

#[tokio::test]
async fn lookups_are_bounded() {
    let policy = Policy::public;
    let request = Request::get("http://example.com/");
    let never = Script::slow(&[&[]], Duration::from_secs(60));
    let started = Instant::now();
    let error = connector(policy(), short(), never).call(&request).await;
    let error = error.expect_err("no answer");
    assert!(matches!(
        error,
        CallError::Timeout {
            stage: Stage::Resolve,
            ..
        }
    ));
    assert!(started.elapsed() < Duration::from_secs(5));

    let many = vec![ip("93.184.216.34"); 33];
    let error = connector(policy(), short(), Script::always(&many));
    let error = error.call(&request).await.expect_err("too many");
    assert!(matches!(error, CallError::ManyAddresses { most: 32 }));

    let error = connector(policy(), short(), Script::always(&[]));
    let error = error.call(&request).await.expect_err("no address");
    assert!(matches!(error, CallError::Unresolved(_)));
    assert!(!error.is_lasting());
}

/// Errors are shown to strangers: they say what kind of address it is, not which.
#[tokio::test]
async fn errors_do_not_tell_the_address() {
    for inner in ["10.20.30.40", "fd12:3456::789a", "::ffff:10.20.30.40"] {
        let connector = connector(
            Policy::public(),
            Limits::default(),
            Script::always(&[ip(inner)]),
        );
        let error = connector.call(&Request::get("http://example.com/")).await;
        let error = error.expect_err("refused");
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("20.30") && !shown.contains("3456"),
            "{shown}"
        );
    }
}

/// An address that does not answer does not keep the next from being tried.
#[tokio::test]
async fn the_next_address_is_tried() {
    let site = Server::answering(OK).await;
    let other = format!("127.0.0.3:{}", site.address.port());
    let policy = Policy::public()
        .except_loopback(NAME, site.address)
        .and_then(|p| p.except_loopback(NAME, other.parse().expect("an address")));
    let answer = [ip("127.0.0.3"), ip("127.0.0.3"), ip("127.0.0.1")];
    let connector = connector(
        policy.expect("loopback"),
        Limits::default(),
        Script::always(&answer),
    );
    let answer = connector.call(&Request::get(site.url("/"))).await;
    assert_eq!(answer.expect("an answer").remote, site.address);
}

#[tokio::test]
async fn a_closed_port_is_a_refused_connection() {
    let site = Server::answering(OK).await;
    let (url, connector) = (site.url("/"), site.connector(Limits::default()));
    drop(site);
    settle().await;
    let error = connector
        .call(&Request::get(url))
        .await
        .expect_err("closed");
    assert!(matches!(
        error,
        CallError::Connect(std::io::ErrorKind::ConnectionRefused)
    ));
}

/// The real resolver of this machine, and a name that it knows.
#[tokio::test]
async fn the_system_resolves() {
    let site = Server::answering(OK).await;
    let port = site.address.port();
    let sixth = format!("[::1]:{port}").parse().expect("an address");
    let policy = Policy::public()
        .except_loopback("localhost", site.address)
        .and_then(|p| p.except_loopback("localhost", sixth));
    let resolver = std::sync::Arc::new(SystemResolver::default());
    let (limits, calls) = (Limits::default(), Concurrency::default());
    let roots = Roots::Only(Vec::new());
    let connector = Connector::new(policy.expect("loopback"), limits, calls, roots, resolver);
    let connector = connector.expect("a connector");
    let request = Request::get(format!("http://localhost:{port}/"));
    let answer = connector.call(&request).await.expect("an answer");
    assert_eq!(answer.remote, site.address);
}
