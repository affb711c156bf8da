//! What a certificate request asks for, and whether that fits its signer (`pkg/apis/certificates/helpers.go`).
//! Must not do IO.

use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;

use super::{CLIENT, KUBELET_CLIENT, KUBELET_SERVING, LEGACY};

/// What a request says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subject {
    pub name: String,
    pub groups: Vec<String>,
    dns: bool,
    ip: bool,
    email: bool,
    uri: bool,
}

/// The request as it was sent: PEM.
pub(super) fn pem(request: &CertificateSigningRequest) -> String {
    String::from_utf8_lossy(&request.spec.request.0).into_owned()
}

impl Subject {
    /// Reads a request; why it cannot be read, in words.
    pub(super) fn of(request: &CertificateSigningRequest) -> Result<Self, String> {
        let wrong = || "PEM block type must be CERTIFICATE REQUEST".to_owned();
        let (_, pem) = parse_x509_pem(&request.spec.request.0).map_err(|_| wrong())?;
        if !pem.label.ends_with("CERTIFICATE REQUEST") {
            return Err(wrong());
        }
        let (_, parsed) = X509CertificationRequest::from_der(&pem.contents).map_err(|error| error.to_string())?;
        let subject = &parsed.certification_request_info.subject;
        let name = subject.iter_common_name().next().and_then(|name| name.as_str().ok()).unwrap_or_default();
        let groups = subject.iter_organization().filter_map(|group| group.as_str().ok()).map(Into::into).collect();
        let mut read = Self { name: name.into(), groups, ..Self::default() };
        for extension in parsed.requested_extensions().into_iter().flatten() {
            let ParsedExtension::SubjectAlternativeName(names) = extension else { continue };
            for name in &names.general_names {
                match name {
                    GeneralName::DNSName(_) => read.dns = true,
                    GeneralName::IPAddress(_) => read.ip = true,
                    GeneralName::RFC822Name(_) => read.email = true,
                    GeneralName::URI(_) => read.uri = true,
                    _ => {}
                }
            }
        }
        Ok(read)
    }

    /// Whether a signer may sign this for these uses: `None` for a signer that is not ours, or why not.
    pub(super) fn fits(&self, signer: &str, usages: &[String]) -> Option<Result<(), String>> {
        Some(match signer {
            CLIENT => client_usages(usages),
            KUBELET_CLIENT => self.kubelet_client(usages),
            KUBELET_SERVING => self.kubelet_serving(usages),
            LEGACY => Ok(()),
            _ => return None,
        })
    }

    fn is_node(&self) -> Result<(), String> {
        if self.groups != ["system:nodes"] {
            return Err("subject organization is not system:nodes".into());
        }
        Ok(())
    }

    fn is_named_as_node(&self) -> Result<(), String> {
        if !self.name.starts_with("system:node:") {
            return Err("subject common name does not begin with system:node:".into());
        }
        Ok(())
    }

    /// `ValidateKubeletClientCSR`.
    pub(super) fn kubelet_client(&self, usages: &[String]) -> Result<(), String> {
        self.is_node()?;
        let refused = [(self.dns, "DNS"), (self.email, "Email"), (self.ip, "IP"), (self.uri, "URI")];
        if let Some((_, kind)) = refused.iter().find(|(there, _)| *there) {
            return Err(format!("{kind} subjectAltNames are not allowed"));
        }
        self.is_named_as_node()?;
        exact_usages(usages, "client auth")
    }

    /// `ValidateKubeletServingCSR`.
    fn kubelet_serving(&self, usages: &[String]) -> Result<(), String> {
        self.is_node()?;
        if !(self.dns || self.ip) {
            return Err("DNS or IP subjectAltName is required".into());
        }
        let refused = [(self.email, "Email"), (self.uri, "URI")];
        if let Some((_, kind)) = refused.iter().find(|(there, _)| *there) {
            return Err(format!("{kind} subjectAltNames are not allowed"));
        }
        exact_usages(usages, "server auth")?;
        self.is_named_as_node()
    }
}

/// Either with or without «key encipherment», which only RSA keys have a use for.
fn exact_usages(usages: &[String], purpose: &str) -> Result<(), String> {
    let has = |name: &str| usages.iter().any(|usage| usage == name);
    let known = ["digital signature", "key encipherment", purpose];
    let foreign = usages.iter().any(|usage| !known.contains(&usage.as_str()));
    if foreign || !has("digital signature") || !has(purpose) {
        let mut wanted = known;
        wanted.sort_unstable();
        return Err(format!("usages did not match [{}]", wanted.join(" ")));
    }
    Ok(())
}

/// `validAPIServerClientUsages`.
fn client_usages(usages: &[String]) -> Result<(), String> {
    let known = ["digital signature", "key encipherment", "client auth"];
    if let Some(foreign) = usages.iter().find(|usage| !known.contains(&usage.as_str())) {
        return Err(format!("invalid usage for client certificate: {foreign}"));
    }
    if usages.iter().any(|usage| usage == "client auth") {
        return Ok(());
    }
    Err("missing required usage for client certificate: client auth".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usages(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_signer_has_its_own_rules() {
        let node =
            Subject { name: "system:node:worker-1".into(), groups: vec!["system:nodes".into()], ..Subject::default() };
        let person = Subject { name: "ana".into(), groups: vec!["equipo".into()], ..Subject::default() };
        let client = usages(&["digital signature", "client auth"]);
        assert_eq!(person.fits(CLIENT, &client), Some(Ok(())));
        assert_eq!(person.fits("ejemplo.com/otro", &client), None);
        assert_eq!(person.fits(LEGACY, &[]), Some(Ok(())));
        let says =
            |subject: &Subject, signer, names: &[&str]| subject.fits(signer, &usages(names)).unwrap().unwrap_err();
        assert_eq!(
            says(&person, CLIENT, &["client auth", "cert sign"]),
            "invalid usage for client certificate: cert sign"
        );
        assert_eq!(says(&person, KUBELET_CLIENT, &["client auth"]), "subject organization is not system:nodes");
        assert_eq!(node.fits(KUBELET_CLIENT, &client), Some(Ok(())));
        assert_eq!(says(&node, KUBELET_SERVING, &["server auth"]), "DNS or IP subjectAltName is required");
        let named = Subject { dns: true, ..node.clone() };
        assert_eq!(named.fits(KUBELET_SERVING, &usages(&["digital signature", "server auth"])), Some(Ok(())));
        assert_eq!(says(&named, KUBELET_CLIENT, &["client auth"]), "DNS subjectAltNames are not allowed");
        assert_eq!(
            says(&node, KUBELET_CLIENT, &["client auth"]),
            "usages did not match [client auth digital signature key encipherment]"
        );
    }
}
