//! A proxy between the functions and the emulator that does to requests what networks and services do to them.
//!
//! Invariant: a fault is one that AWS or a network can make, and the same request is not hit twice in a row: what tries
//! again is let through. Only Kinesis is gone for longer, again and again.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Of a hundred requests so many meet a fault.
const PERCENT: u64 = 12;
/// How long a request that met one is let through.
const COOL_DOWN: Duration = Duration::from_secs(2);
/// An answer of the emulator that takes longer is late: the authorizer gives up reading a table then.
const LATE: Duration = Duration::from_millis(350);
/// How often Kinesis throttles everything, and for how long.
const STORM: (Duration, Duration) = (Duration::from_secs(8), Duration::from_millis(1_500));

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// It is carried out, and its answer is lost with the connection.
    LoseAnswer,
    /// The connection is cut before it is carried out.
    Reset,
    /// The service is throttled.
    Throttle,
    /// The service has failed.
    Fail,
    /// It takes a while.
    Delay,
}

impl Fault {
    pub(super) const ALL: [Self; 5] = [Self::LoseAnswer, Self::Reset, Self::Throttle, Self::Fail, Self::Delay];
}

/// A running proxy. It goes on until the tests' process ends.
pub(super) struct Proxy {
    pub(super) endpoint_url: String,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: SocketAddr,
    began: Instant,
    is_calm: AtomicBool,
    dice: AtomicU64,
    hit: Mutex<BTreeMap<Vec<u8>, Instant>>,
    faults: Mutex<BTreeMap<Fault, usize>>,
    late: AtomicUsize,
}

/// A request or an answer, as it came.
struct Message {
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Proxy {
    /// Starts one before whatever listens on a port of loopback. It is calm at first.
    pub(super) fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint_url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            upstream: ([127, 0, 0, 1], upstream).into(),
            began: Instant::now(),
            is_calm: AtomicBool::new(true),
            dice: AtomicU64::new(1),
            hit: Mutex::default(),
            faults: Mutex::default(),
            late: AtomicUsize::new(0),
        });
        let served = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&served);
                // A connection that breaks is what this is about.
                std::thread::spawn(move || shared.serve(client).unwrap_or_default());
            }
        });
        Self { endpoint_url, shared }
    }

    /// Begins or ends the faults.
    pub(super) fn set_calm(&self, is_calm: bool) {
        self.shared.is_calm.store(is_calm, Ordering::Relaxed);
    }

    /// How many faults of each kind there were.
    pub(super) fn faults(&self) -> BTreeMap<Fault, usize> {
        self.shared.faults.lock().unwrap().clone()
    }

    /// How many answers of the emulator itself were late.
    pub(super) fn late(&self) -> usize {
        self.shared.late.load(Ordering::Relaxed)
    }
}

impl Shared {
    /// Passes on a connection's requests, until one of the three ends it.
    fn serve(&self, mut client: TcpStream) -> std::io::Result<()> {
        let mut requests = BufReader::new(client.try_clone()?);
        while let Some(request) = Message::read(&mut requests)? {
            let fault = self.fault(&request);
            match fault {
                Some(Fault::Reset) => return Ok(()),
                Some(Fault::Throttle) => {
                    client.write_all(&refusal("400 Bad Request", "ProvisionedThroughputExceededException"))?
                }
                Some(Fault::Fail) => client.write_all(&refusal("500 Internal Server Error", "InternalServerError"))?,
                Some(Fault::LoseAnswer) => {
                    self.pass_on(&request)?;
                    return Ok(());
                }
                Some(Fault::Delay) | None => {
                    if fault.is_some() {
                        std::thread::sleep(Duration::from_millis(20 + self.throw(100)));
                    }
                    let answer = self.pass_on(&request)?;
                    client.write_all(&answer.head)?;
                    client.write_all(&answer.body)?;
                }
            }
        }
        Ok(())
    }

    fn pass_on(&self, request: &Message) -> std::io::Result<Message> {
        let began = Instant::now();
        let mut service = TcpStream::connect(self.upstream)?;
        service.write_all(&request.head)?;
        service.write_all(&request.body)?;
        let answer = Message::read(&mut BufReader::new(service))?;
        self.late.fetch_add(usize::from(began.elapsed() > LATE), Ordering::Relaxed);
        answer.ok_or_else(|| std::io::Error::other("no answer"))
    }

    fn fault(&self, request: &Message) -> Option<Fault> {
        if self.is_calm.load(Ordering::Relaxed) {
            return None;
        }
        let now = Instant::now();
        let in_storm = self.began.elapsed().as_millis() % STORM.0.as_millis() < STORM.1.as_millis();
        let fault = if in_storm && request.is_to("Kinesis_") {
            Fault::Throttle
        } else {
            if self.throw(100) >= PERCENT {
                return None;
            }
            let mut hit = self.hit.lock().unwrap();
            hit.retain(|_, at| now.duration_since(*at) < COOL_DOWN);
            if hit.insert(request.body.clone(), now).is_some() {
                return None;
            }
            Fault::ALL[usize::try_from(self.throw(Fault::ALL.len() as u64)).unwrap()]
        };
        *self.faults.lock().unwrap().entry(fault).or_default() += 1;
        Some(fault)
    }

    /// A number below a bound (SplitMix64).
    fn throw(&self, bound: u64) -> u64 {
        let state = self.dice.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

impl Message {
    /// The next one; nothing where the other side has ended the connection.
    fn read(from: &mut BufReader<TcpStream>) -> std::io::Result<Option<Self>> {
        let (mut head, mut length) = (Vec::new(), 0);
        loop {
            let begins = head.len();
            if from.read_until(b'\n', &mut head)? == 0 {
                return Ok(None);
            }
            let line = String::from_utf8_lossy(&head[begins..]).to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(std::io::Error::other)?;
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body)?;
        Ok(Some(Self { head, body }))
    }

    fn is_to(&self, service: &str) -> bool {
        String::from_utf8_lossy(&self.head)
            .to_ascii_lowercase()
            .contains(&format!("x-amz-target: {}", service.to_lowercase()))
    }
}

fn refusal(status: &str, kind: &str) -> Vec<u8> {
    let body = format!(r#"{{"__type":"{kind}","message":"as the proxy will have it"}}"#);
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0\r\nx-amzn-errortype: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}
