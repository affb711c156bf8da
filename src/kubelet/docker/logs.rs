//! A container's output as lines with their time. Must not keep more than a frame in memory.

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptions;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use jiff::Timestamp;

use crate::kubelet::runtime::{LogLine, LogOptions};

/// The lines of a container's log; ends with the container, or where the connection is lost.
pub(super) fn lines(docker: &Docker, id: &str, options: &LogOptions) -> BoxStream<'static, LogLine> {
    let since = options.since;
    let wanted = move |line: &LogLine| since.is_none_or(|since| line.at >= since);
    docker
        .logs(id, Some(query(options)))
        .take_while(|frame| std::future::ready(frame.is_ok()))
        .filter_map(async |frame| frame.ok())
        .map(line)
        .filter(move |line| std::future::ready(wanted(line)))
        .boxed()
}

/// The end of a container's log, as `FallbackToLogsOnError` bounds it (kubelet `MaxContainerTerminationMessageLogLines`
/// and `…LogLength`: 80 lines, 2048 bytes).
pub(super) async fn end(docker: &Docker, id: &str) -> String {
    let options = LogOptions { tail: Some(80), ..LogOptions::default() };
    let text = lines(docker, id, &options).map(|line| line.line).collect::<Vec<_>>().await.concat();
    String::from_utf8_lossy(&text[text.len().saturating_sub(2048)..]).into_owned()
}

/// The engine knows «since» in whole seconds: what comes too early is dropped afterwards.
fn query(options: &LogOptions) -> LogsOptions {
    LogsOptions {
        follow: options.follow,
        stdout: true,
        stderr: true,
        timestamps: true,
        since: options.since.and_then(|since| i32::try_from(since.as_second()).ok()).unwrap_or_default(),
        tail: options.tail.map_or_else(|| "all".into(), |lines| lines.to_string()),
        ..LogsOptions::default()
    }
}

/// Takes the engine's time off the front of a frame.
fn line(frame: LogOutput) -> LogLine {
    let stderr = matches!(frame, LogOutput::StdErr { .. });
    let message = frame.into_bytes();
    let parsed = message.iter().position(|&byte| byte == b' ').and_then(|space| {
        let at: Timestamp = std::str::from_utf8(&message[..space]).ok()?.parse().ok()?;
        Some((at, message.slice(space + 1..)))
    });
    let (at, line): (Timestamp, Bytes) = parsed.unwrap_or((Timestamp::UNIX_EPOCH, message));
    LogLine { at, stderr, line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_a_time_and_a_line() {
        let frame = LogOutput::StdErr { message: "2026-01-02T03:04:05.5Z hola que tal\n".into() };
        let line = line(frame);
        assert_eq!((line.at.to_string().as_str(), line.stderr), ("2026-01-02T03:04:05.5Z", true));
        assert_eq!(line.line, "hola que tal\n");
    }

    #[test]
    fn a_frame_without_time_is_kept_whole() {
        assert_eq!(line(LogOutput::StdOut { message: "sin hora\n".into() }).line, "sin hora\n");
    }
}
