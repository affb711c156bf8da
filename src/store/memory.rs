//! A backend that keeps nothing: the store's own memory is all there is. Must never leave the async thread.

use super::backend::{Backend, BackendError, Batch, OpenError, Snapshot};

/// Nothing outlives the process; for tests and `--store memory`.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryBackend;

impl Backend for MemoryBackend {
    fn load(&mut self) -> Result<Snapshot, OpenError> {
        Ok(Snapshot::default())
    }

    fn commit(&mut self, _: &Batch) -> Result<(), BackendError> {
        Ok(())
    }

    fn blocks(&self) -> bool {
        false
    }
}
