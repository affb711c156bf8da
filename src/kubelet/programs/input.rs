//! Standard input that is read only when a program wants it. Must not wait for what nobody asked for: an input that
//! never ends holds up nobody but its readers.

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::Mutex;

/// Most bytes that are read at once.
const PIECE: usize = 16 * 1024;

/// A standard input. Clones read from the same place: what one has read, no other one sees.
#[derive(Clone)]
pub(in crate::kubelet) struct Input(Arc<Mutex<Source>>);

enum Source {
    Bytes(Bytes),
    Stream(Box<dyn AsyncRead + Send + Unpin>),
}

impl Input {
    /// What comes over a stream.
    pub fn stream(stream: Box<dyn AsyncRead + Send + Unpin>) -> Self {
        Self(Arc::new(Mutex::new(Source::Stream(stream))))
    }

    /// The next piece; `None` at the end, or when it cannot be read.
    pub async fn next(&self) -> Option<Bytes> {
        let piece = match &mut *self.0.lock().await {
            Source::Bytes(bytes) => std::mem::take(bytes),
            Source::Stream(stream) => {
                let mut space = vec![0; PIECE];
                let length = stream.read(&mut space).await.unwrap_or_default();
                space.truncate(length);
                space.into()
            }
        };
        Some(piece).filter(|piece| !piece.is_empty())
    }

    /// Everything up to its end.
    pub async fn all(&self) -> Bytes {
        let mut all = Vec::new();
        while let Some(piece) = self.next().await {
            all.extend_from_slice(&piece);
        }
        all.into()
    }

    /// All of it when it is here already; `None` when it has yet to come.
    pub async fn at_hand(&self) -> Option<Bytes> {
        match &mut *self.0.lock().await {
            Source::Bytes(bytes) => Some(std::mem::take(bytes)),
            Source::Stream(_) => None,
        }
    }
}

impl From<Bytes> for Input {
    fn from(bytes: Bytes) -> Self {
        Self(Arc::new(Mutex::new(Source::Bytes(bytes))))
    }
}

impl Default for Input {
    fn default() -> Self {
        Bytes::new().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_one_has_read_no_other_one_sees() {
        let stream = Input::stream(Box::new(&b"uno"[..]));
        let bytes = Input::from(Bytes::from_static(b"dos"));
        assert_eq!((stream.clone().all().await, stream.all().await), ("uno".into(), Bytes::new()));
        assert_eq!(
            (bytes.at_hand().await, bytes.next().await, stream.at_hand().await),
            (Some("dos".into()), None, None)
        );
    }
}
