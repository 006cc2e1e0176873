//! Standard output: what a command was asked for, and whether all of it arrived.
//!
//! Invariant: a reader that went away is not an error; any other write that fails is remembered until the command ends.

use std::io::{self, ErrorKind, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Failure;

/// Why the first write that failed did. A process has one standard output, so it has one of these.
static BROKEN: OnceLock<String> = OnceLock::new();

/// Whether a reader went away.
static UNREAD: AtomicBool = AtomicBool::new(false);

/// Writes a text and has it leave this process.
pub fn write(text: &str) {
    let mut stdout = io::stdout().lock();
    note(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
}

/// Remembers how a write went that was made elsewhere.
pub fn note(written: io::Result<()>) {
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => UNREAD.store(true, Ordering::Relaxed),
        // Only the first: those behind it fail because of it.
        Err(error) => _ = BROKEN.set(error.to_string()),
    }
}

/// Whether everything up to here was written, and nobody who was to read it had gone away.
pub fn has_arrived() -> bool {
    BROKEN.get().is_none() && !UNREAD.load(Ordering::Relaxed)
}

/// Whether everything up to here was written.
///
/// # Errors
/// When something was not, though somebody was there to read it.
pub fn written() -> Result<(), Failure> {
    BROKEN.get().map_or(Ok(()), |cause| {
        Err(Failure::new(format!("standard output cannot be written: {cause}"))
            .hint("what was printed is not complete: free some space or choose another place, and run it again"))
    })
}
