//! A container's output: a bounded buffer of lines that can be followed. Must not grow with time.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};

use crate::base::clock::Clock;
use crate::kubelet::runtime::{LogLine, LogOptions};

/// Bytes of output kept; older lines go first (a kubelet rotates its files at 10Mi).
const KEPT: usize = 128 * 1024;

/// The output of one container.
pub(super) struct Log {
    clock: Clock,
    lines: Mutex<Lines>,
    changed: Notify,
    /// Who hears every byte as it is written.
    taps: Mutex<Vec<Tap>>,
}

type Tap = mpsc::UnboundedSender<(bool, Bytes)>;

#[derive(Default)]
struct Lines {
    kept: VecDeque<LogLine>,
    /// Number of the first kept line since the start.
    first: usize,
    bytes: usize,
    /// What was written after the last line feed, of standard output and error.
    partial: [Vec<u8>; 2],
    closed: bool,
}

impl Log {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, lines: Mutex::default(), changed: Notify::new(), taps: Mutex::default() }
    }

    /// Bytes on standard output or error.
    pub(super) fn write(&self, stderr: bool, data: &[u8]) {
        let at = self.clock.now();
        self.taps.lock().retain(|tap| tap.send((stderr, Bytes::copy_from_slice(data))).is_ok());
        let mut lines = self.lines.lock();
        for piece in data.split_inclusive(|&byte| byte == b'\n') {
            let line = if lines.partial[usize::from(stderr)].is_empty() && piece.ends_with(b"\n") {
                Bytes::copy_from_slice(piece)
            } else {
                lines.partial[usize::from(stderr)].extend_from_slice(piece);
                if !piece.ends_with(b"\n") {
                    continue;
                }
                std::mem::take(&mut lines.partial[usize::from(stderr)]).into()
            };
            lines.push(LogLine { at, stderr, line });
        }
        drop(lines);
        self.changed.notify_waiters();
    }

    /// The container has ended: followers end after the last line.
    pub(super) fn close(&self) {
        let at = self.clock.now();
        let mut lines = self.lines.lock();
        for stderr in [false, true] {
            let rest = std::mem::take(&mut lines.partial[usize::from(stderr)]);
            if !rest.is_empty() {
                lines.push(LogLine { at, stderr, line: rest.into() });
            }
        }
        lines.closed = true;
        drop(lines);
        self.taps.lock().clear();
        self.changed.notify_waiters();
    }

    /// Every byte from now on, and from which stream; what was begun of a line comes first, as a prompt is.
    pub(super) fn tap(&self) -> mpsc::UnboundedReceiver<(bool, Bytes)> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let lines = self.lines.lock();
        if lines.closed {
            return receiver;
        }
        let begun = Bytes::copy_from_slice(&lines.partial[0]);
        if !begun.is_empty() {
            let _ = sender.send((false, begun));
        }
        self.taps.lock().push(sender);
        receiver
    }

    /// The lines so far and, if asked, those to come.
    pub(super) fn read(self: &Arc<Self>, options: &LogOptions) -> BoxStream<'static, LogLine> {
        let start = self.lines.lock().start(options);
        let follow = options.follow;
        stream::unfold((self.clone(), start), move |(log, next)| async move {
            let (line, number) = log.line_at(next, follow).await?;
            Some((line, (log, number + 1)))
        })
        .boxed()
    }

    /// The line of that number or the first kept one after it; waits for it when following.
    async fn line_at(&self, number: usize, follow: bool) -> Option<(LogLine, usize)> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let lines = self.lines.lock();
                let number = number.max(lines.first);
                if let Some(line) = lines.kept.get(number - lines.first) {
                    return Some((line.clone(), number));
                }
                if lines.closed || !follow {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// The last lines as one text of at most `limit` bytes: the termination message of
    /// `terminationMessagePolicy: FallbackToLogsOnError`.
    pub(super) fn tail(&self, limit: usize) -> String {
        let lines = self.lines.lock();
        let mut total = 0;
        let fitting = lines.kept.iter().rev().take_while(|line| {
            total += line.line.len();
            total <= limit
        });
        let mut texts: Vec<_> = fitting.map(|line| String::from_utf8_lossy(&line.line).into_owned()).collect();
        texts.reverse();
        texts.concat()
    }
}

impl Lines {
    fn push(&mut self, line: LogLine) {
        self.bytes += line.line.len();
        self.kept.push_back(line);
        while self.bytes > KEPT
            && let Some(oldest) = self.kept.pop_front()
        {
            self.bytes -= oldest.line.len();
            self.first += 1;
        }
    }

    fn start(&self, options: &LogOptions) -> usize {
        let since = options.since.map_or(0, |since| self.kept.partition_point(|line| line.at < since));
        let tail = options.tail.map_or(0, |tail| self.kept.len().saturating_sub(tail));
        self.first + since.max(tail)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::clock::Timing;

    fn log() -> Arc<Log> {
        Arc::new(Log::new(Clock::new(Timing::Real)))
    }

    async fn text(stream: BoxStream<'static, LogLine>) -> String {
        stream.map(|line| String::from_utf8_lossy(&line.line).into_owned()).collect::<Vec<_>>().await.concat()
    }

    #[tokio::test(start_paused = true)]
    async fn tail_and_since_choose_lines() {
        let log = log();
        log.write(false, b"uno\n");
        tokio::time::advance(Duration::from_secs(5)).await;
        let since = Some(log.clock.now());
        log.write(false, b"dos\n");
        log.write(false, b"tres");
        log.write(false, b" y medio\ncuatro");
        log.close();
        let read = |options: LogOptions| text(log.read(&options));
        assert_eq!(read(LogOptions::default()).await, "uno\ndos\ntres y medio\ncuatro");
        assert_eq!(read(LogOptions { tail: Some(1), ..LogOptions::default() }).await, "cuatro");
        assert_eq!(read(LogOptions { since, ..LogOptions::default() }).await, "dos\ntres y medio\ncuatro");
    }

    #[tokio::test(start_paused = true)]
    async fn followers_hear_until_the_end_and_memory_is_bounded() {
        let log = log();
        let follower = text(log.read(&LogOptions { follow: true, ..LogOptions::default() }));
        let writer = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            log.write(false, b"tarde\n");
            log.close();
        };
        assert_eq!(tokio::join!(follower, writer).0, "tarde\n");
        for _ in 0..100_000 {
            log.write(false, b"0123456789\n");
        }
        assert!(log.lines.lock().bytes <= KEPT);
    }
}
