//! The cluster's names, as the DNS specification of Kubernetes (1.1) and CoreDNS' `kubernetes` plug-in have them.
//! Must not do IO: the table of services says what there is.

use std::net::{IpAddr, Ipv4Addr};

use hickory_proto::rr::rdata::{A, CNAME, PTR, SOA, SRV, TXT};
use hickory_proto::rr::{Name as Dns, RData, Record, RecordType};

use crate::network::table::{Host, Name, Port, Protocol, Service, ServiceTable};

/// How long an answer is good for (kubeadm's `ttl 30`).
const TTL: u32 = 30;
/// The version of the specification that is followed.
const VERSION: &str = "1.1.0";
/// Where reverse names end.
const REVERSE: &str = ".in-addr.arpa";

/// The names below a domain.
pub(super) struct Zone<'a> {
    pub(super) table: &'a ServiceTable,
    /// Such as `cluster.local`.
    pub(super) domain: &'a str,
}

/// What there is to a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The name exists; with no answers when it has nothing of that type.
    Records { answers: Vec<Record>, additionals: Vec<Record> },
    /// There is no such name.
    Nothing,
    /// The name is not the cluster's.
    Elsewhere,
}

/// A question: the name as it was asked, and the type.
#[derive(Clone, Copy)]
struct Question<'a> {
    name: &'a Dns,
    kind: RecordType,
}

impl Zone<'_> {
    /// Answers a question from the table.
    pub(super) fn find(&self, name: &Dns, kind: RecordType) -> Found {
        let text = name.to_ascii().trim_end_matches('.').to_lowercase();
        let question = Question { name, kind };
        if text == self.domain {
            return Found::none();
        }
        if let Some(address) = text.strip_suffix(REVERSE) {
            return self.reverse(question, address);
        }
        match text.strip_suffix(self.domain).and_then(|rest| rest.strip_suffix('.')) {
            Some(rest) => self.inside(question, &rest.split('.').collect::<Vec<_>>()),
            None => Found::Elsewhere,
        }
    }

    /// The record that says who is in charge, for answers that have no other.
    pub(super) fn authority(&self) -> Option<Record> {
        let name = |prefix: &str| Dns::from_ascii(format!("{prefix}{}.", self.domain)).ok();
        let soa = SOA::new(name("ns.dns.")?, name("hostmaster.")?, 1, 7200, 1800, 86_400, TTL);
        Some(Record::from_rdata(name("")?, TTL, RData::SOA(soa)))
    }

    fn inside(&self, question: Question, labels: &[&str]) -> Found {
        match labels {
            ["dns-version"] => question.only(RecordType::TXT, || RData::TXT(TXT::new(vec![VERSION.into()]))),
            ["svc" | "pod"] => Found::none(),
            [namespace, "svc" | "pod"] if self.has_namespace(namespace) => Found::none(),
            [pod, _, "pod"] => match dashed(pod) {
                Some(ip) => question.only(RecordType::A, || RData::A(A(ip))),
                None => Found::Nothing,
            },
            [service, namespace, "svc"] => self.service(question, &name(namespace, service)),
            [host, service, namespace, "svc"] => self.host(question, host, &name(namespace, service)),
            [port, protocol, service, namespace, "svc"] => {
                self.port(question, (port, protocol), &name(namespace, service))
            }
            _ => Found::Nothing,
        }
    }

    fn has_namespace(&self, namespace: &str) -> bool {
        self.table.names().iter().any(|(of, _)| of == namespace)
    }

    /// `service.namespace.svc`: its ClusterIPs; its ready pods when it is headless; what an ExternalName says.
    fn service(&self, question: Question, name: &Name) -> Found {
        let records = |service: &Service| match &service.external_name {
            Some(target) => question.alias(target),
            None if question.kind == RecordType::SRV => self.services_of(question, service, service.ports.iter()),
            None => question.addresses(&addresses(service)),
        };
        self.table.read(name, records).unwrap_or(Found::Nothing)
    }

    /// `host.service.namespace.svc`: one endpoint.
    fn host(&self, question: Question, label: &str, name: &Name) -> Found {
        let ips = |service: &Service| -> Vec<IpAddr> {
            let named = ready(service).filter(|host| label_of(host) == label);
            named.map(|host| host.ip).collect()
        };
        match self.table.read(name, ips) {
            Some(ips) if !ips.is_empty() => question.addresses(&ips),
            _ => Found::Nothing,
        }
    }

    /// `_port._protocol.service.namespace.svc`.
    fn port(&self, question: Question, (port, protocol): (&str, &str), name: &Name) -> Found {
        let asked =
            |one: &&Port| port.strip_prefix('_') == Some(&*one.name) && protocol == label_of_protocol(one.protocol);
        let records = |service: &Service| {
            let ports: Vec<&Port> = service.ports.iter().filter(asked).collect();
            match (ports.is_empty(), question.kind) {
                (true, _) => Found::Nothing,
                (false, RecordType::SRV) => self.services_of(question, service, ports.into_iter()),
                (false, _) => question.addresses(&addresses(service)),
            }
        };
        self.table.read(name, records).unwrap_or(Found::Nothing)
    }

    /// SRV records of some ports: one each, or one for each ready endpoint of a headless service.
    fn services_of<'p>(&self, question: Question, service: &Service, ports: impl Iterator<Item = &'p Port>) -> Found {
        let own = format!("{}.{}.svc.{}.", service.name.1, service.name.0, self.domain);
        let target = |host: &Host| (format!("{}.{own}", label_of(host)), host.ip);
        let targets: Vec<(String, IpAddr)> = match service.addresses.first() {
            Some(ip) => vec![(own.clone(), *ip)],
            None => ready(service).map(target).collect(),
        };
        let (mut answers, mut additionals) = (Vec::new(), Vec::new());
        for port in ports {
            let weight = u16::try_from(100 / targets.len().max(1)).unwrap_or_default();
            for (target, ip) in &targets {
                let Ok(target) = Dns::from_ascii(target) else { continue };
                let srv = SRV::new(0, weight, number(service, port, *ip), target.clone());
                answers.push(question.record(RData::SRV(srv)));
                additionals.extend(address_record(&target, *ip));
            }
        }
        additionals.dedup();
        Found::Records { answers, additionals }
    }

    /// The names of an address: of a service, or of the endpoints that have it.
    fn reverse(&self, question: Question, address: &str) -> Found {
        let octets: Vec<&str> = address.rsplit('.').collect();
        let Some(ip) = octets.join(".").parse::<Ipv4Addr>().ok().map(IpAddr::from) else { return Found::Nothing };
        let names: Vec<String> = self
            .table
            .names()
            .iter()
            .filter_map(|name| self.table.read(name, |service| self.called(service, ip))?)
            .collect();
        if names.is_empty() {
            return Found::Elsewhere;
        }
        let pointer = |name: String| Some(question.record(RData::PTR(PTR(Dns::from_ascii(name).ok()?))));
        let answers =
            if question.kind == RecordType::PTR { names.into_iter().filter_map(pointer).collect() } else { Vec::new() };
        Found::Records { answers, additionals: Vec::new() }
    }

    /// What a service calls an address.
    fn called(&self, service: &Service, ip: IpAddr) -> Option<String> {
        let own = format!("{}.{}.svc.{}.", service.name.1, service.name.0, self.domain);
        if service.addresses.contains(&ip) {
            return Some(own);
        }
        service.hosts.iter().find(|host| host.ip == ip).map(|host| format!("{}.{own}", label_of(host)))
    }
}

impl Found {
    fn none() -> Self {
        Self::Records { answers: Vec::new(), additionals: Vec::new() }
    }

    fn answers(answers: Vec<Record>) -> Self {
        Self::Records { answers, additionals: Vec::new() }
    }
}

impl Question<'_> {
    fn record(&self, data: RData) -> Record {
        Record::from_rdata(self.name.clone(), TTL, data)
    }

    fn only(&self, kind: RecordType, data: impl FnOnce() -> RData) -> Found {
        if self.kind == kind { Found::answers(vec![self.record(data())]) } else { Found::none() }
    }

    fn addresses(&self, ips: &[IpAddr]) -> Found {
        if ips.is_empty() {
            return Found::Nothing;
        }
        let wanted = ips.iter().filter(|_| self.kind == RecordType::A);
        Found::answers(wanted.filter_map(|ip| address_record(self.name, *ip)).collect())
    }

    fn alias(&self, target: &str) -> Found {
        match Dns::from_ascii(format!("{}.", target.trim_end_matches('.'))) {
            Ok(target) => Found::answers(vec![self.record(RData::CNAME(CNAME(target)))]),
            Err(_) => Found::none(),
        }
    }
}

fn name(namespace: &str, service: &str) -> Name {
    (namespace.into(), service.into())
}

fn addresses(service: &Service) -> Vec<IpAddr> {
    match service.addresses.as_slice() {
        [] => ready(service).map(|host| host.ip).collect(),
        addresses => addresses.to_vec(),
    }
}

fn ready(service: &Service) -> impl Iterator<Item = &Host> {
    service.hosts.iter().filter(|host| host.ready)
}

/// An endpoint's label: its host name, or its address with dashes.
fn label_of(host: &Host) -> String {
    if host.hostname.is_empty() { host.ip.to_string().replace('.', "-") } else { host.hostname.clone() }
}

fn label_of_protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "_tcp",
        Protocol::Udp => "_udp",
    }
}

/// `10-244-1-2` as an address.
fn dashed(label: &str) -> Option<Ipv4Addr> {
    label.replace('-', ".").parse().ok()
}

/// The number of a port behind an address: the service's own, or the endpoint's.
fn number(service: &Service, port: &Port, ip: IpAddr) -> u16 {
    let endpoint = port.endpoints.iter().find(|endpoint| endpoint.at.ip() == ip);
    if service.addresses.is_empty() { endpoint.map_or(port.port, |one| one.at.port()) } else { port.port }
}

fn address_record(name: &Dns, ip: IpAddr) -> Option<Record> {
    match ip {
        IpAddr::V4(ip) => Some(Record::from_rdata(name.clone(), TTL, RData::A(A(ip)))),
        IpAddr::V6(_) => None,
    }
}
