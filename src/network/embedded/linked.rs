//! One end of a connection whose bytes come through a tunnel: they wait while it is cut, and take its time.
//! Must not lose bytes: what a real network loses, TCP sends again.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::BUFFER;
use crate::network::links::Link;

/// How long TCP waits before it sends a lost segment again (Linux' `TCP_RTO_MIN`).
const RETRANSMIT: Duration = Duration::from_millis(200);

/// An end of a connection.
pub(super) struct Linked {
    end: DuplexStream,
    link: Link,
    /// Bytes that have come through; an empty piece is the other side's end.
    arrived: Option<Bytes>,
    /// What the next bytes wait for.
    waiting: Option<BoxFuture<'static, ()>>,
}

impl Linked {
    pub(super) fn new(end: DuplexStream, link: Link) -> Self {
        Self { end, link, arrived: None, waiting: None }
    }

    /// Takes the next piece out of the pipe; it is here after the tunnel's time.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = vec![0; BUFFER];
        let mut piece = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.end).poll_read(cx, &mut piece))?;
        self.arrived = Some(Bytes::copy_from_slice(piece.filled()));
        let lost = if self.link.loses() { RETRANSMIT } else { Duration::ZERO };
        let delay = self.link.condition().latency + lost;
        if !delay.is_zero() {
            self.waiting = Some(tokio::time::sleep(delay).boxed());
        }
        Poll::Ready(Ok(()))
    }

    fn deliver(&mut self, buffer: &mut ReadBuf<'_>) {
        let Some(mut piece) = self.arrived.take() else { return };
        let taken = piece.len().min(buffer.remaining());
        buffer.put_slice(&piece[..taken]);
        piece.advance(taken);
        self.arrived = Some(piece).filter(|rest| !rest.is_empty());
    }
}

impl AsyncRead for Linked {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                ready!(waiting.as_mut().poll(cx));
                self.waiting = None;
            } else if self.link.condition().cut {
                let link = self.link.clone();
                self.waiting = Some(async move { link.mended().await }.boxed());
            } else if self.arrived.is_some() {
                self.deliver(buffer);
                return Poll::Ready(Ok(()));
            } else {
                ready!(self.poll_piece(cx))?;
            }
        }
    }
}

impl AsyncWrite for Linked {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.end).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.end).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.end).poll_shutdown(cx)
    }
}
