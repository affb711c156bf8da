//! Signs what others ask to have signed: a request's subject, key and names go into a certificate of our authority as
//! they are. Must not judge the request: whoever approves it does.
//!
//! The certificate is written by hand because the subject must stay as it was asked, with every group it names.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rcgen::{KeyPair, SigningKey as _};
use rustls::pki_types::CertificateSigningRequestDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

/// The authority's key.
pub(super) struct Authority(pub(super) KeyPair);

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

/// `ecdsa-with-SHA256`, as an algorithm identifier.
const ALGORITHM: &[u8] = &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const SUBJECT_ALT_NAME: &str = "2.5.29.17";

/// How Kubernetes calls uses of a key, and the bit of `keyUsage` that each is.
const KEY_USAGES: [(&str, u16); 10] = [
    ("signing", 0x8000),
    ("digital signature", 0x8000),
    ("content commitment", 0x4000),
    ("key encipherment", 0x2000),
    ("data encipherment", 0x1000),
    ("key agreement", 0x0800),
    ("cert sign", 0x0400),
    ("crl sign", 0x0200),
    ("encipher only", 0x0100),
    ("decipher only", 0x0080),
];

/// How Kubernetes calls extended uses, and the last number of `1.3.6.1.5.5.7.3.N`.
const EXTENDED_USAGES: [(&str, u8); 6] = [
    ("server auth", 1),
    ("client auth", 2),
    ("code signing", 3),
    ("email protection", 4),
    ("timestamping", 8),
    ("ocsp signing", 9),
];

/// Signs a request (PEM); the certificate (PEM), or why not.
pub(super) fn sign(
    authority: &Authority,
    ca: &str,
    request: &str,
    usages: &[String],
    validity: (Timestamp, Timestamp),
) -> Result<String, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let request = CertificateSigningRequestDer::from_pem_slice(request.as_bytes()).map_err(|error| text(&error))?;
    let (_, request) = X509CertificationRequest::from_der(&request).map_err(|error| text(&error))?;
    request.verify_signature().map_err(|error| text(&error))?;
    let ca = super::certificate(ca).map_err(|error| text(&error))?;
    let (_, ca) = X509Certificate::from_der(&ca).map_err(|error| text(&error))?;
    let body = body(&request, &ca, usages, validity)?;
    let signature = authority.0.sign(&body).map_err(|error| text(&error))?;
    let bits = [&[0][..], &signature].concat();
    let whole = sequence(&[&body, ALGORITHM, &tlv(0x03, &bits)]);
    Ok(pem(&whole))
}

fn body(
    request: &X509CertificationRequest,
    ca: &X509Certificate,
    usages: &[String],
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<u8>, String> {
    let info = &request.certification_request_info;
    let mut serial = [0_u8; 16];
    fastrand::Rng::new().fill(&mut serial);
    // Positive, and never shorter.
    serial[0] = serial[0] & 0x7f | 0x40;
    let mut extensions = usage_extensions(usages);
    extensions.push(extension(&[0x55, 0x1d, 0x13], true, &sequence(&[])));
    extensions.extend(authority_key(ca));
    for attribute in info.iter_attributes() {
        let ParsedCriAttribute::ExtensionRequest(asked) = attribute.parsed_attribute() else { continue };
        let names = asked.extensions.iter().filter(|it| it.oid.to_id_string() == SUBJECT_ALT_NAME);
        extensions.extend(names.map(|it| extension(&[0x55, 0x1d, 0x11], it.critical, it.value)));
    }
    let extensions: Vec<&[u8]> = extensions.iter().map(Vec::as_slice).collect();
    let validity = sequence(&[&time(from)?, &time(until)?]);
    Ok(sequence(&[
        &tlv(0xa0, &[0x02, 0x01, 0x02]),
        &tlv(0x02, &serial),
        ALGORITHM,
        ca.subject().as_raw(),
        &validity,
        info.subject.as_raw(),
        info.subject_pki.raw,
        &tlv(0xa3, &sequence(&extensions)),
    ]))
}

fn usage_extensions(usages: &[String]) -> Vec<Vec<u8>> {
    let mut extensions = Vec::new();
    let known = |name: &String| KEY_USAGES.iter().find(|(known, _)| known == name).map_or(0, |(_, bit)| *bit);
    let bits = usages.iter().map(known).fold(0, |all, bit| all | bit);
    if bits != 0 {
        let [high, low] = bits.to_be_bytes();
        let value = if low == 0 {
            [u8::try_from(high.trailing_zeros()).unwrap_or(0), high].to_vec()
        } else {
            [u8::try_from(low.trailing_zeros()).unwrap_or(0), high, low].to_vec()
        };
        extensions.push(extension(&[0x55, 0x1d, 0x0f], true, &tlv(0x03, &value)));
    }
    let numbers = EXTENDED_USAGES.iter().filter(|(name, _)| usages.iter().any(|usage| usage == name));
    let purposes: Vec<Vec<u8>> =
        numbers.map(|(_, number)| tlv(0x06, &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, *number])).collect();
    if !purposes.is_empty() {
        let purposes: Vec<&[u8]> = purposes.iter().map(Vec::as_slice).collect();
        extensions.push(extension(&[0x55, 0x1d, 0x25], false, &sequence(&purposes)));
    }
    extensions
}

/// By which key of the authority it was signed.
fn authority_key(ca: &X509Certificate) -> Option<Vec<u8>> {
    let id = ca.extensions().iter().find_map(|it| match it.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0),
        _ => None,
    })?;
    Some(extension(&[0x55, 0x1d, 0x23], false, &sequence(&[&tlv(0x80, id)])))
}

fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[0x01, 0x01, 0xff] } else { &[] };
    sequence(&[&tlv(0x06, oid), critical, &tlv(0x04, value)])
}

fn time(at: Timestamp) -> Result<Vec<u8>, String> {
    let at = at.to_zoned(TimeZone::UTC);
    // Two digits of the year until 2049 (RFC 5280, 4.1.2.5).
    let (tag, format) = if at.year() < 2050 { (0x17, "%y%m%d%H%M%SZ") } else { (0x18, "%Y%m%d%H%M%SZ") };
    let text = jiff::fmt::strtime::format(format, &at).map_err(|error| error.to_string())?;
    Ok(tlv(tag, text.as_bytes()))
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// One value in DER: tag, length, content.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length) if length < 0x80 => der.push(length),
        _ => {
            let length: Vec<u8> = content.len().to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
            der.push(0x80 | u8::try_from(length.len()).unwrap_or(0));
            der.extend(length);
        }
    }
    der.extend_from_slice(content);
    der
}

fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::super::{Pki, identity, issue};
    use super::*;
    use crate::base::clock::{Clock, Timing};

    #[test]
    fn a_request_becomes_a_certificate_that_says_what_it_asked() {
        let folder = tempfile::tempdir().unwrap();
        let now = Clock::new(Timing::Real).now();
        let pki = Pki::load_or_create(folder.path(), now).unwrap();
        let mut params = CertificateParams::new(vec!["worker-1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "ana");
        params.distinguished_name.push(DnType::OrganizationName, "equipo");
        let key = KeyPair::generate().unwrap();
        let request = params.serialize_request(&key).unwrap().pem().unwrap();
        let until = now + jiff::SignedDuration::from_hours(24);
        let usages = ["digital signature", "key encipherment", "client auth"].map(String::from);
        let signed = pki.sign_request(&request, &usages, (now, until)).unwrap();
        assert!(issue::is_signed_by(&signed, &pki.ca).unwrap());
        let der = super::super::certificate(&signed).unwrap();
        let who = identity(&der).unwrap();
        assert_eq!((who.user.as_str(), who.groups.as_slice()), ("ana", ["equipo".to_owned()].as_slice()));
        let (_, certificate) = X509Certificate::from_der(&der).unwrap();
        assert_eq!(certificate.validity().not_after.timestamp(), until.as_second());
        assert!(certificate.extended_key_usage().unwrap().unwrap().value.client_auth);
        assert!(certificate.key_usage().unwrap().unwrap().value.key_encipherment());
        assert_eq!(certificate.subject_alternative_name().unwrap().unwrap().value.general_names.len(), 1);
        assert!(pki.sign_request("no", &usages, (now, until)).is_err());
    }
}
