//! The bytes of a failed record that its item has no room for: an object beside the failed batches.
//!
//! Invariant: bytes pass for a record's only where they have its SHA-256.

use anyhow::{Context as _, Result};
use metering::hex;
use sha2::{Digest as _, Sha256};

use store::failures::StoredFailure;

use crate::Connection;
use crate::aws::error::{failed_to, is_missing};

/// A record with all of its bytes, wherever they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completed {
    pub record: StoredFailure,
    /// Why bytes of it are missing, where they are.
    pub lost: Option<String>,
}

/// Completes a record.
///
/// # Errors
/// When its object cannot be read. That there is none, or another, is not an error.
pub async fn complete(connection: &Connection, mut record: StoredFailure) -> Result<Completed> {
    if !record.is_cut() {
        return Ok(Completed { record, lost: None });
    }
    let lost = match &record.data_at {
        None => Some("the rest was kept nowhere".to_owned()),
        Some(at) => match read(connection, at).await? {
            Some(data) if hex::encode(&Sha256::digest(&data)) == record.data_sha256 => {
                record.data = data;
                None
            }
            Some(_) => Some(format!("{at} holds something else: its SHA-256 is another")),
            None => Some(format!("the whole was at {at}, where nothing is any more")),
        },
    };
    Ok(Completed { record, lost })
}

impl Completed {
    /// What is here of a record that is not whole, and why there is no more.
    pub fn cut(&self) -> Option<String> {
        let Self { record, lost } = self;
        let why = lost.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        record.is_cut().then(|| format!("only {} of its {} bytes are here{why}", record.data.len(), record.data_length))
    }
}

/// The object at an address such as `s3://bucket/records/…`; nothing where there is none.
async fn read(connection: &Connection, at: &str) -> Result<Option<Vec<u8>>> {
    let place = at.strip_prefix("s3://").and_then(|place| place.split_once('/'));
    let (bucket, key) = place.with_context(|| format!("`{at}` names no object in a bucket"))?;
    let object = match connection.s3().get_object().bucket(bucket).key(key).send().await {
        Ok(object) => object,
        Err(error) if error.as_service_error().is_some_and(is_missing) => return Ok(None),
        Err(error) => return Err(failed_to(format!("read {at}"))(error)),
    };
    let data = object.body.collect().await.with_context(|| format!("cannot read {at}"))?;
    Ok(Some(data.into_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use runtime_fixture::Bucket;

    use super::*;
    use crate::system::failed_record::lines;

    const WHOLE: &[u8] = b"a record of many bytes";
    const AT: &str = "s3://failed/records/1";

    fn cut(data_at: Option<&str>) -> StoredFailure {
        StoredFailure {
            data: WHOLE[..5].to_vec(),
            data_length: WHOLE.len(),
            data_sha256: hex::encode(&Sha256::digest(WHOLE)),
            data_at: data_at.map(str::to_owned),
            ..StoredFailure::default()
        }
    }

    #[tokio::test]
    async fn a_record_is_whole_where_its_object_has_its_hash_and_else_says_why_not() {
        let bucket = Bucket::start().await;
        let connection = Connection::to_local(&bucket.endpoint_url);
        let completed = async |data_at| complete(&connection, cut(data_at)).await.unwrap();
        for (data_at, why) in [(None, "kept nowhere"), (Some(AT), "nothing is any more")] {
            let failed = completed(data_at).await;
            assert!(failed.cut().unwrap().contains(why), "{failed:?}");
            assert!(lines(&failed).iter().any(|line| line.contains(why)), "{:?}", lines(&failed));
        }
        bucket.put("failed/records/1", b"something else");
        assert!(completed(Some(AT)).await.cut().unwrap().contains("SHA-256"));
        bucket.put("failed/records/1", WHOLE);
        let failed = completed(Some(AT)).await;
        assert_eq!((failed.record.data.as_slice(), failed.cut()), (WHOLE, None));
        assert!(complete(&connection, cut(Some("nowhere"))).await.is_err());
    }
}
