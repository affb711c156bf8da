//! Frames on the wire: an eight-byte head, then the payload. Must not compress nor keep state.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The version bits of control frames.
const CONTROL: u16 = 0x8003;
const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const PING: u16 = 6;
const GO_AWAY: u16 = 7;
/// The sender says no more on this stream.
const FIN: u8 = 1;
/// Larger frames are no frames of kubectl's.
const LIMIT: usize = 1 << 20;

/// A frame that the other end sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// A stream begins; its headers are compressed.
    Open { id: u32, headers: Bytes, fin: bool },
    /// Bytes of a stream.
    Data { id: u32, data: Bytes, fin: bool },
    /// A stream is given up.
    Reset(u32),
    /// To be echoed.
    Ping(Bytes),
    /// The connection ends.
    GoAway,
    /// Nothing that needs an answer.
    Other,
}

/// A frame that we send.
#[derive(Debug)]
pub(super) enum Outgoing {
    Reply { id: u32, headers: Bytes },
    Data { id: u32, data: Bytes, fin: bool },
    Reset(u32),
    Ping(Bytes),
}

/// Reads the next frame; `None` at the end of the connection.
pub(super) async fn read(io: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Incoming>> {
    let mut head = [0_u8; 8];
    match io.read_exact(&mut head).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let word = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    let fin = head[4] & FIN != 0;
    let length = usize::try_from(u32::from_be_bytes([0, head[5], head[6], head[7]])).unwrap_or(usize::MAX);
    if length > LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a SPDY frame is too large"));
    }
    let mut payload = vec![0; length];
    io.read_exact(&mut payload).await?;
    let payload = Bytes::from(payload);
    if word & 0x8000_0000 == 0 {
        return Ok(Some(Incoming::Data { id: word, data: payload, fin }));
    }
    Ok(Some(control(word, fin, &payload)))
}

fn control(word: u32, fin: bool, payload: &Bytes) -> Incoming {
    let id = || payload.get(..4).and_then(|id| id.try_into().ok()).map(|id| u32::from_be_bytes(id) & 0x7fff_ffff);
    match (word & 0xffff, id()) {
        (kind, Some(id)) if kind == u32::from(SYN_STREAM) && payload.len() >= 10 => {
            Incoming::Open { id, headers: payload.slice(10..), fin }
        }
        (kind, Some(id)) if kind == u32::from(RST_STREAM) => Incoming::Reset(id),
        (kind, Some(_)) if kind == u32::from(PING) => Incoming::Ping(payload.clone()),
        (kind, _) if kind == u32::from(GO_AWAY) => Incoming::GoAway,
        _ => Incoming::Other,
    }
}

/// A frame's bytes.
pub(super) fn write(frame: &Outgoing) -> Bytes {
    match frame {
        Outgoing::Reply { id, headers } => {
            let mut payload = BytesMut::new();
            payload.put_u32(*id);
            payload.put_slice(headers);
            bytes(control_word(SYN_REPLY), 0, &payload)
        }
        Outgoing::Data { id, data, fin } => bytes(*id, if *fin { FIN } else { 0 }, data),
        Outgoing::Reset(id) => {
            const CANCEL: u32 = 5;
            let mut payload = BytesMut::new();
            payload.put_u32(*id);
            payload.put_u32(CANCEL);
            bytes(control_word(RST_STREAM), 0, &payload)
        }
        Outgoing::Ping(payload) => bytes(control_word(PING), 0, payload),
    }
}

fn control_word(kind: u16) -> u32 {
    u32::from(CONTROL) << 16 | u32::from(kind)
}

fn bytes(word: u32, flags: u8, payload: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(payload.len() + 8);
    bytes.put_u32(word);
    let length = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    bytes.put_slice(&[flags, length[1], length[2], length[3]]);
    bytes.put_slice(payload);
    bytes.freeze()
}
