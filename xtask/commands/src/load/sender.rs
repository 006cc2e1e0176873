//! Sends the calls of a load when they are due: an open loop.
//!
//! Invariant: no call waits for the answer to another, unless as many as a process can have connections are under way;
//! then it is late, and its latency has that in it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::outcomes::{Outcome, Outcomes};
use super::schedule::Schedule;
use cloud::aws::reach::connector;
use cloud::console::interrupt::Interrupts;
use cloud::console::observer::Lines;
use cloud::console::reporter::Reporter;
use cloud::system::api;

/// Most calls under way: a process may have 1,024 open files on most systems.
const MAX_UNDER_WAY: usize = 900;
/// Between two lines of progress on a terminal, or for a program.
const TICK: Duration = Duration::from_secs(1);
/// Lines that people get where there is no terminal: one of so many.
const TICKS_A_LINE: u64 = 10;

/// Where calls go, and how they name themselves.
#[derive(Clone, Debug)]
pub struct Target {
    /// The whole address.
    pub url: String,
    /// The `User-Agent`.
    pub agent: String,
    /// The key of each user.
    pub keys: Vec<String>,
}

/// What each call needs.
struct Shared {
    target: Target,
    connector: SharedHttpConnector,
    under_way: Arc<Semaphore>,
    ended: UnboundedSender<Outcome>,
}

/// Sends every call of the schedule, or as many as are due before Ctrl-C, and waits for their answers.
///
/// # Errors
/// When there is no memory for latencies.
pub async fn send(
    schedule: Schedule,
    target: Target,
    interrupts: &Interrupts,
    reporter: &Reporter,
) -> Result<(u64, Outcomes)> {
    let mut outcomes = Outcomes::new(target.keys.len())?;
    let (ended, received) = unbounded_channel();
    let (sent, n_sent) = watch::channel(0);
    let under_way = Arc::new(Semaphore::new(MAX_UNDER_WAY));
    let shared = Shared { target, connector: connector(), under_way, ended };
    let began = Instant::now();
    let mut interrupts = interrupts.clone();
    let pace = async move {
        tokio::select! {
            () = pace(schedule, began, Arc::new(shared), &sent) => {}
            () = interrupts.come(1) => {}
        }
    };
    tokio::join!(pace, collect(received, &mut outcomes, &n_sent, began, reporter));
    let n_sent = *n_sent.borrow();
    Ok((n_sent, outcomes))
}

/// Begins each call when it is due.
async fn pace(schedule: Schedule, began: Instant, shared: Arc<Shared>, sent: &watch::Sender<u64>) {
    for call in 0..schedule.calls {
        let due = began + schedule.due(call);
        sleep_until(due).await;
        // Never closed, so it always comes.
        let Ok(permit) = Arc::clone(&shared.under_way).acquire_owned().await else { return };
        let (shared, user) = (Arc::clone(&shared), schedule.user(call));
        tokio::spawn(async move {
            let delay = due.elapsed();
            let answer = shared.call(user).await;
            drop(permit);
            // Nobody listens any more only where the whole command has ended.
            let _ = shared.ended.send(Outcome { user, answer, latency: due.elapsed(), delay });
        });
        sent.send_replace(call + 1);
    }
}

/// Takes outcomes in until every call has one, and tells how it goes.
async fn collect(
    mut ended: UnboundedReceiver<Outcome>,
    outcomes: &mut Outcomes,
    sent: &watch::Receiver<u64>,
    began: Instant,
    reporter: &Reporter,
) {
    let live = Lines::new(reporter, "load");
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first comes at once, when there is nothing to tell.
    ticks.tick().await;
    for n in 1_u64.. {
        loop {
            tokio::select! {
                outcome = ended.recv() => match outcome {
                    Some(outcome) => outcomes.add(outcome),
                    None => return,
                },
                _ = ticks.tick() => break,
            }
        }
        let progress = outcomes.progress(*sent.borrow(), began.elapsed());
        live.show(vec![progress.line()]);
        if n % TICKS_A_LINE == 0 {
            reporter.without_terminal(&progress.line());
        }
        reporter.object(progress.to_json());
    }
}

impl Shared {
    /// Makes a call; the answer is its status, or why there is none.
    async fn call(&self, user: usize) -> Result<u16, String> {
        let request = self.request(user)?;
        let exchange = async {
            let answer = self.connector.call(request).await.map_err(|error| reason(&error))?;
            let status = answer.status().as_u16();
            // Read to its end, so that the connection serves the next call.
            ByteStream::new(answer.into_body()).collect().await.map_err(|error| reason(&error))?;
            Ok(status)
        };
        let answer = tokio::time::timeout(api::TIMEOUT, exchange).await;
        answer.unwrap_or_else(|_| Err(format!("no answer within {} s", api::TIMEOUT.as_secs())))
    }

    fn request(&self, user: usize) -> Result<Request, String> {
        let Target { url, agent, keys } = &self.target;
        let mut request = Request::new(SdkBody::empty());
        request.set_uri(url.as_str()).map_err(|error| error.to_string())?;
        let key = keys.get(user).cloned().unwrap_or_default();
        for (name, value) in [("x-api-key", key), ("user-agent", agent.clone())] {
            request.headers_mut().try_insert(name, value).map_err(|error| error.to_string())?;
        }
        Ok(request)
    }
}

/// The innermost cause: what the operating system or TLS says.
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let innermost = std::iter::successors(Some(error), |&error| error.source()).last();
    innermost.unwrap_or(error).to_string()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Barrier;

    use xtask::Printer;

    use super::*;

    const SCHEDULE: Schedule = Schedule { rate: 100, calls: 20, users: 2, hot: None };

    /// Takes a call and answers it once all of the schedule have come.
    fn answer(mut connection: TcpStream, all: &Barrier, status: &str) -> Vec<String> {
        let lines = BufReader::new(connection.try_clone().unwrap()).lines().map(Result::unwrap);
        let head = lines.take_while(|line| !line.is_empty()).collect();
        all.wait();
        write!(connection, "HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}").unwrap();
        head
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn no_call_waits_for_the_answer_to_another_and_the_wait_is_in_its_latency() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Target {
            url: format!("http://{}/v1/deadlines", listener.local_addr().unwrap()),
            agent: "complical-load/1".to_owned(),
            keys: vec!["ck_1".to_owned(), "ck_2".to_owned()],
        };
        let server = std::thread::spawn(move || {
            let all = Arc::new(Barrier::new(SCHEDULE.calls as usize));
            let calls = (0..SCHEDULE.calls).map(|_| {
                let (connection, all) = (listener.accept().unwrap().0, Arc::clone(&all));
                std::thread::spawn(move || answer(connection, &all, "200 OK"))
            });
            let calls: Vec<_> = calls.collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>()
        });
        let reporter = Reporter::full(&Printer, None);
        let (sent, outcomes) = send(SCHEDULE, target, &Interrupts::listen(), &reporter).await.unwrap();
        assert_eq!((sent, outcomes.answered(), outcomes.errors()), (20, 20, 0));
        assert_eq!(outcomes.users.iter().map(|answers| answers.succeeded).collect::<Vec<_>>(), [10, 10]);
        // The first was answered when the last had come, which was due so much later.
        let longest = outcomes.to_json()["latencyMs"]["max"].as_f64().unwrap();
        assert!(longest >= SCHEDULE.due(SCHEDULE.calls - 1).as_secs_f64() * 1e3, "{longest}");
        let heads = server.join().unwrap();
        let of_first = heads.iter().filter(|head| head.iter().any(|line| line == "x-api-key: ck_1")).count();
        assert_eq!(of_first, 10, "{heads:?}");
    }

    #[tokio::test]
    async fn a_call_that_nobody_answers_is_told_with_its_reason() {
        // A port that nothing listens on any more.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let target = Target { url: format!("http://{address}/"), agent: "a".to_owned(), keys: vec!["k".to_owned()] };
        let reporter = Reporter::full(&Printer, None);
        let schedule = Schedule { calls: 1, users: 1, ..SCHEDULE };
        let (_, outcomes) = send(schedule, target, &Interrupts::listen(), &reporter).await.unwrap();
        assert_eq!((outcomes.users[0].succeeded, outcomes.users[0].uncertain), (0, 1));
        assert!(outcomes.lines().iter().any(|line| line.contains("Connection refused")), "{:?}", outcomes.lines());
    }
}
