//! Reads that go side by side.
//!
//! Invariant: their results are in the order of the reads, and the first error ends them.

use futures::{StreamExt, TryStreamExt};

use crate::table::{CONCURRENCY, TableError};

/// The results of some reads, as many under way at once as one caller may have.
///
/// # Errors
/// When one of them fails.
pub async fn all<T, F>(reads: impl IntoIterator<Item = F>) -> Result<Vec<T>, TableError>
where
    F: Future<Output = Result<T, TableError>>,
{
    at_once(CONCURRENCY, reads).await
}

/// The same with fewer under way, where each holds much.
pub(crate) async fn at_once<T, F>(most: usize, reads: impl IntoIterator<Item = F>) -> Result<Vec<T>, TableError>
where
    F: Future<Output = Result<T, TableError>>,
{
    futures::stream::iter(reads).buffered(most).try_collect().await
}
