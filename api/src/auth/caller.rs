//! Who sends a request: an address, and whoever proved themselves.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::limits::LimitKey;
use hypernode_accounts::rights::{Owner, Principal, Right, Who};
use hypernode_accounts::{Fingerprint, PublicKey, Unauthenticated};

use super::access::{Access, is_loopback_host};
use super::{cookie, refuse};
use crate::error::Refusal;
use crate::listen::Peer;
use crate::state::ApiState;

/// Who sends a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Where from, as far as proxies of ours say.
    pub(crate) address: IpAddr,
    /// Who it is; why the token that was sent is nobody's.
    who: Result<Arc<Principal>, Unauthenticated>,
    /// Anybody may do anything here.
    open: bool,
    /// They sent something to prove who they are.
    pub(crate) proves: bool,
    /// A proxy sent it.
    forwarded: bool,
}

impl Caller {
    /// Who it is, where a token that is nobody's is as good as none.
    pub(crate) fn principal(&self) -> Arc<Principal> {
        match &self.who {
            Ok(principal) => Arc::clone(principal),
            Err(_) => Arc::new(Principal::anonymous()),
        }
    }

    /// Whether it comes from this machine itself. What a proxy here passes on does not.
    pub(crate) fn is_here(&self) -> bool {
        self.address.is_loopback() && !self.forwarded
    }

    /// The wallet whose submissions its own are.
    pub(crate) fn submitter(&self) -> Option<PublicKey> {
        let principal = self.who.as_ref().ok()?;
        match principal.who() {
            Who::Wallet(_) | Who::Key { .. } => principal.account(),
            _ => None,
        }
    }

    /// Whom limits count.
    pub(crate) fn limited_as(&self) -> LimitKey {
        match &self.who {
            Ok(principal) => LimitKey::of(principal, self.address),
            Err(_) => LimitKey::of_address(self.address),
        }
    }

    /// Whether they may do `right` to a thing of `owner`.
    pub(crate) fn may(&self, right: Right, owner: Option<&Owner>) -> Result<(), Response> {
        if self.open {
            return Ok(());
        }
        let principal = self.who.as_ref().map_err(refuse::unauthenticated)?;
        principal
            .may(right, owner)
            .map_err(|denied| refuse::denied(&denied))
    }

    /// Whether they may, where no refusal is made of it. A token that is nobody's is as good as none.
    pub(crate) fn can(&self, right: Right, owner: &Owner) -> bool {
        let who = self.who.as_ref();
        self.open || who.is_ok_and(|principal| principal.may(right, Some(owner)).is_ok())
    }

    /// Whether they might do `right` to a thing of their own: asked before anything is looked up.
    pub(crate) fn could(&self, right: Right) -> Result<(), Response> {
        let principal = self.principal();
        let own = match principal.who() {
            Who::Node { id: Some(id), .. } => Owner {
                node: Some(Fingerprint::of(id)),
                ..Owner::default()
            },
            Who::Host { key, .. } => Owner {
                host: Some(*key),
                ..Owner::default()
            },
            _ => Owner {
                wallet: principal.account(),
                ..Owner::default()
            },
        };
        self.may(right, Some(&own))
    }

    /// Whether anybody may do anything here.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Who changes something by `right`, for the trail: what nobody proved is told as such.
    pub(crate) fn actor(&self, right: Right) -> String {
        let principal = self.principal();
        let wallet = principal.account().map(|wallet| wallet.to_string());
        match (principal.may(right, None), wallet) {
            (Ok(()), Some(wallet)) => wallet,
            (_, Some(wallet)) => format!("open-dev/{wallet}"),
            (_, None) => "open-dev".into(),
        }
    }

    /// The wallet that they act for, if they may do `right` to what is theirs.
    pub(crate) fn own(&self, right: Right) -> Result<PublicKey, Response> {
        let principal = self.who.as_ref().map_err(refuse::unauthenticated)?;
        let wallet = principal.account();
        let owner = wallet.map(Owner::from);
        // Who signed in by nothing has nothing of their own, even where everything is open.
        principal
            .may(right, owner.as_ref())
            .map_err(|denied| refuse::denied(&denied))?;
        wallet.ok_or_else(|| refuse::denied(&hypernode_accounts::rights::Denied::SignIn))
    }
}

/// What a route that asks who it is begins with.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) access: Arc<Access>,
    pub(crate) caller: Caller,
}

impl FromRequestParts<ApiState> for Asked {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Response> {
        let caller = parts.extensions.get::<Caller>().cloned();
        let (Some(access), Some(caller)) = (state.access.clone(), caller) else {
            let text = "This server keeps no accounts: it only answers reads";
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text).into_response());
        };
        Ok(Self { access, caller })
    }
}

/// Where a request comes from, on a server with accounts or without.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender(pub(crate) IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for Sender {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let named = parts
            .extensions
            .get::<Caller>()
            .map(|caller| caller.address);
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
        // Without a connection (a test in this process) it is this machine.
        Ok(Self(named.or(peer).unwrap_or(IpAddr::from([127, 0, 0, 1]))))
    }
}

/// Finds out who sends a request, and puts it with the request.
pub(crate) async fn identify(
    access: &Access,
    request: &mut Request,
    now: i64,
) -> Result<Caller, Response> {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let headers = request.headers();
    let address = address(access, peer, headers);
    let (token, by_cookie) = match bearer(headers) {
        Some(token) => (Some(token), false),
        None => (cookie::session(headers, access.secure), true),
    };
    let is_read = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let proves = token.is_some();
    // A browser sends its cookie along whoever's page asked: that page must be one that is trusted.
    if proves && by_cookie && !is_read && !asked_by_a_page_of_ours(access, headers) {
        return Err(foreign_page());
    }
    let who = match token {
        None => Ok(Arc::new(Principal::anonymous())),
        Some(token) => {
            let sender = LimitKey::of_address(address);
            access
                .accounts
                .auth()
                .authenticate(token, &sender, now)
                .await
        }
    };
    // Elsewhere than on this machine it is not even offered; a page from elsewhere that got itself a name for this machine's
    // address still sends that name.
    let open = access.open_dev
        && address.is_loopback()
        && names_this_machine(headers)
        && (!is_forwarded(headers) || peer.is_some_and(|peer| access.proxies.trusts(peer)))
        && by_foreign_page(access, headers).is_ok()
        && !is_cross_site(headers);
    let caller = Caller {
        address,
        who,
        open,
        proves,
        forwarded: is_forwarded(headers),
    };
    request.extensions_mut().insert(caller.clone());
    Ok(caller)
}

/// Where a request comes from. Without a connection (a test in this process) it is this machine.
pub(super) fn address(access: &Access, peer: Option<IpAddr>, headers: &HeaderMap) -> IpAddr {
    let peer = peer.unwrap_or(IpAddr::from([127, 0, 0, 1]));
    let lines = headers.get_all(access.proxies.header());
    let lines: Vec<&[u8]> = lines
        .iter()
        .map(axum::http::HeaderValue::as_bytes)
        .collect();
    access.proxies.client(peer, lines.into_iter()).address
}

pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Refuses what a page that is not trusted makes a browser send.
pub(super) fn by_foreign_page(access: &Access, headers: &HeaderMap) -> Result<(), Response> {
    let origin = headers.get(ORIGIN);
    let trusted = origin.is_none_or(|origin| access.origins.trust(origin));
    trusted.then_some(()).ok_or_else(foreign_page)
}

fn foreign_page() -> Response {
    let text = "This page's origin may not act for you: the operator lists trusted ones in api.cors_origins";
    Refusal::new(StatusCode::FORBIDDEN, text).into_response()
}

fn asked_by_a_page_of_ours(access: &Access, headers: &HeaderMap) -> bool {
    match headers.get(ORIGIN) {
        Some(origin) => access.origins.trust(origin),
        // Browsers that send no Origin with a request of the same site say so in this header.
        None => headers
            .get("sec-fetch-site")
            .is_some_and(|site| site == "same-origin"),
    }
}

/// Whether a browser says that a page from elsewhere asks. A page that names itself is judged by its name: browsers hold
/// two names of this machine for two sites.
fn is_cross_site(headers: &HeaderMap) -> bool {
    let cross =
        |site: &axum::http::HeaderValue| site.as_bytes().eq_ignore_ascii_case(b"cross-site");
    !headers.contains_key(ORIGIN) && headers.get("sec-fetch-site").is_some_and(cross)
}

/// Whether a proxy sent it: for whom is known of trusted ones only.
fn is_forwarded(headers: &HeaderMap) -> bool {
    [
        "x-forwarded-for",
        "x-forwarded-host",
        "forwarded",
        "x-real-ip",
        "cf-connecting-ip",
        "true-client-ip",
        "via",
    ]
    .iter()
    .any(|name| headers.contains_key(*name))
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .is_some_and(is_loopback_host)
}
