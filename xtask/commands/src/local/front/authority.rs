//! Whom a request is for: the host and port of a `Host` field, of a target in absolute form, or of an origin.
//!
//! Invariant: two spellings of one authority are equal, and what is spelled in no way that RFC 9110 has is none.

use std::net::IpAddr;

/// The port of an authority of `http` that names none.
const HTTP: u16 = 80;
/// The name of this machine, and the end of others that are this machine (RFC 6761, section 6.3).
const LOCALHOST: &str = "localhost";

/// By which authorities the local system is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    /// Its port, under every name and address of this machine.
    pub port: u16,
    /// How functions know it, where they are told another address that leads to it.
    pub of_functions: Option<Authority>,
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    /// In lower case.
    Name(String),
}

impl Here {
    /// Whether it is one of them.
    pub fn is(&self, authority: &Authority) -> bool {
        authority.is_here(self.port) || self.of_functions.as_ref() == Some(authority)
    }
}

impl Authority {
    /// The authority that a text such as `127.0.0.1:4571`, `[::1]:4571` or `a1.execute-api.localhost:4571` spells.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, rest) = rest.split_once(']')?;
                (Host::Address(IpAddr::V6(address.parse().ok()?)), rest)
            }
            None => {
                let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
                (Host::parse(host)?, port)
            }
        };
        let port = match port.strip_prefix(':') {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
            None if port.is_empty() => HTTP,
            _ => return None,
        };
        Some(Self { host, port })
    }

    /// The authority of an origin such as `http://localhost:4571`; none where it is not of `http`.
    pub fn of_origin(text: &str) -> Option<Self> {
        Self::parse(text.strip_prefix("http://")?)
    }

    /// Whether it is a port of this machine whoever resolves it: another machine's name may be given a loopback address
    /// by whoever owns the name.
    fn is_here(&self, port: u16) -> bool {
        let is_loopback = match &self.host {
            Host::Address(address) => address.is_loopback(),
            Host::Name(name) => name.rsplit('.').next() == Some(LOCALHOST),
        };
        is_loopback && self.port == port
    }

    /// The labels of its name; none where it is an address.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        let name = if let Host::Name(name) = &self.host { name.as_str() } else { "" };
        name.split('.')
    }
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse() {
            return Some(Self::Address(IpAddr::V4(address)));
        }
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        text.split('.').all(is_label).then(|| Self::Name(text.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORT: u16 = 4571;

    fn is_here(text: &str) -> bool {
        Authority::parse(text).is_some_and(|authority| authority.is_here(PORT))
    }

    #[test]
    fn this_machine_is_known_by_its_addresses_and_names_with_the_port() {
        for here in [
            "127.0.0.1:4571",
            "127.9.8.7:4571",
            "[::1]:4571",
            "localhost:4571",
            "LocalHost:4571",
            "a1b2c3d4.execute-api.localhost:4571",
            "bucket_1.s3.localhost:4571",
        ] {
            assert!(is_here(here), "{here}");
        }
        assert!(Authority::parse("localhost").unwrap().is_here(80));
    }

    #[test]
    fn whoever_owns_a_name_cannot_have_it_taken_for_this_machine() {
        for elsewhere in [
            "evil.test:4571",
            "127.0.0.1.evil.test:4571",
            "localhost.evil.test:4571",
            "evillocalhost:4571",
            "0.0.0.0:4571",
            "10.0.0.1:4571",
            "[::]:4571",
            "[fe80::1]:4571",
            "2130706433:4571",
            "127.1:4571",
            "0x7f.0.0.1:4571",
        ] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn another_port_is_another_authority() {
        for other in ["127.0.0.1", "127.0.0.1:80", "127.0.0.1:4572", "[::1]:1", "localhost:14571"] {
            assert!(!is_here(other), "{other}");
        }
    }

    #[test]
    fn what_is_spelled_in_no_way_that_there_is_is_none() {
        for none in [
            "",
            ":4571",
            "localhost.:4571",
            "127.0.0.1.:4571",
            ".localhost:4571",
            "a..localhost:4571",
            "localhost:",
            "localhost:+4571",
            "localhost:4571:4571",
            "localhost:99999",
            "user@localhost:4571",
            "localhost:4571/",
            "[::1:4571",
            "::1:4571",
            "[127.0.0.1]:4571",
            "evil.test, localhost:4571",
            "localhost :4571",
            "ｌocalhost:4571",
        ] {
            assert_eq!(Authority::parse(none), None, "{none}");
        }
    }

    #[test]
    fn an_origin_is_of_http_alone() {
        assert_eq!(Authority::of_origin("http://LOCALHOST:4571"), Authority::parse("localhost:4571"));
        for none in ["null", "", "https://localhost:4571", "localhost:4571", "http://localhost:4571/", "file://"] {
            assert_eq!(Authority::of_origin(none), None, "{none}");
        }
    }
}
