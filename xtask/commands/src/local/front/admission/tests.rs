//! Requests of programs, of the system's own pages and of others.

use hyper::Request;

use super::*;

const PORT: u16 = 4571;
const HOST_HERE: (&str, &str) = ("host", "127.0.0.1:4571");
const API: &str = "/restapis/a1b2c3d4/test/_user_request_";

fn ask(method: &str, target: &str, fields: &[(&str, &str)]) -> Result<(), Refusal> {
    let request = Request::builder().method(method).uri(target);
    let request = fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let of_functions = Authority::parse("127.0.0.1:5000");
    admit(&request.body(()).unwrap(), &Here { port: PORT, of_functions })
}

/// Asks at an address of this machine, with these fields besides.
fn ask_here(method: &str, target: &str, fields: &[(&str, &str)]) -> Result<(), Refusal> {
    ask(method, target, &[&[HOST_HERE], fields].concat())
}

#[test]
fn programs_are_admitted_by_every_name_of_this_machine() {
    for host in ["127.0.0.1:4571", "localhost:4571", "LOCALHOST:4571", "[::1]:4571", "a1.execute-api.localhost:4571"] {
        assert_eq!(
            ask("POST", "/", &[("host", host), ("x-amz-target", "Kinesis_20131202.PutRecord")]),
            Ok(()),
            "{host}"
        );
    }
    assert_eq!(ask_here("DELETE", "/2015-03-31/functions/f", &[("upgrade", "h2c")]), Ok(()));
    assert_eq!(ask_here("GET", "http://127.0.0.1:4571/bucket/key", &[]), Ok(()));
}

#[test]
fn a_host_that_is_elsewhere_missing_or_given_twice_is_refused() {
    for host in
        ["evil.test:4571", "127.0.0.1.evil.test:4571", "127.0.0.1:4572", "127.0.0.1", "localhost.:4571", "", "?"]
    {
        assert_eq!(ask("GET", "/", &[("host", host)]), Err(Refusal::OtherHost(host.into())), "{host}");
    }
    assert_eq!(ask("GET", "/", &[]), Err(Refusal::Host));
    assert_eq!(ask("GET", "/", &[HOST_HERE, HOST_HERE]), Err(Refusal::Host));
    assert_eq!(ask("GET", "/", &[HOST_HERE, ("HOST", "evil.test")]), Err(Refusal::Host));
}

#[test]
fn functions_are_admitted_by_the_address_that_they_were_told_and_by_no_other() {
    assert_eq!(ask("POST", "/", &[("host", "127.0.0.1:5000")]), Ok(()));
    for host in ["localhost:5000", "127.0.0.1:5001", "evil.test:5000"] {
        assert_eq!(ask("POST", "/", &[("host", host)]), Err(Refusal::OtherHost(host.into())), "{host}");
    }
    let page = [("host", "127.0.0.1:5000"), ("origin", "http://evil.test")];
    assert_eq!(ask("POST", "/", &page), Err(Refusal::Origin("http://evil.test".into())));
}

#[test]
fn a_target_that_names_another_host_is_refused() {
    for target in ["http://evil.test/", "http://evil.test:4571/", "http://127.0.0.1/", "http://localhost:4571/"] {
        assert!(matches!(ask_here("GET", target, &[]), Err(Refusal::OtherHost(_))), "{target}");
    }
    assert_eq!(
        ask("GET", "http://127.0.0.1:4571/", &[("host", "evil.test")]),
        Err(Refusal::OtherHost("evil.test".into()))
    );
    assert_eq!(ask_here("OPTIONS", "*", &[]), Err(Refusal::Target));
    assert_eq!(ask_here("CONNECT", "127.0.0.1:4571", &[]), Err(Refusal::Target));
}

#[test]
fn a_page_of_another_origin_is_refused_whatever_it_sends() {
    let others = [
        "https://evil.test",
        "http://evil.test:4571",
        "null",
        "",
        "http://127.0.0.1",
        "http://127.0.0.1:8080",
        "http://localhost:4571",
        "https://127.0.0.1:4571",
        "chrome-extension://abcdefghijklmnop",
        "http://127.0.0.1:4571, http://evil.test",
    ];
    for (origin, method) in
        others.iter().flat_map(|origin| ["GET", "POST", "OPTIONS", "PUT"].map(|method| (origin, method)))
    {
        for name in ["origin", "Origin", "ORIGIN"] {
            assert_eq!(ask_here(method, "/", &[(name, origin)]), Err(Refusal::Origin((*origin).into())), "{origin}");
        }
    }
    let twice = [("origin", "http://127.0.0.1:4571"), ("origin", "http://evil.test")];
    assert_eq!(ask_here("POST", "/", &twice), Err(Refusal::Origin("http://evil.test".into())));
}

#[test]
fn a_request_of_another_site_is_refused_also_where_it_has_no_origin() {
    for site in ["cross-site", "same-site", "Cross-Site", "", "something-new"] {
        for mode in ["no-cors", "navigate", "cors", "websocket"] {
            let fields = [("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", "document")];
            assert_eq!(
                ask_here("GET", "/?Action=DeleteStack", &fields),
                Err(Refusal::Site(site.into())),
                "{site} {mode}"
            );
        }
    }
    let twice = [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")];
    assert_eq!(ask_here("GET", "/", &twice), Err(Refusal::Site("cross-site".into())));
}

#[test]
fn the_systems_own_page_and_a_typed_address_are_admitted() {
    let own = [("origin", "http://127.0.0.1:4571"), ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")];
    assert_eq!(ask_here("POST", &format!("{API}/v1/analytics/summary"), &own), Ok(()));
    assert_eq!(ask_here("GET", "/", &[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")]), Ok(()));
    let by_name = [("host", "a1.execute-api.localhost:4571"), ("origin", "http://a1.execute-api.localhost:4571")];
    assert_eq!(ask("POST", "/test/v1/deadlines", &by_name), Ok(()));
}

#[test]
fn a_link_may_be_followed_to_a_page_and_nowhere_else() {
    let link = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    assert_eq!(ask_here("GET", &format!("{API}/dashboard"), &link), Ok(()));
    let by_name = [&[("host", "a1.execute-api.localhost:4571")], &link[..]].concat();
    assert_eq!(ask("GET", "/test/dashboard", &by_name), Ok(()));
    let refused = Err(Refusal::Site("cross-site".into()));
    assert_eq!(ask("GET", "/test/v1/deadlines", &by_name), refused);
    for (method, target) in [
        ("POST", format!("{API}/dashboard")),
        ("GET", format!("{API}/v1/deadlines")),
        ("GET", format!("{API}/dashboard/")),
        ("GET", "/bucket/_user_request_/dashboard".into()),
        ("GET", "/test/dashboard".into()),
    ] {
        assert_eq!(ask_here(method, &target, &link), refused, "{method} {target}");
    }
    for dest in ["iframe", "image", "empty"] {
        let framed = [link[0], link[1], ("sec-fetch-dest", dest)];
        assert_eq!(ask_here("GET", &format!("{API}/dashboard"), &framed), refused, "{dest}");
    }
}

#[test]
fn the_emulators_own_paths_are_refused_to_everybody_however_they_are_spelled() {
    for path in [
        "/_ministack/reset",
        "/_ministack/health",
        "/_localstack/health",
        "/health",
        "/_ministack",
        "//_ministack/reset",
        "/%5fministack/reset",
        "/%5F%6dinistack%2freset",
        "/_ministack/reset?init=1",
    ] {
        assert_eq!(ask_here("POST", path, &[]), Err(Refusal::Administration), "{path}");
    }
    for path in ["/bucket/_ministack/reset", "/healthy", "/%", "/%5", "/%zz", "/%25fministack/reset"] {
        assert_eq!(ask_here("POST", path, &[]), Ok(()), "{path}");
    }
}

#[test]
fn a_web_socket_is_refused() {
    for protocol in ["websocket", "WebSocket", "h2c, websocket"] {
        let upgrade = [("connection", "Upgrade"), ("upgrade", protocol)];
        assert_eq!(ask_here("GET", "/", &upgrade), Err(Refusal::WebSocket), "{protocol}");
    }
}
