//! What each certificate says, how long it lasts and when it is renewed. Must not touch files.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::{Credentials, PkiError};

/// The names and addresses by which the API server is called (kubeadm's list; the last is the first of 10.96.0.0/12).
const SERVER_NAMES: &[&str] = &[
    "127.0.0.1",
    "::1",
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "10.96.0.1",
];
const DAY: i64 = 24;
/// kubeadm's ten years for the authority and one for the rest.
const AUTHORITY_DAYS: i64 = 3650;
const DAYS: i64 = 365;
/// A certificate with less than this left is renewed.
const RENEWAL_DAYS: i64 = 30;

/// Whom a certificate speaks for.
pub(super) enum Role {
    Server,
    Admin,
}

impl Role {
    pub(super) fn file(&self) -> &'static str {
        match self {
            Self::Server => "apiserver",
            Self::Admin => "admin",
        }
    }

    fn params(&self) -> Result<CertificateParams, rcgen::Error> {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut params = match self {
            Self::Server => CertificateParams::new(names(SERVER_NAMES))?,
            Self::Admin => CertificateParams::new(Vec::new())?,
        };
        params.distinguished_name = rcgen::DistinguishedName::new();
        let purpose = match self {
            Self::Server => {
                params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
                ExtendedKeyUsagePurpose::ServerAuth
            }
            Self::Admin => {
                params.distinguished_name.push(DnType::OrganizationName, "system:masters");
                params.distinguished_name.push(DnType::CommonName, "kubernetes-admin");
                ExtendedKeyUsagePurpose::ClientAuth
            }
        };
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        params.use_authority_key_identifier_extension = true;
        Ok(params)
    }
}

/// The authority's certificate, signed by itself.
pub(super) fn authority(key: &KeyPair, now: Timestamp) -> Result<String, PkiError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "timonel");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    set_validity(&mut params, now, AUTHORITY_DAYS);
    Ok(params.self_signed(key)?.pem())
}

/// A new key with its certificate.
pub(super) fn credentials(role: &Role, issuer: &Issuer<'_, KeyPair>, now: Timestamp) -> Result<Credentials, PkiError> {
    let key = KeyPair::generate()?;
    let mut params = role.params()?;
    set_validity(&mut params, now, DAYS);
    let certificate = params.signed_by(&key, issuer)?.pem();
    Ok(Credentials { certificate, key: key.serialize_pem() })
}

/// From yesterday, for clocks that disagree, in whole days.
fn set_validity(params: &mut CertificateParams, now: Timestamp, days: i64) {
    let day = |offset: i64| {
        let date = (now + SignedDuration::from_hours(offset * DAY)).to_zoned(TimeZone::UTC).date();
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = day(-1);
    params.not_after = day(days);
}

/// Whether a certificate is valid now and not near its end.
pub(super) fn lasts(pem: &str, now: Timestamp) -> Result<bool, String> {
    with_certificate(pem, |certificate| {
        let validity = certificate.validity();
        let renewal = validity.not_after.timestamp() - RENEWAL_DAYS * DAY * 3600;
        Ok((validity.not_before.timestamp()..renewal).contains(&now.as_second()))
    })
}

/// Whether the authority signed a certificate.
pub(super) fn is_signed_by(pem: &str, ca: &str) -> Result<bool, String> {
    with_certificate(ca, |ca| with_certificate(pem, |leaf| Ok(leaf.verify_signature(Some(ca.public_key())).is_ok())))
}

fn with_certificate<T>(pem: &str, work: impl FnOnce(&X509Certificate<'_>) -> Result<T, String>) -> Result<T, String> {
    let der = super::certificate(pem).map_err(|error| error.to_string())?;
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|error| error.to_string())?;
    work(&certificate)
}
