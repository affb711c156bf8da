//! Where a command's output goes. Must not block.

use std::fs;
use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::kubelet::programs::world::{Host, World};

/// A destination. Clones go to the same place.
#[derive(Clone)]
pub(in crate::kubelet) enum Sink {
    /// The program's own standard output; its standard error when set.
    Own(Arc<dyn Host>, bool),
    /// A file on a disk.
    File(Arc<Mutex<fs::File>>),
    /// Memory, for pipes and `$(…)`.
    Buffer(Arc<Mutex<Vec<u8>>>),
    /// Whoever called exec.
    Channel(mpsc::UnboundedSender<Bytes>),
    /// Whoever called exec, at a terminal: its line discipline begins each line at the left (`ONLCR`).
    Terminal(mpsc::UnboundedSender<Bytes>),
    /// `/dev/null`.
    Null,
}

impl Sink {
    /// The own output of a world's program.
    pub(in crate::kubelet) fn own(world: &World, stderr: bool) -> Self {
        Self::Own(world.host.clone(), stderr)
    }

    pub(super) fn file(file: fs::File) -> Self {
        Self::File(Arc::new(Mutex::new(file)))
    }

    /// A sink in memory.
    pub(in crate::kubelet) fn buffer() -> (Self, Arc<Mutex<Vec<u8>>>) {
        let buffer = Arc::new(Mutex::new(Vec::new()));
        (Self::Buffer(buffer.clone()), buffer)
    }

    pub(in crate::kubelet) fn write(&self, data: &[u8]) {
        match self {
            Self::Own(host, stderr) => host.write(*stderr, data),
            // As in a pipe that nobody reads any more: what is lost is lost.
            Self::File(file) => drop(file.lock().write_all(data)),
            Self::Buffer(buffer) => buffer.lock().extend_from_slice(data),
            Self::Channel(sender) => drop(sender.send(Bytes::copy_from_slice(data))),
            Self::Terminal(sender) => drop(sender.send(at_the_left(data).into())),
            Self::Null => {}
        }
    }

    pub(super) fn line(&self, text: impl std::fmt::Display) {
        self.write(format!("{text}\n").as_bytes());
    }
}

fn at_the_left(data: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(data.len() + 8);
    for byte in data {
        if *byte == b'\n' && shown.last() != Some(&b'\r') {
            shown.push(b'\r');
        }
        shown.push(*byte);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_begins_each_line_at_the_left() {
        assert_eq!(at_the_left(b"uno\ndos\r\n\n"), b"uno\r\ndos\r\n\r\n");
    }
}
