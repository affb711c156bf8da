//! Routes of the own network namespace, over netlink (`rtnetlink(7)`). Must not know why they are wanted.

use std::io::{self, Read};
use std::net::Ipv4Addr;

use socket2::{Domain, Protocol, Socket, Type};

const AF_NETLINK: i32 = 16;
const AF_INET: u8 = 2;
const NLMSG_ERROR: u16 = 2;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_ACK: u16 = 0x4;
const NLM_F_REPLACE: u16 = 0x100;
const NLM_F_CREATE: u16 = 0x400;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RT_TABLE_MAIN: u8 = 254;
const RT_TABLE_LOCAL: u8 = 255;
const RTPROT_STATIC: u8 = 4;
const RT_SCOPE_LINK: u8 = 253;
const RT_SCOPE_HOST: u8 = 254;
const RTN_UNICAST: u8 = 1;
const RTN_LOCAL: u8 = 2;
/// The loopback is the first interface of every network namespace.
const LOOPBACK: u32 = 1;
const HEADER: usize = 16;
/// No such route (`ESRCH`).
const ESRCH: i32 = 3;

/// A range of addresses.
pub(super) type Range = (Ipv4Addr, u8);

/// How packets to a range fare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// All of them are for us (Linux' «AnyIP»): neighbours are answered that we have these addresses.
    Ours,
    /// They go into the loopback and vanish there, as in a tunnel that is cut: nobody refuses, nothing comes back.
    Lost,
}

/// Makes packets to a range fare like that.
pub(super) fn set(range: Range, fate: Fate) -> io::Result<()> {
    exchange(&message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, range, fate))
}

/// Undoes that; it need not be so.
pub(super) fn unset(range: Range, fate: Fate) -> io::Result<()> {
    match exchange(&message(RTM_DELROUTE, 0, range, fate)) {
        Err(error) if error.raw_os_error() == Some(ESRCH) => Ok(()),
        other => other,
    }
}

fn message(kind: u16, flags: u16, (first, bits): Range, fate: Fate) -> Vec<u8> {
    let (table, scope, class) = match fate {
        Fate::Ours => (RT_TABLE_LOCAL, RT_SCOPE_HOST, RTN_LOCAL),
        Fate::Lost => (RT_TABLE_MAIN, RT_SCOPE_LINK, RTN_UNICAST),
    };
    let mut body = vec![AF_INET, bits, 0, 0, table, RTPROT_STATIC, scope, class, 0, 0, 0, 0];
    attribute(&mut body, RTA_DST, first.octets());
    attribute(&mut body, RTA_OIF, LOOPBACK.to_ne_bytes());
    let length = u32::try_from(HEADER + body.len()).unwrap_or_default();
    let mut message = Vec::with_capacity(HEADER + body.len());
    message.extend(length.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend((flags | NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
    // Sequence number and sender: one question, and the kernel knows who asks.
    message.extend([0; 8]);
    message.extend(body);
    message
}

fn attribute(body: &mut Vec<u8>, kind: u16, value: [u8; 4]) {
    body.extend(8_u16.to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
}

/// Tells the kernel, and hears its verdict.
fn exchange(message: &[u8]) -> io::Result<()> {
    let mut socket = Socket::new(Domain::from(AF_NETLINK), Type::DGRAM, Some(Protocol::from(0)))?;
    socket.send(message)?;
    let mut space = [0; 512];
    let length = socket.read(&mut space)?;
    verdict(&space[..length])
}

fn verdict(answer: &[u8]) -> io::Result<()> {
    let unclear = || io::Error::new(io::ErrorKind::InvalidData, "netlink: unclear answer");
    let kind = answer.get(4..6).and_then(|bytes| bytes.try_into().ok()).map(u16::from_ne_bytes);
    let code = answer.get(HEADER..HEADER + 4).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes);
    match (kind, code) {
        (Some(NLMSG_ERROR), Some(0)) => Ok(()),
        (Some(NLMSG_ERROR), Some(code)) => Err(io::Error::from_raw_os_error(-code)),
        _ => Err(unclear()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_written_as_rtnetlink_wants_it() {
        let message = message(RTM_NEWROUTE, NLM_F_CREATE, (Ipv4Addr::new(10, 96, 0, 0), 12), Fate::Ours);
        assert_eq!(message.len(), 44);
        assert_eq!(message[..4], 44_u32.to_ne_bytes());
        assert_eq!(message[16..24], [2, 12, 0, 0, 255, 4, 254, 2]);
        assert_eq!(message[32..36], [10, 96, 0, 0]);
    }

    #[test]
    fn the_kernels_verdict_is_understood() {
        let answer = |code: i32| {
            let mut bytes = vec![0; 36];
            bytes[4..6].copy_from_slice(&NLMSG_ERROR.to_ne_bytes());
            bytes[16..20].copy_from_slice(&code.to_ne_bytes());
            bytes
        };
        assert!(verdict(&answer(0)).is_ok());
        assert_eq!(verdict(&answer(-1)).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert!(verdict(&[]).is_err());
    }
}
