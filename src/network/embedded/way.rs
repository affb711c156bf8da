//! From an address to another: past services, through a tunnel. Must not carry bytes.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use super::SYN_TIMEOUT;
use crate::network::links::Link;

/// First wait before a lost SYN is sent again; each next one doubles it (Linux' `TCP_TIMEOUT_INIT`).
const SYN_AGAIN: Duration = Duration::from_secs(1);

/// Where something ends up.
pub(super) enum Way {
    /// At an address, through a tunnel if it is on another worker.
    To { to: SocketAddr, link: Option<Link> },
    /// It vanishes on the way.
    Nowhere,
}

impl Way {
    /// The handshake of a connection: its far end and the tunnel, or the error of a connect.
    pub(super) async fn connect(self) -> io::Result<(SocketAddr, Option<Link>)> {
        let Self::To { to, link } = self else {
            tokio::time::sleep(SYN_TIMEOUT).await;
            return Err(ErrorKind::TimedOut.into());
        };
        if let Some(link) = &link {
            let shaken = tokio::time::timeout(SYN_TIMEOUT, shake(link)).await;
            shaken.map_err(|_| io::Error::from(ErrorKind::TimedOut))?;
        }
        Ok((to, link))
    }
}

async fn shake(link: &Link) {
    let mut again = SYN_AGAIN;
    link.mended().await;
    while link.loses() {
        tokio::time::sleep(again).await;
        again *= 2;
        link.mended().await;
    }
    tokio::time::sleep(link.condition().latency * 2).await;
}

/// Takes a packet through a tunnel so many times; `None` when it is lost.
pub(super) async fn cross(link: Option<&Link>, times: u32) -> Option<()> {
    let Some(link) = link else { return Some(()) };
    let condition = link.condition();
    if condition.cut || (0..times).any(|_| link.loses()) {
        return None;
    }
    if !condition.latency.is_zero() {
        tokio::time::sleep(condition.latency * times).await;
    }
    Some(())
}
