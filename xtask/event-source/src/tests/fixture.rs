//! Values that tests begin with.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::mapping::{Mapping, Retries, Rules};
use crate::record::{Record, SharedRecord};
use crate::sequence::SequenceNumber;

/// A mapping that retries twice, splits, and keeps what it gives up.
pub(crate) fn mapping() -> Mapping {
    Mapping {
        uuid: "mapping-1".into(),
        function: "arn:aws:lambda:ap-south-1:000000000000:function:processor".into(),
        role: "arn:aws:iam::000000000000:role/processor".into(),
        stream: "arn:aws:kinesis:ap-south-1:000000000000:stream/events".into(),
        rules: rules(),
        on_failure: Some("kept".into()),
    }
}

/// The rules of that mapping.
pub(crate) fn rules() -> Rules {
    Rules {
        batch_size: 4,
        window: Duration::ZERO,
        lanes: 1,
        retries: Retries::AtMost(2),
        bisect: true,
        reports_items: true,
    }
}

/// A record whose data is its number.
pub(crate) fn record(number: u64, partition_key: &str, arrived_at: Timestamp) -> SharedRecord {
    Arc::new(Record {
        sequence_number: SequenceNumber::new(number.to_string()),
        partition_key: partition_key.into(),
        data: number.to_string().into(),
        arrived_at,
    })
}

/// A folder that is gone with the value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let mut random = [0; 8];
        getrandom::fill(&mut random).unwrap();
        let folder = std::env::temp_dir().join(format!("event-source-{:016x}", u64::from_ne_bytes(random)));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
