//! Whoever watches: what goes on for ever ends quietly when nobody does any more.
//!
//! Invariant: a closed pipe is noticed at once, not at the next line, which may never come.

use std::future::pending;
use std::io;
use std::os::fd::AsFd;

use anyhow::Result;
use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;
use xtask::Failure;

/// Carries on with what has no end of its own, until Ctrl-C or until nobody reads standard output.
///
/// # Errors
/// When it fails.
pub async fn serve(endless: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::select! {
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
        () = gone(io::stdout()) => Ok(()),
        failed = endless => failed,
    }
}

/// What is wrong with one document of something that goes on for ever.
pub fn never_ends(flag: &str) -> Failure {
    Failure::usage(format!("with {flag} a JSON document would never end"))
        .hint("use --json=lines, which prints one object a line as it comes")
}

/// Waits until the other end of a pipe is closed; of a file, which has no other end, for ever.
async fn gone(pipe: impl AsFd) {
    // Unchecked, because the checked way would stop writes from waiting, for this process and for others on the pipe.
    let watched = pipe.as_fd().try_clone_to_owned().and_then(Sender::from_owned_fd_unchecked);
    let Ok(watched) = watched else { return pending().await };
    if watched.ready(Interest::ERROR).await.is_err() {
        pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_has_no_end_ends_when_its_pipe_is_closed() {
        let (reader, writer) = io::pipe().unwrap();
        let mut gone = std::pin::pin!(gone(writer));
        let mut looks = 0;
        while looks < 3 {
            tokio::select! {
                biased;
                () = &mut gone => panic!("the reader is still there"),
                () = tokio::task::yield_now() => looks += 1,
            }
        }
        drop(reader);
        gone.await;
    }

    #[tokio::test]
    async fn a_file_has_no_other_end() {
        let file = std::fs::File::open("/dev/null").unwrap();
        tokio::select! {
            biased;
            () = gone(file) => panic!("nobody reads a file"),
            () = tokio::task::yield_now() => {}
        }
    }

    #[tokio::test]
    async fn a_failure_ends_it_too() {
        let failed = serve(async { Err(anyhow::anyhow!("no log")) }).await;
        assert_eq!(failed.unwrap_err().to_string(), "no log");
    }
}
