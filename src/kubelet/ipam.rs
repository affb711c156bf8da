//! Addresses of a node's pods, from its podCIDR, as the CNI plug-in `host-local` gives them. Must not touch a network.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

/// The addresses of one node.
#[derive(Debug, Default)]
pub(crate) struct Ipam {
    range: Option<Range>,
    /// Address by pod uid.
    taken: HashMap<String, IpAddr>,
    last: u32,
}

#[derive(Clone, Copy, Debug)]
struct Range {
    first: u32,
    size: u32,
}

impl Ipam {
    /// Takes the node's podCIDR; false when it makes no sense.
    pub(crate) fn set_range(&mut self, cidr: &str) -> bool {
        let parsed = cidr.split_once('/').and_then(|(network, bits)| {
            let (network, bits) = (network.parse::<Ipv4Addr>().ok()?, bits.parse::<u32>().ok()?);
            let size = 1_u32.checked_shl(32_u32.checked_sub(bits)?)?;
            Some(Range { first: u32::from(network) & !(size - 1), size })
        });
        self.range = parsed;
        parsed.is_some()
    }

    /// Whether pods can have addresses.
    pub(crate) fn is_ready(&self) -> bool {
        self.range.is_some()
    }

    /// The pod's address; the next free one after the last given, so that addresses are not reused at once.
    pub(crate) fn allocate(&mut self, pod_uid: &str) -> Result<IpAddr, String> {
        if let Some(known) = self.taken.get(pod_uid) {
            return Ok(*known);
        }
        let Some(range) = self.range else { return Err("node has no podCIDR yet".into()) };
        // The first is the network, the second the gateway, the last the broadcast address.
        let usable = range.size.saturating_sub(3);
        for step in 0..usable {
            let offset = 2 + (self.last + step) % usable;
            let address = IpAddr::V4(Ipv4Addr::from(range.first + offset));
            if !self.taken.values().any(|taken| *taken == address) {
                self.last = offset - 1;
                self.taken.insert(pod_uid.into(), address);
                return Ok(address);
            }
        }
        Err(format!("no IP addresses available in range set: {}", Ipv4Addr::from(range.first)))
    }

    /// An adopted pod already has this address.
    pub(crate) fn reserve(&mut self, pod_uid: &str, address: IpAddr) {
        self.taken.insert(pod_uid.into(), address);
    }

    /// The pod is gone.
    pub(crate) fn release(&mut self, pod_uid: &str) {
        self.taken.remove(pod_uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_free_addresses_in_turn() {
        let mut ipam = Ipam::default();
        assert!(ipam.allocate("a").is_err() && !ipam.set_range("mal") && ipam.set_range("10.244.3.0/29"));
        ipam.reserve("old", "10.244.3.3".parse().unwrap());
        let given: Vec<_> = ["a", "a", "b", "c", "d"].map(|uid| ipam.allocate(uid).unwrap().to_string()).into();
        assert_eq!(given, ["10.244.3.2", "10.244.3.2", "10.244.3.4", "10.244.3.5", "10.244.3.6"]);
        assert!(ipam.allocate("e").is_err());
        ipam.release("b");
        assert_eq!(ipam.allocate("e").unwrap().to_string(), "10.244.3.4");
    }
}
