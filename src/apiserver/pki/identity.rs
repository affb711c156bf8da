//! Who a client certificate speaks for, as Kubernetes reads it. Must only be given certificates that TLS verified.

use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::base::pipe::Identity;

/// The common name is the user, the organizations are the groups; `None` without a common name.
#[must_use]
pub fn identity(certificate: &CertificateDer<'_>) -> Option<Identity> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let subject = certificate.subject();
    let user = subject.iter_common_name().next()?.as_str().ok()?.to_owned();
    let groups = subject.iter_organization().filter_map(|group| group.as_str().ok()).map(Into::into).collect();
    Some(Identity { user, groups })
}
