//! One connection: its streams open, carry bytes both ways and end. Must not know what they carry.

use std::collections::{BTreeMap, HashMap};
use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use super::frame::{self, Incoming, Outgoing};
use super::headers;

/// Frames that wait for the connection, and pieces that wait for a stream's reader.
const QUEUE: usize = 16;

/// A stream that the other end opened.
pub(in super::super) struct Stream {
    /// What it is for, by lower-case names.
    pub(in super::super) headers: BTreeMap<String, String>,
    /// What comes in; ended when the other end says no more.
    pub(in super::super) input: mpsc::Receiver<Bytes>,
    /// What goes out.
    pub(in super::super) output: Output,
}

/// The outgoing half of a stream.
pub(in super::super) struct Output {
    id: u32,
    frames: mpsc::Sender<Outgoing>,
}

impl Output {
    /// Sends bytes; `false` when the connection is gone.
    pub(in super::super) async fn send(&self, data: Bytes) -> bool {
        self.frames.send(Outgoing::Data { id: self.id, data, fin: false }).await.is_ok()
    }

    /// Says that no more will come.
    pub(in super::super) async fn close(self) {
        // A connection that is gone needs no goodbye.
        let _gone = self.frames.send(Outgoing::Data { id: self.id, data: Bytes::new(), fin: true }).await;
    }
}

/// Speaks until either end hangs up; `accept` gets every stream as it opens.
pub(in super::super) async fn serve(
    io: impl AsyncRead + AsyncWrite + Send + Unpin,
    accept: impl FnMut(Stream) + Send,
) -> io::Result<()> {
    let (mut reader, mut writer) = tokio::io::split(io);
    let (frames, mut outgoing) = mpsc::channel(QUEUE);
    let write = async {
        while let Some(frame) = outgoing.recv().await {
            writer.write_all(&frame::write(&frame)).await?;
            writer.flush().await?;
        }
        Ok(())
    };
    let mut session = Session {
        frames,
        streams: HashMap::new(),
        reader: headers::Reader::new(),
        writer: headers::Writer::default(),
        accept,
    };
    let read = async {
        while let Some(frame) = frame::read(&mut reader).await? {
            if !session.take(frame).await {
                break;
            }
        }
        Ok(())
    };
    tokio::select! {
        ended = read => ended,
        ended = write => ended,
    }
}

struct Session<F> {
    frames: mpsc::Sender<Outgoing>,
    /// Where the bytes of each open stream go.
    streams: HashMap<u32, mpsc::Sender<Bytes>>,
    reader: headers::Reader,
    writer: headers::Writer,
    accept: F,
}

impl<F: FnMut(Stream)> Session<F> {
    /// Does what a frame asks; `false` at the end.
    async fn take(&mut self, frame: Incoming) -> bool {
        match frame {
            Incoming::Open { id, headers, fin } => return self.open(id, &headers, fin).await,
            Incoming::Data { id, data, fin } => {
                if let Some(stream) = self.streams.get(&id).filter(|_| !data.is_empty()) {
                    // A stream whose reader has gone takes no more: the rest of it is dropped.
                    let _gone = stream.send(data).await;
                }
                if fin {
                    self.streams.remove(&id);
                }
            }
            Incoming::Reset(id) => drop(self.streams.remove(&id)),
            Incoming::Ping(payload) => return self.frames.send(Outgoing::Ping(payload)).await.is_ok(),
            Incoming::GoAway => return false,
            Incoming::Other => {}
        }
        true
    }

    async fn open(&mut self, id: u32, block: &[u8], fin: bool) -> bool {
        let Some(headers) = self.reader.read(block) else {
            // The compressor's state is lost with a bad block: no later stream could be understood.
            let _gone = self.frames.send(Outgoing::Reset(id)).await;
            return false;
        };
        let (sender, input) = mpsc::channel(QUEUE);
        if !fin {
            self.streams.insert(id, sender);
        }
        let reply = Outgoing::Reply { id, headers: self.writer.empty() };
        let answered = self.frames.send(reply).await.is_ok();
        (self.accept)(Stream { headers, input, output: Output { id, frames: self.frames.clone() } });
        answered
    }
}
