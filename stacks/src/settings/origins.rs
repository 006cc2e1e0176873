//! The origins whose web pages may read answers of the API in a browser.
//!
//! Invariant: an origin is a scheme, a host and a port, spelled as a browser sends it; only a machine's own pages do
//! without TLS.

use serde::Deserialize;

/// Origins, each once. None is the default: no page of another site may read an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Origins(Vec<String>);

impl Origins {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, with spaces between.
    pub fn list(&self) -> String {
        self.0.join(" ")
    }

    /// What an answer says that is the same to everybody: the only origin, or that any may read it. The gateway cannot
    /// choose among several, and what it answers by itself holds nothing of anybody.
    pub fn for_everyone(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => None,
            [only] => Some(only),
            _ => Some("*"),
        }
    }
}

impl TryFrom<Vec<String>> for Origins {
    type Error = String;

    fn try_from(origins: Vec<String>) -> Result<Self, String> {
        match origins.iter().find(|origin| !is_origin(origin)) {
            Some(origin) => Err(format!(
                "`{origin}` is not an origin: it must be such as `https://app.example.com`, in lower case and without a path"
            )),
            None => Ok(Self(origins)),
        }
    }
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let is_host = !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number.to_string() == port));
    let is_here = host == "localhost" || host == "127.0.0.1";
    is_host && is_port && (scheme == "https" || (scheme == "http" && is_here))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(list: &[&str]) -> Result<Origins, String> {
        Origins::try_from(list.iter().map(|origin| (*origin).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn an_origin_is_spelled_as_a_browser_sends_it() {
        for origin in ["https://app.example.com", "https://app.example.com:8443", "http://localhost:3000"] {
            assert_eq!(origins(&[origin]).unwrap().list(), origin);
        }
        for bad in [
            "",
            "*",
            "null",
            "app.example.com",
            "https://app.example.com/",
            "https://App.example.com",
            "http://app.example.com",
            "https://app.example.com:0443",
            "https://app.example.com:99999",
            "https://a' b",
        ] {
            assert!(origins(&["https://ok.example.com", bad]).unwrap_err().contains("is not an origin"), "{bad}");
        }
    }

    #[test]
    fn what_is_said_to_everybody_names_the_only_origin_or_any() {
        assert_eq!(origins(&[]).unwrap().for_everyone(), None);
        assert_eq!(origins(&["https://a.example"]).unwrap().for_everyone(), Some("https://a.example"));
        assert_eq!(origins(&["https://a.example", "https://b.example"]).unwrap().for_everyone(), Some("*"));
    }
}
