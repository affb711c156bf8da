//! Programs that use the pod network. Must not open sockets by themselves.

mod nc;
mod nslookup;
mod ping;
mod wget;

pub(super) use nc::nc;
pub(super) use nslookup::nslookup;
pub(super) use ping::ping;
pub(super) use wget::wget;
