//! Programs that use the pod network. Must not open sockets of this machine.

mod nc;
mod nslookup;
mod ping;
mod wget;

pub(super) use nc::nc;
pub(super) use nslookup::nslookup;
pub(super) use ping::ping;
pub(super) use wget::wget;

/// An IO error in the C library's words.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "Connection refused".into(),
        std::io::ErrorKind::HostUnreachable => "No route to host".into(),
        std::io::ErrorKind::TimedOut => "Connection timed out".into(),
        _ => error.to_string(),
    }
}
