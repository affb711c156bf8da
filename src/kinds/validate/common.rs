//! Small rules that many fields share: numbers, ports, names, paths. Must not know which object they are in.

use std::net::IpAddr;

use super::{FieldError, port_name};
use crate::base::syntax;
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

/// The protocols of ports, as Kubernetes lists them.
pub(in crate::kinds) const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];
const PORT_RANGE: &str = "must be between 1 and 65535, inclusive";
const FILE_MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";

/// Zero or more.
pub(in crate::kinds) fn nonnegative(at: &At) -> Option<FieldError> {
    (at.int() < 0).then(|| at.invalid("must be greater than or equal to 0"))
}

/// The errors of [`nonnegative`] on several fields.
pub(in crate::kinds) fn nonnegatives(at: &At, names: &[&str]) -> Errors {
    names.iter().filter_map(|name| nonnegative(&at.field(name))).collect()
}

/// Within bounds that are told as Kubernetes tells them (`InclusiveRangeError`).
pub(in crate::kinds) fn within(at: &At, low: i64, high: i64) -> Option<FieldError> {
    let outside = at.number().is_some_and(|number| !(low..=high).contains(&number));
    outside.then(|| at.invalid(format!("must be between {low} and {high}, inclusive")))
}

/// A port number. Absent counts as zero.
pub(in crate::kinds) fn port_number(at: &At) -> Option<FieldError> {
    (!(1..=65535).contains(&at.int())).then(|| at.invalid_as(at.int(), PORT_RANGE))
}

/// A port number or the name of a port (`IntOrString`).
pub(in crate::kinds) fn port_or_name(at: &At) -> Errors {
    if at.value.is_string() { at.all(port_name(at.text())) } else { port_number(at).into_iter().collect() }
}

/// The protocol of a port, which defaults must have filled in.
pub(in crate::kinds) fn protocol(at: &At) -> Option<FieldError> {
    if at.is_empty() { Some(at.required("")) } else { at.one_of(PROTOCOLS) }
}

/// One of the values, or required when empty.
pub(in crate::kinds) fn choice(at: &At, values: &[&str]) -> Option<FieldError> {
    if at.is_empty() { Some(at.required("")) } else { at.one_of(values) }
}

/// Not empty.
pub(in crate::kinds) fn required(at: &At) -> Option<FieldError> {
    at.is_empty().then(|| at.required(""))
}

/// A DNS label.
pub(in crate::kinds) fn dns_label(at: &At) -> Errors {
    at.all(syntax::dns_label(at.text()))
}

/// A DNS subdomain.
pub(in crate::kinds) fn dns_subdomain(at: &At) -> Errors {
    at.all(syntax::dns_subdomain(at.text()))
}

/// The key of a label, or any qualified name.
pub(in crate::kinds) fn label_key(at: &At) -> Errors {
    at.all(syntax::label_key(at.text()))
}

/// The mode of a file, where there is one.
pub(in crate::kinds) fn file_mode(at: &At) -> Option<FieldError> {
    (!(0..=0o777).contains(&at.int())).then(|| at.invalid(FILE_MODE))
}

/// A path without `..`.
pub(in crate::kinds) fn no_backsteps(at: &At) -> Option<FieldError> {
    at.text().split('/').any(|part| part == "..").then(|| at.invalid("must not contain '..'"))
}

/// A relative path without `..`.
pub(in crate::kinds) fn local_path(at: &At) -> Errors {
    let absolute = at.text().starts_with('/').then(|| at.invalid("must be a relative path"));
    absolute.into_iter().chain(no_backsteps(at)).collect()
}

/// A relative path that is not one of those that kubelets keep for themselves.
pub(in crate::kinds) fn local_unreserved_path(at: &At) -> Errors {
    let mut errors = local_path(at);
    // Two dots at the start have their error already.
    if at.text().starts_with("..") && !at.text().starts_with("../") && at.text() != ".." {
        errors.push(at.invalid("must not start with '..'"));
    }
    errors
}

/// An address of IP version 4 or 6.
pub(in crate::kinds) fn ip(at: &At) -> Option<FieldError> {
    let text = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    at.text().parse::<IpAddr>().is_err().then(|| at.invalid_as(at.text(), text))
}

/// A network in CIDR notation.
pub(in crate::kinds) fn cidr(at: &At) -> Option<FieldError> {
    let text = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
    parse_cidr(at.text()).is_none().then(|| at.invalid_as(at.text(), text))
}

/// The address and length of a network in CIDR notation.
pub(in crate::kinds) fn parse_cidr(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.split_once('/')?;
    let (address, length): (IpAddr, u8) = (address.parse().ok()?, length.parse().ok()?);
    let longest = if address.is_ipv4() { 32 } else { 128 };
    (length <= longest).then_some((address, length))
}

/// An address that an endpoint can have (`ValidateEndpointIP`).
pub(in crate::kinds) fn endpoint_ip(at: &At) -> Errors {
    let Ok(address) = at.text().parse::<IpAddr>() else {
        return vec![at.invalid_as(at.text(), "must be a valid IP address")];
    };
    let (link_local, link_multicast) = match address {
        IpAddr::V4(v4) => (v4.is_link_local(), v4.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(v6) => (v6.is_unicast_link_local(), v6.segments()[0] & 0xff0f == 0xff02),
    };
    let unspecified = format!("may not be unspecified ({})", at.text());
    let rules = [
        (address.is_unspecified(), unspecified.as_str()),
        (address.is_loopback(), "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        (link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (link_multicast, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"),
    ];
    rules.into_iter().filter(|(wrong, _)| *wrong).map(|(_, text)| at.invalid(text)).collect()
}

/// A whole number or a percentage, at least zero (`ValidatePositiveIntOrPercent`).
pub(in crate::kinds) fn count_or_percent(at: &At) -> Option<FieldError> {
    const PERCENT: &str = "[0-9]+%";
    if !at.value.is_string() {
        return nonnegative(at);
    }
    let rule = "a valid percent string must be a numeric string followed by an ending '%'";
    let text = || syntax::regex_error(rule, PERCENT, &["1%", "93%"]);
    (!syntax::matches(PERCENT, at.text())).then(|| at.invalid(text()))
}

/// The percentage that a text stands for.
pub(in crate::kinds) fn percent(at: &At) -> Option<i64> {
    at.text().strip_suffix('%')?.parse().ok()
}

/// A field that must stay as it was.
pub(in crate::kinds) fn immutable(new: &At, old: &At) -> Option<FieldError> {
    (!super::same(new, old)).then(|| new.invalid(super::IMMUTABLE))
}
