//! What may be called: the rules that an operator sets, and the one exception for development.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::address::{self, Refused};
use crate::target::{Host, Ports};

/// What may be called. The default is the public internet by `http` and `https`.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    https_only: bool,
    ports: Ports,
    denied: Vec<IpNet>,
    exceptions: Vec<Exception>,
}

/// One host and port that may be called although it is this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Exception {
    host: Host,
    address: SocketAddr,
}

impl Policy {
    /// The public internet by `http` and `https`, nothing else.
    pub fn public() -> Self {
        Self::default()
    }

    /// Refuses `http`.
    #[must_use]
    pub fn https_only(mut self) -> Self {
        self.https_only = true;
        self
    }

    /// Sets the rule for ports.
    #[must_use]
    pub fn ports(mut self, ports: Ports) -> Self {
        self.ports = ports;
        self
    }

    /// Refuses one more network: public addresses of the operator's own machines, that strangers reach only through a
    /// firewall, belong here.
    #[must_use]
    pub fn deny(mut self, network: IpNet) -> Self {
        self.denied.push(network);
        self
    }

    /// For development and tests: `http(s)://HOST:PORT` may be called at this one loopback address and port. `host` is the
    /// URL's host (a name, or the address itself). Another host at the same address stays refused, and so does the same
    /// host at another address, or at a port that is not listed. The rule for ports does not apply to it; that for `http`
    /// does. A name with two addresses, as `localhost` often has, needs both listed.
    ///
    /// # Errors
    /// When the address is not loopback, or `host` is neither a host name nor this very address.
    pub fn except_loopback(
        mut self,
        host: &str,
        address: SocketAddr,
    ) -> Result<Self, ExceptionError> {
        if !address.ip().is_loopback() {
            return Err(ExceptionError::NotLoopback(address));
        }
        let name = || ExceptionError::Host(host.to_owned());
        let read = url::Host::parse(host).map_err(|_| name())?;
        let host = Host::normal(&read).map_err(|_| name())?;
        if matches!(&host, Host::Address(ip) if *ip != address.ip()) {
            return Err(name());
        }
        // Flow and zone of IPv6 are no part of the exception.
        let address = SocketAddr::new(address.ip(), address.port());
        self.exceptions.push(Exception { host, address });
        Ok(self)
    }

    /// Whether `http` is refused.
    pub(crate) fn is_https_only(&self) -> bool {
        self.https_only
    }

    pub(crate) fn allowed_ports(&self) -> &Ports {
        &self.ports
    }

    /// Judges an address by its range and by the operator's own list. Exceptions are not asked.
    pub(crate) fn judge(&self, ip: IpAddr) -> Result<(), Refused> {
        address::judge(ip)?;
        match self.denied.iter().any(|network| network.contains(&ip)) {
            true => Err(Refused::Denied),
            false => Ok(()),
        }
    }

    /// Judges an address that `host` leads to, its exceptions included. `Ok(true)` is an exception.
    pub(crate) fn judge_for(&self, host: &Host, address: SocketAddr) -> Result<bool, Refused> {
        let listed = |e: &Exception| e.host == *host && e.address == address;
        if self.exceptions.iter().any(listed) {
            return Ok(true);
        }
        self.judge(address.ip())?;
        // The host passed the rules for names and ports as an exception: it may lead nowhere else.
        match self.is_exception(host, address.port()) {
            true => Err(Refused::Denied),
            false => Ok(false),
        }
    }

    /// Whether this host and port are listed.
    pub(crate) fn is_exception(&self, host: &Host, port: u16) -> bool {
        let listed = |e: &Exception| e.host == *host && e.address.port() == port;
        self.exceptions.iter().any(listed)
    }
}

/// Why an exception was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExceptionError {
    /// Only 127.0.0.0/8 and ::1 can be listed.
    #[error(
        "{0} is not a loopback address: only 127.0.0.0/8 and [::1] can be called as an exception"
    )]
    NotLoopback(SocketAddr),
    /// Not a host, or an address other than the one that it is listed with.
    #[error("{0:?} is not a host name, nor the address that it is listed with")]
    Host(String),
}
