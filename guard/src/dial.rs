//! From a host to a socket: one lookup, every address judged, a connection to a judged address.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::address::Refused;
use crate::clock::Clock;
use crate::error::{CallError, Stage};
use crate::limits::Limits;
use crate::places::{Place, Places};
use crate::policy::Policy;
use crate::resolve::{MOST_ADDRESSES, Resolver};
use crate::target::{Host, Target};

/// Most addresses of a name that are tried.
const MOST_TRIED: usize = 4;

/// A connection to a judged address.
#[derive(Debug)]
pub(crate) struct Dialled {
    pub(crate) stream: TcpStream,
    pub(crate) remote: SocketAddr,
    /// Held as long as the connection is.
    pub(crate) place: Place,
}

/// The addresses of the host, in the order in which they are tried. All of them were judged.
pub(crate) async fn addresses(
    target: &Target,
    policy: &Policy,
    resolver: &dyn Resolver,
) -> Result<Vec<SocketAddr>, CallError> {
    let found = match target.host() {
        Host::Address(address) => vec![*address],
        Host::Name(name) => {
            let found = resolver.resolve(name).await;
            found.map_err(CallError::Unresolved)?
        }
    };
    if found.len() > MOST_ADDRESSES {
        let most = MOST_ADDRESSES;
        return Err(CallError::ManyAddresses { most });
    }
    let mut judged = Vec::with_capacity(found.len());
    for ip in found {
        let address = SocketAddr::new(ip, target.port());
        // A public address beside an inner one is how a name is turned against its caller: one refusal is enough.
        judge(target, policy, address).map_err(CallError::Address)?;
        if !judged.contains(&address) {
            judged.push(address);
        }
    }
    if judged.is_empty() {
        let none = io::Error::from(io::ErrorKind::NotFound);
        return Err(CallError::Unresolved(none));
    }
    Ok(judged)
}

fn judge(target: &Target, policy: &Policy, address: SocketAddr) -> Result<(), Refused> {
    let excepted = policy.judge_for(target.host(), address)?;
    match !excepted && is_own(address) {
        true => Err(Refused::Own),
        false => Ok(()),
    }
}

/// Whether the way to `address` begins and ends here: a public address of this machine, behind its own firewall.
///
/// Sends nothing: connecting a UDP socket asks the routing table only.
fn is_own(address: SocketAddr) -> bool {
    let any: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let local = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect(address)?;
        socket.local_addr()
    });
    local.is_ok_and(|local| local.ip() == address.ip())
}

/// Connects to the first address that answers. Each gets an equal share of the time that is left.
pub(crate) async fn connect(
    target: &Target,
    policy: &Policy,
    places: &Places,
    clock: &Clock,
    limits: &Limits,
    addresses: &[SocketAddr],
) -> Result<Dialled, CallError> {
    let until = Instant::now() + limits.connect.min(Duration::from_secs(86_400));
    let tried = &addresses[..addresses.len().min(MOST_TRIED)];
    let mut last = CallError::Connect(io::ErrorKind::NotFound);
    for (done, &address) in tried.iter().enumerate() {
        let place = places.at_address(address.ip()).map_err(CallError::Busy)?;
        let left = until.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(tried.len() - done).unwrap_or(1);
        let attempt = async {
            let stream = TcpStream::connect(address).await;
            stream.map_err(|error| CallError::Connect(error.kind()))
        };
        match clock.within(Stage::Connect, share, attempt).await {
            Ok(stream) => return arrived(target, policy, address, stream, place),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Checks that the socket leads where it was sent, before a byte is written.
fn arrived(
    target: &Target,
    policy: &Policy,
    address: SocketAddr,
    stream: TcpStream,
    place: Place,
) -> Result<Dialled, CallError> {
    let broken = |error: io::Error| CallError::Connect(error.kind());
    let remote = stream.peer_addr().map_err(broken)?;
    let local = stream.local_addr().map_err(broken)?;
    if remote.ip() != address.ip() || remote.port() != address.port() {
        return Err(CallError::Connect(io::ErrorKind::AddrNotAvailable));
    }
    let excepted = policy.judge_for(target.host(), address);
    let excepted = excepted.map_err(CallError::Address)?;
    if !excepted && local.ip() == remote.ip() {
        return Err(CallError::Address(Refused::Own));
    }
    // A request is small and should not wait for more.
    let _ = stream.set_nodelay(true);
    Ok(Dialled {
        stream,
        remote,
        place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_each_of_its_addresses() {
        let at = |text: &str| text.parse::<SocketAddr>().expect("an address");
        assert!(is_own(at("127.0.0.1:80")));
        // The address that leads out, whatever it is here; a machine without a way out has none.
        let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
        if socket.connect("1.1.1.1:80").is_ok() {
            let own = socket.local_addr().expect("an address").ip();
            assert!(is_own(SocketAddr::new(own, 80)));
        }
        assert!(!is_own(at("1.1.1.1:80")));
    }
}
