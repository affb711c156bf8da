//! `nslookup`: asks the pod's nameservers. Must not answer by itself.

use std::net::IpAddr;

use hickory_proto::rr::{RData, Record, RecordType};

use super::super::run::Session;
use crate::kubelet::programs::resolver::{self, Answer, address_of};

pub(in super::super) async fn nslookup(shell: &Session, args: Vec<String>) -> i32 {
    let Some(name) = args.iter().find(|arg| !arg.starts_with('-')) else {
        return shell.fail("nslookup", "missing host");
    };
    let Some(kind) = kind(&args, name) else { return shell.fail("nslookup", "invalid query type") };
    let asked = if kind == RecordType::PTR { reverse(name) } else { name.clone() };
    let answer = resolver::query(&shell.world, &asked, kind).await;
    if answer == Answer::NoServer {
        shell.out.line(";; connection timed out; no servers could be reached\n");
        return 1;
    }
    if let Some(server) = shell.world.sandbox.dns.servers.first() {
        shell.out.line(format_args!("Server:\t\t{server}\nAddress:\t{server}:53\n"));
    }
    match answer {
        Answer::Found { name, records } => {
            records.iter().for_each(|record| print(shell, &name, record));
            0
        }
        _ => {
            shell.out.line(format_args!("** server can't find {asked}: NXDOMAIN\n"));
            1
        }
    }
}

/// `-type=srv`, or what the name asks for: an address is looked up backwards.
fn kind(args: &[String], name: &str) -> Option<RecordType> {
    let option = args
        .iter()
        .find_map(|arg| arg.split_once('=').filter(|(flag, _)| matches!(*flag, "-type" | "-q" | "-querytype")));
    match option {
        Some((_, kind)) => kind.to_uppercase().parse().ok(),
        None if name.parse::<IpAddr>().is_ok() => Some(RecordType::PTR),
        None => Some(RecordType::A),
    }
}

/// `10.96.0.9` as `9.0.96.10.in-addr.arpa.`
fn reverse(name: &str) -> String {
    let octets: Vec<&str> = name.rsplit('.').collect();
    if name.parse::<IpAddr>().is_ok() { format!("{}.in-addr.arpa.", octets.join(".")) } else { name.into() }
}

fn print(shell: &Session, name: &str, record: &Record) {
    let owner = record.name.to_ascii();
    let owner = owner.trim_end_matches('.');
    match (&record.data, address_of(record)) {
        (_, Some(address)) => {
            let owner = if owner.is_empty() { name } else { owner };
            shell.out.line(format_args!("Name:\t{owner}\nAddress: {address}\n"));
        }
        (RData::CNAME(target), _) => {
            shell.out.line(format_args!("{owner}\tcanonical name = {}", target.0.to_ascii().trim_end_matches('.')));
        }
        (RData::PTR(target), _) => {
            shell.out.line(format_args!("{owner}\tname = {}", target.0.to_ascii().trim_end_matches('.')));
        }
        (RData::SRV(service), _) => shell.out.line(format_args!("{owner}\tservice = {service}")),
        (other, _) => shell.out.line(format_args!("{owner}\t{} {other}", record.record_type())),
    }
}
