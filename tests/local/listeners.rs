//! What the running system listens on: this machine's own addresses alone, and no listener answers a web page.
//!
//! Invariant: every socket of every process is looked at, whoever opened it and why.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;

use super::*;

/// What a page can send by itself, without being allowed to; `HOST` stands for the listener's own address.
const OF_A_PAGE: [&str; 5] = [
    "GET PATH HTTP/1.1\r\nHost: HOST\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n\r\n",
    "GET PATH HTTP/1.1\r\nHost: HOST\r\nOrigin: https://evil.test\r\n\r\n",
    "POST PATH HTTP/1.1\r\nHost: HOST\r\nOrigin: null\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
    "OPTIONS PATH HTTP/1.1\r\nHost: HOST\r\nOrigin: https://evil.test\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
    "GET PATH HTTP/1.1\r\nHost: evil.test:80\r\n\r\n",
];
/// Where it would hurt: the emulator's list of functions and its reset, and the next invocation of a function.
const PATHS: [&str; 3] = ["/2015-03-31/functions", "/_ministack/reset", "/2018-06-01/runtime/invocation/next"];

/// Called once functions have run, so that they listen too.
pub(super) fn none_is_open_to_others_or_answers_a_page(local: &Local) {
    let listeners = listeners(&local.folder);
    // The front, the emulator behind it, and the Runtime APIs of the authorizer and a function.
    assert!(listeners.len() >= 4, "{listeners:?}");
    for (address, process) in &listeners {
        assert!(address.ip().is_loopback(), "{process} listens on {address}");
        for (request, path) in OF_A_PAGE.iter().flat_map(|request| PATHS.map(|path| (request, path))) {
            let request = request.replace("PATH", path).replace("HOST", &address.to_string());
            let answer = answer(*address, &request);
            assert!(
                answer.starts_with("HTTP/1.1 403 ") || answer.starts_with("HTTP/1.0 403 "),
                "{process} at {request}{answer}"
            );
            assert!(!answer.to_ascii_lowercase().contains("access-control-"), "{process} at {request}{answer}");
        }
    }
    let public = local.text("endpointUrl").trim_start_matches("http://").parse().unwrap();
    for (address, process) in listeners.iter().filter(|(address, _)| **address != public) {
        // Also a page that has found the port cannot do what it does not say that it is one for.
        let answer = answer(*address, &format!("GET /2015-03-31/functions HTTP/1.1\r\nHost: {public}\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 403 ") || answer.starts_with("HTTP/1.0 403 "), "{process}: {answer}");
    }
}

fn answer(address: SocketAddr, request: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 4096];
    let length = connection.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// Every address that a process of the system listens on, with the process.
fn listeners(folder: &Path) -> BTreeMap<SocketAddr, String> {
    let pid = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap().trim().to_owned();
    // Functions run in the emulator's group.
    let processes = [vec![pid("pid")], group(&pid("ministack.pid"))].concat();
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let six = std::fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    let mut listeners = BTreeMap::new();
    for process in &processes {
        assert!(six.lines().all(|line| !is_of(line, process)), "{process} listens on IPv6: {six}");
        listeners
            .extend(table.lines().filter(|line| is_of(line, process)).map(|line| (address(line), process.clone())));
    }
    listeners
}

/// The processes of a group.
fn group(leader: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
    let is_member = |process: &String| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(2)) == Some(leader)
    };
    processes.filter(is_member).collect()
}

/// Whether a line of the kernel's table is a listener of a process.
fn is_of(line: &str, process: &str) -> bool {
    const LISTENS: &str = "0A";
    let columns: Vec<&str> = line.split_whitespace().collect();
    let (Some(&state), Some(inode)) = (columns.get(3), columns.get(9)) else { return false };
    let link = format!("socket:[{inode}]");
    let open = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().flatten();
    state == LISTENS
        && open.filter_map(|file| std::fs::read_link(file.path()).ok()).any(|to| to.as_os_str() == link.as_str())
}

/// The address in such a line: `0100007F:11DB`, the bytes of the address in the machine's order.
fn address(line: &str) -> SocketAddr {
    let local = line.split_whitespace().nth(1).unwrap();
    let (ip, port) = local.split_once(':').unwrap();
    let ip = u32::from_str_radix(ip, 16).unwrap().to_ne_bytes();
    (Ipv4Addr::from(ip), u16::from_str_radix(port, 16).unwrap()).into()
}
