//! A photo of all that etcd holds, and back to it. Must not decide when.

use std::sync::Arc;

use super::Meta;
use super::errors::{ApiError, ApiResult};
use super::meta::Encoded;
use super::server::ApiServer;
use crate::store::{Record, Revision};

/// All that was stored at a moment. Clones share it.
#[derive(Clone, Debug)]
pub struct Photo {
    revision: Revision,
    records: Arc<Vec<Record<Meta>>>,
}

impl Photo {
    /// The store's revision then.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// How many objects it holds.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.records.len()
    }

    /// Their bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.records.iter().map(|record| record.value.len()).sum()
    }
}

impl ApiServer {
    /// Takes a photo.
    ///
    /// # Errors
    /// While etcd is switched off.
    pub fn photograph(&self) -> ApiResult<Photo> {
        self.gate.etcd()?;
        let page = self.store.list("", None, None);
        Ok(Photo { revision: page.revision, records: Arc::new(page.records) })
    }

    /// Makes the store hold what the photo shows and nothing else, at new revisions, as
    /// `etcdutl snapshot restore --bump-revision --mark-compacted` does: whoever watches must list again.
    ///
    /// # Errors
    /// While etcd is switched off, or when it could not be made durable.
    pub async fn restore(&self, photo: &Photo) -> ApiResult<Revision> {
        self.gate.etcd()?;
        let now = self.clock.now();
        let records = photo.records.iter().map(|record| {
            let kept = record.clone();
            let encode = move |revision| {
                let bytes = kept.value.bytes();
                match Encoded::again(&bytes) {
                    Some(encoded) => encoded.at(now).finish(revision),
                    // What nobody can read stays as it is.
                    None => (bytes.clone(), Meta::decode(&kept.key, &bytes)),
                }
            };
            (record.clone(), encode)
        });
        self.store.restore(records.collect()).await.map_err(ApiError::internal)
    }
}
