//! Which ports are called: a stranger must not make us speak to a mail server or a database.

/// Ports from 1024 on that speak another protocol, or a control interface that nobody means to publish, in order:
/// those that browsers block (WHATWG fetch, "bad port"), databases, queues, proxies and the interfaces of clusters.
pub const DENIED: &[u16] = &[
    1080, 1099, 1433, 1434, 1521, 1719, 1720, 1723, 1883, 2049, 2181, 2375, 2376, 2377, 2379, 2380,
    3128, 3306, 3389, 3659, 4045, 4190, 4369, 5060, 5061, 5432, 5671, 5672, 5900, 5901, 5984, 5985,
    5986, 6000, 6001, 6379, 6380, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 7000, 7001,
    7199, 8500, 8883, 9042, 9092, 9160, 9200, 9300, 10080, 10250, 10255, 11211, 26379, 27017,
    27018, 27019,
];

/// The first port that needs no privilege to listen on.
const FIRST_FREE: u16 = 1024;

/// The rule for ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ports {
    /// 80, 443, and each from 1024 on that is not in [`DENIED`].
    #[default]
    Web,
    /// These only.
    Only(Vec<u16>),
}

impl Ports {
    /// Whether `port` is called.
    pub(crate) fn allow(&self, port: u16) -> bool {
        match self {
            Self::Web => {
                matches!(port, 80 | 443)
                    || (port >= FIRST_FREE && DENIED.binary_search(&port).is_err())
            }
            Self::Only(ports) => ports.contains(&port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denied_ports_are_in_order_and_refused() {
        assert!(DENIED.is_sorted_by(|a, b| a < b));
        for port in DENIED {
            assert!(*port >= FIRST_FREE && !Ports::Web.allow(*port), "{port}");
        }
    }

    #[test]
    fn web_ports_and_free_ones_pass() {
        for port in [80, 443, 1024, 3000, 8000, 8080, 8443, 49152, u16::MAX] {
            assert!(Ports::Web.allow(port), "{port}");
        }
        for port in [0, 1, 22, 25, 53, 79, 81, 442, 444, 1023] {
            assert!(!Ports::Web.allow(port), "{port}");
        }
    }

    #[test]
    fn a_list_allows_what_it_holds() {
        let only = Ports::Only(vec![8443]);
        assert!(only.allow(8443));
        assert!(!only.allow(443) && !only.allow(80));
    }
}
