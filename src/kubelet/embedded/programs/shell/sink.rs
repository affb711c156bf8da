//! Where a command's output goes. Must not block.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::kubelet::embedded::log::Log;

/// A destination. Clones go to the same place.
#[derive(Clone)]
pub(in crate::kubelet::embedded) enum Sink {
    /// The container's log; standard error when set.
    Log(Arc<Log>, bool),
    /// Memory, for pipes and `$(…)`.
    Buffer(Arc<Mutex<Vec<u8>>>),
    /// Whoever called exec.
    Channel(mpsc::UnboundedSender<Bytes>),
    /// `/dev/null`.
    Null,
}

impl Sink {
    pub(in crate::kubelet::embedded) fn log(log: &Arc<Log>, stderr: bool) -> Self {
        Self::Log(log.clone(), stderr)
    }

    /// A sink in memory.
    pub(in crate::kubelet::embedded) fn buffer() -> (Self, Arc<Mutex<Vec<u8>>>) {
        let buffer = Arc::new(Mutex::new(Vec::new()));
        (Self::Buffer(buffer.clone()), buffer)
    }

    pub(in crate::kubelet::embedded) fn write(&self, data: &[u8]) {
        match self {
            Self::Log(log, stderr) => log.write(*stderr, data),
            Self::Buffer(buffer) => buffer.lock().extend_from_slice(data),
            Self::Channel(sender) => drop(sender.send(Bytes::copy_from_slice(data))),
            Self::Null => {}
        }
    }

    pub(super) fn line(&self, text: impl std::fmt::Display) {
        self.write(format!("{text}\n").as_bytes());
    }
}
